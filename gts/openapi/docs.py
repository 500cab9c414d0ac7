"""The pages that explain the API."""

from __future__ import annotations

from collections.abc import Iterable

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class FormatNegotiation(DefaultContentNegotiation):
    """``?format=json`` or ``yaml`` before the header ``Accept``."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        wanted = format_suffix or request.query_params.get("format")
        found: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, wanted)
        return found


class SchemaView(SpectacularAPIView):
    """The OpenAPI document."""

    content_negotiation_class = FormatNegotiation


class ApiDocsView(SpectacularSwaggerSplitView):
    """Swagger UI from our own files: its script is an address of its own, nothing is inline."""

    url_name = "api-schema"
    template_name = "gts/api_docs.html"
