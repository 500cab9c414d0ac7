"""The pages that explain the API."""

from __future__ import annotations

from drf_spectacular.views import SpectacularSwaggerSplitView


class ApiDocsView(SpectacularSwaggerSplitView):
    """Swagger UI from our own files: its script is an address of its own, nothing is inline."""

    url_name = "api-schema"
    template_name = "gts/api_docs.html"
