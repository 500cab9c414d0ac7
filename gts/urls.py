"""Every URL of GTS."""

from __future__ import annotations

from importlib import import_module

from django.contrib import admin
from django.http import HttpRequest, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.templatetags.static import static
from django.urls import Resolver404, URLPattern, URLResolver, include, path, re_path, resolve
from django.views.decorators.csrf import csrf_exempt

from gts.openapi.docs import ApiDocsView, SchemaView, websocket_schema
from gts.ops import health
from gts.ops.metrics import metrics
from gts.web.error_answers import json_error

# Processes without URLs need neither the admin nor what documents the API, which register by being
# imported.
admin.autodiscover()
import_module("gts.openapi.schema")

handler400 = "gts.errors.bad_request"
handler403 = "gts.errors.permission_denied"
handler404 = "gts.errors.page_not_found"
handler500 = "gts.errors.server_error"


@csrf_exempt
def api_not_found(request: HttpRequest) -> HttpResponseBase:
    """JSON for whatever the API does not have; only the slash at the end is forgiven."""
    if request.method in ("GET", "HEAD") and not request.path_info.endswith("/"):
        try:
            is_known = resolve(f"{request.path_info}/").func is not api_not_found
        except Resolver404:
            is_known = False
        if is_known:
            return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
    return json_error(404, "NOT_FOUND", "Address not found in the API.")


def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """Where browsers look on pages that name no icon, such as the admin's."""
    return HttpResponseRedirect(static("favicon.svg"))


api_urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.api.urls")),
    path("", include("gear.api.urls")),
    path("", include("shootouts.api.urls")),
    path("", include("jobs.api.urls")),
]

urlpatterns: list[URLPattern | URLResolver] = [
    # Pages.
    path("", include("accounts.urls")),
    path("", include("gear.urls")),
    path("", include("shootouts.urls")),
    path("", include("jobs.urls")),
    # Operators and machines.
    path("admin/", admin.site.urls),
    path("favicon.ico", favicon),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics, name="metrics"),
    # The API.
    path("api/v1/", include(api_urlpatterns)),
    path("api/schema/", SchemaView.as_view(), name="api-schema"),
    path("api/schema/websockets/", websocket_schema, name="api-websocket-schema"),
    path("api/docs/", ApiDocsView.as_view(), name="api-docs"),
    re_path(r"^api/", api_not_found, name="api-not-found"),
]
