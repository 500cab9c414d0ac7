"""Previews of chains and of impulse responses over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http.response import HttpResponse, HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.models.item import IRChannelRule
from gear.selectors import capture_get, chain_get
from gts.web.api.queries import QuerySerializer
from gts.web.api.responses import accepted
from gts.web.api.serializers import StrictSerializer
from gts.web.api.views import APIView
from gts.web.database import in_database
from gts.web.errors import NotFoundError
from jobs.api.jobs import JobOutput
from jobs.files.storage import stored_name
from shootouts.api.media import AnyContent, FileView, MediaQuery, preview_response
from shootouts.files.media import MediaFile, content_type_of, media_response
from shootouts.models import ChainPreview
from shootouts.models.media import PreviewState
from shootouts.selectors import chain_preview_get
from shootouts.services.previews import chain_preview_request, ir_preview


class ChainPreviewInput(StrictSerializer):
    di_track_id = serializers.UUIDField(help_text="of one of my DI tracks")


class ChainPreviewOutput(serializers.Serializer[ChainPreview]):
    id = serializers.UUIDField(source="uuid")
    state = serializers.ChoiceField(choices=PreviewState.choices)
    job = JobOutput(allow_null=True, help_text="renders it; watch it")
    audio_url = serializers.SerializerMethodField(help_text="null until it is ready")
    duration_s = serializers.FloatField(allow_null=True)
    loudness_lufs = serializers.FloatField(allow_null=True)
    gain_db = serializers.FloatField(allow_null=True, help_text="of the level match")
    expires_at = serializers.SerializerMethodField(
        help_text="kept at least so long; asking for it again prolongs it"
    )
    created_at = serializers.DateTimeField()

    def get_audio_url(self, preview: ChainPreview) -> str | None:
        return reverse("api-preview-audio", args=[preview.uuid]) if preview.file else None

    def get_expires_at(self, preview: ChainPreview) -> datetime:
        return preview.used_at + timedelta(hours=settings.GTS_KEEP_PREVIEWS_HOURS)


class ChainPreviewRequestView(APIView):
    @extend_schema(
        operation_id="chain_preview_request",
        tags=["chains"],
        request=ChainPreviewInput,
        responses={200: ChainPreviewOutput, 202: ChainPreviewOutput},
        summary="Hear a chain over a DI track: 202 with the job, 200 when it was rendered before",
        description="One preview for each content of a chain and each DI, matched to −14 LUFS. "
        "409 CHAIN_NOT_PLAYABLE when a capture of the chain is gone.",
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        chain = chain_get(request.user, uuid)
        data = ChainPreviewInput(data=request.data)
        data.is_valid(raise_exception=True)
        preview = chain_preview_request(chain=chain, **data.validated_data)
        output = _output(request, preview)
        if preview.state == PreviewState.READY:
            return Response(output)
        return accepted(output, "api-preview", preview.uuid)


class ChainPreviewView(APIView):
    @extend_schema(
        operation_id="chain_preview_read",
        tags=["chains"],
        responses=ChainPreviewOutput,
        summary="One of my previews",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(_output(request, chain_preview_get(request.user, uuid)))


class ChainPreviewAudioView(FileView):
    @extend_schema(
        operation_id="chain_preview_audio",
        parameters=[MediaQuery],
        tags=["chains"],
        responses={(200, "audio/flac"): OpenApiTypes.BINARY},
        summary="The sound of one of my previews, with Range",
    )
    async def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        preview = await in_database(chain_preview_get, request.user, uuid)
        if not preview.file:
            raise NotFoundError("This preview is not rendered yet.")
        name = stored_name(preview.file)
        media = MediaFile(
            storage_name=name,
            name=f"{preview.name}.flac",
            content_type=content_type_of(name),
            size_bytes=preview.size_bytes,
            sha256=preview.sha256,
        )
        return await media_response(request, media, is_private=True)


class IRPreviewQuery(QuerySerializer):
    channel_rule = serializers.ChoiceField(
        choices=IRChannelRule.choices, required=False, help_text="left out: as its owner has set it"
    )
    di_track_id = serializers.UUIDField(
        required=False, help_text="of one of my DI tracks; left out: a DI of the demo"
    )


class IRPreviewView(APIView):
    query_class = IRPreviewQuery
    content_negotiation_class = AnyContent

    @extend_schema(
        operation_id="capture_preview",
        tags=["gear"],
        parameters=[IRPreviewQuery],
        responses={(200, "audio/wav"): OpenApiTypes.BINARY},
        summary="Hear a channel of an impulse response",
        description="The first 8 s of a DI through the impulse response alone, to choose by ear: "
        "left, right and mix are equally loud (−14 LUFS, or less where one of them would clip). "
        "409 NOT_AN_IR for a model, NOT_OF_A_SPACE for a space.",
    )
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        capture = capture_get(request.user, uuid)
        query = IRPreviewQuery.values_of(request)
        return preview_response(ir_preview(user=cast(User, request.user), capture=capture, **query))


def _output(request: Request, preview: ChainPreview) -> dict[str, Any]:
    return dict(ChainPreviewOutput(preview, context={"request": request}).data)
