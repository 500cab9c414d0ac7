"""Files: what was rendered, by opaque ids; and whole shootouts as archives, out and in again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast
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
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gts.web.api.parsers import ArchiveParser
from gts.web.api.queries import QuerySerializer, TrueFalseField
from gts.web.api.serializers import StrictSerializer
from gts.web.api.throttles import OperationThrottle
from gts.web.api.views import APIView, AsyncAPIView
from gts.web.database import in_database
from gts.web.errors import NotFoundError
from jobs.api.jobs import JobOutput, job_accepted
from jobs.files.storage import stored_name
from shootouts.archive.export import export_response, shootout_export
from shootouts.files.media import MEDIA_TYPES, MediaFile, media_response
from shootouts.models import RenderedFile
from shootouts.selectors import shootout_get_owned
from shootouts.services.imports import shootout_import


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
        raise NotFoundError("File not found.")
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


class ExportThrottle(OperationThrottle):
    """An export reads every file of a shootout."""

    setting = policy = "export"
    num = 30
    window_s = 3600


class ExportQuery(QuerySerializer):
    media = TrueFalseField(default=False, help_text="with what was rendered, below media/")


class ShootoutExportView(APIView):
    query_class = ExportQuery
    content_negotiation_class = AnyContent
    throttle_classes = (ExportThrottle,)

    @extend_schema(
        operation_id="shootout_export",
        tags=["shootouts"],
        summary="My shootout as one zip archive, to be imported or rendered elsewhere",
        parameters=[ExportQuery],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """`shootout.toml`, which `manage.py render_shootout` reads, its DI tracks and captures,
        and the published manifest. 409 INCOMPLETE names every part that is missing."""
        query = ExportQuery.values_of(request)
        shootout = shootout_get_owned(request.user, uuid)
        export = shootout_export(shootout, with_media=query["media"])
        return export_response(shootout, export)


class ShootoutImportInput(StrictSerializer):
    file = serializers.FileField(allow_empty_file=True, help_text="a zip archive of an export")


class ShootoutImportView(APIView):
    parser_classes = (ArchiveParser,)

    @extend_schema(
        operation_id="shootout_import",
        tags=["shootouts"],
        summary="Make a draft of an archive that was exported",
        request=ShootoutImportInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """What the directory of the archive tells is judged at once; the job looks into every file.
        When it is completed, its `result` has a `shootout_id`. A bad archive leaves nothing."""
        data = ShootoutImportInput(data=request.data)
        data.is_valid(raise_exception=True)
        owner = cast(User, request.user)
        job = shootout_import(owner=owner, upload=data.validated_data["file"])
        return job_accepted(job)
