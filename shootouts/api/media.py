"""Rendered files by their opaque ids."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http.response import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from accounts.models import User
from gts.web.api.async_views import AsyncAPIView
from gts.web.api.queries import QuerySerializer
from gts.web.database import in_database
from gts.web.errors import NotFoundError
from jobs.files.storage import stored_name
from shootouts.files.media import MEDIA_TYPES, MediaFile, media_response
from shootouts.models import RenderedFile


class AnyContent(DefaultContentNegotiation):
    """A player's ``Accept: video/*`` is no reason to refuse a file; errors are JSON anyway."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or "application/json"


class MediaQuery(QuerySerializer):
    download = serializers.CharField(
        required=False, allow_blank=True, help_text="whatever it says: a file to save, not to play"
    )


class FileView(AsyncAPIView):
    """One file, with Range."""

    query_class = MediaQuery
    content_negotiation_class: type[DefaultContentNegotiation] = AnyContent


class MediaView(FileView):
    permission_classes = (AllowAny,)

    @extend_schema(
        summary="A rendered file by its id",
        parameters=[MediaQuery],
        responses={(200, kind): OpenApiTypes.BINARY for kind in MEDIA_TYPES},
    )
    async def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """Audio, video and texts of a shootout, with Range. Gated like the shootout itself."""
        file = await in_database(_visible_file, request.user, uuid)
        return await rendered_file_response(request, file)


def _visible_file(user: User | AnonymousUser, uuid: UUID) -> RenderedFile:
    files = RenderedFile.objects.visible_to(user).select_related("render__shootout")
    file = files.filter(uuid=uuid).first()
    if file is None:
        raise NotFoundError("There is no such file.")
    return file


async def rendered_file_response(request: Request, file: RenderedFile) -> HttpResponseBase:
    """``file`` comes with its shootout: nothing here asks the database."""
    media = MediaFile(
        storage_name=stored_name(file.file),
        name=file.name,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
    )
    is_private = file.render.shootout.visibility != "public"
    return await media_response(request, media, is_private=is_private)


def preview_response(wav: bytes) -> HttpResponse:
    """A sound made for this answer alone."""
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(wav, content_type="audio/wav", headers=headers)
