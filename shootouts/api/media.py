"""Rendered files by their opaque ids."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.errors import NotFoundError
from jobs.storage import stored_name
from shootouts.media import MediaFile, media_response
from shootouts.models import RenderedFile


class AnyContent(BaseContentNegotiation):
    """A player's ``Accept: video/*`` is no reason to refuse a file; errors are JSON anyway."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or "application/json"


class MediaView(APIView):
    permission_classes = (AllowAny,)
    content_negotiation_class = AnyContent

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """Audio, video and texts of a shootout, with Range. Gated like the shootout itself."""
        file = (
            RenderedFile.objects.visible_to(request.user)
            .select_related("render__shootout")
            .filter(uuid=uuid)
            .first()
        )
        if file is None:
            raise NotFoundError("There is no such file.")
        return rendered_file_response(request, file)


def rendered_file_response(request: Request, file: RenderedFile) -> HttpResponseBase:
    media = MediaFile(
        storage_name=stored_name(file.file),
        name=file.name,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
    )
    is_private = file.render.shootout.visibility != "public"
    return media_response(request, media, is_private=is_private)
