"""Whole shootouts as archives: out of here, and in again."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gts.web.api.parsers import ArchiveParser
from gts.web.api.queries import QuerySerializer, TrueFalseField
from gts.web.api.serializers import StrictSerializer
from gts.web.api.throttles import OperationThrottle
from gts.web.api.views import APIView
from jobs.api.serializers import JobOutput, job_accepted
from shootouts.api.media import AnyContent
from shootouts.archive.export import export_response, shootout_export
from shootouts.selectors import shootout_get_owned
from shootouts.services.imports import shootout_import


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
        """`shootout.toml`, which `manage.py render_shootout` reads, its recordings and captures,
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
