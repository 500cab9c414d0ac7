"""Previews of chains and of impulse responses over HTTP."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings
from django.http.response import HttpResponse, HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent, idempotent_by
from accounts.models import User
from gear.api.serializers import MAX_BLOCKS_READ, ChainBlockInput, block_inputs
from gear.models.item import IRChannelRule
from gear.selectors import capture_get, chain_get
from gts.web.api.queries import QuerySerializer
from gts.web.api.responses import accepted
from gts.web.api.serializers import BoundedList, StrictSerializer
from gts.web.api.views import APIView, AsyncAPIView
from gts.web.database import in_database
from gts.web.errors import ErrorDetail, InvalidInputError, NotFoundError
from jobs.api.jobs import JobOutput
from jobs.files.storage import stored_name
from jobs.live.waiting import MAX_WAIT_S, preferred_wait_s, wait_for_end
from jobs.pipeline.signal.trim import MIN_DI_DURATION_S
from shootouts.api.media import AnyContent, FileView, MediaQuery, preview_response
from shootouts.files.media import MediaFile, content_type_of, media_response
from shootouts.models import ChainPreview
from shootouts.models.media import PreviewState
from shootouts.selectors import chain_preview_get
from shootouts.services.previews import (
    DEFAULT_PASSAGE_S,
    MAX_PASSAGE_S,
    DIPassage,
    chain_passage_request,
    chain_preview_request,
    ir_preview,
    passage_preview_abandon,
    passage_preview_request,
    previews_make_ready,
)

PREFER_WAIT: Final = OpenApiParameter(
    "Prefer",
    location=OpenApiParameter.HEADER,
    description=f"wait=2: answer when it is rendered, or after so many seconds ({MAX_WAIT_S:g} at "
    "most); an answer that says Preference-Applied did.",
)
_APPLIED: Final = {"Preference-Applied": "wait"}


class ChainPreviewInput(StrictSerializer):
    di_track_id = serializers.UUIDField(help_text="of one of my DI tracks")


class PassagePreviewInput(StrictSerializer):
    di_track_id = serializers.UUIDField(help_text="of one of my DI tracks")
    start_s = serializers.FloatField(
        min_value=0.0,
        required=False,
        allow_null=True,
        help_text="where the passage begins in the file; null: where the playing begins",
    )
    duration_s = serializers.FloatField(
        min_value=MIN_DI_DURATION_S,
        max_value=MAX_PASSAGE_S,
        required=False,
        default=DEFAULT_PASSAGE_S,
    )
    blocks = BoundedList(
        child=ChainBlockInput(),
        max_length=MAX_BLOCKS_READ,
        required=False,
        help_text="as of a chain, which need not be stored",
    )
    chain_id = serializers.UUIDField(
        required=False, help_text="in place of blocks: one of my chains"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("blocks" in attrs) == ("chain_id" in attrs):
            detail = ErrorDetail("/blocks", "EITHER_OR", "Either blocks or a chain_id is needed.")
            raise InvalidInputError(detail.message, details=[detail])
        return attrs


class ChainPreviewOutput(serializers.Serializer[ChainPreview]):
    id = serializers.UUIDField(source="uuid")
    state = serializers.ChoiceField(choices=PreviewState.choices)
    job = JobOutput(allow_null=True, help_text="renders it; watch it")
    audio_url = serializers.SerializerMethodField(help_text="null until it is ready")
    duration_s = serializers.FloatField(allow_null=True, help_text="with what sounds on at its end")
    passage_s = serializers.SerializerMethodField(
        help_text="how long the passage of the DI is: where a loop ends. null: to the end of it"
    )
    loudness_lufs = serializers.FloatField(allow_null=True)
    gain_db = serializers.FloatField(allow_null=True, help_text="of the level match")
    expires_at = serializers.SerializerMethodField(
        help_text="kept at least so long; asking for it again prolongs it"
    )
    created_at = serializers.DateTimeField()

    def get_audio_url(self, preview: ChainPreview) -> str | None:
        return reverse("api-preview-audio", args=[preview.uuid]) if preview.file else None

    def get_passage_s(self, preview: ChainPreview) -> float | None:
        di = preview.recipe["di"]
        end_s: float | None = di["end_s"]
        return None if end_s is None else round(end_s - di["start_s"], 3)

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


class PassagePreviewView(AsyncAPIView):
    @idempotent
    def start(self, request: Request) -> Response:
        user = cast(User, request.user)
        data = PassagePreviewInput(data=request.data)
        data.is_valid(raise_exception=True)
        values = dict(data.validated_data)
        blocks, chain_id = values.pop("blocks", None), values.pop("chain_id", None)
        passage = DIPassage(**values)
        if blocks is None:
            preview = chain_passage_request(chain=chain_get(user, chain_id), passage=passage)
        else:
            preview = passage_preview_request(
                owner=user, passage=passage, blocks=block_inputs(blocks)
            )
        output = _output(request, preview)
        if preview.state == PreviewState.READY:
            return Response(output)
        return accepted(output, "api-preview", preview.uuid)

    @extend_schema(
        operation_id="passage_preview_request",
        tags=["chains"],
        parameters=[PREFER_WAIT],
        request=PassagePreviewInput,
        responses={200: ChainPreviewOutput, 202: ChainPreviewOutput},
        summary="Hear some seconds of a DI track through a chain that need not be stored",
        description="Rendered ahead of all other work, at −14 LUFS, and what the captures made of "
        "the passage is kept: the next chain that begins alike takes up from there. 202 with the "
        "job, or with Prefer: wait=2 the finished preview as soon as it is there. Who hangs up "
        "meanwhile takes the request back. 409 CHAIN_NOT_PLAYABLE when a capture of a stored chain "
        "is gone.",
    )
    @idempotent_by(start)
    async def post(self, request: Request) -> Response:
        started = await in_database(self.start, request)
        if started.status_code != 202:
            return started
        uuid = UUID(str(started.data["id"]))
        try:
            found = await _waited_for(request, uuid)
        except asyncio.CancelledError:
            await asyncio.shield(in_database(_abandon, request, uuid))
            raise
        if found is None:
            return started
        return Response(await in_database(_output, request, found), headers=_APPLIED)


class PreviewReadinessView(APIView):
    @extend_schema(
        operation_id="preview_readiness",
        tags=["chains"],
        request=None,
        responses={204: None},
        summary="Say that previews will be asked for soon",
        description="A server that has rendered nothing since it started loads what it needs for "
        "that, some seconds of work, so that the first preview does not wait for it.",
    )
    def post(self, request: Request) -> Response:
        previews_make_ready()
        return Response(status=204)


class ChainPreviewView(AsyncAPIView):
    @extend_schema(
        operation_id="chain_preview_read",
        tags=["chains"],
        parameters=[PREFER_WAIT],
        responses=ChainPreviewOutput,
        summary="One of my previews; with Prefer: wait=2 as soon as its job has ended",
    )
    async def get(self, request: Request, uuid: UUID) -> Response:
        found = await _waited_for(request, uuid)
        if found is not None:
            return Response(await in_database(_output, request, found), headers=_APPLIED)
        preview = await in_database(chain_preview_get, request.user, uuid)
        return Response(await in_database(_output, request, preview))


async def _waited_for(request: Request, uuid: UUID) -> ChainPreview | None:
    """The preview when its job has ended; ``None`` when that takes longer than the client waits.

    Raises ``NotFoundError``.
    """
    wait_s = preferred_wait_s(request.headers)
    if not wait_s:
        return None

    def look() -> ChainPreview:
        return chain_preview_get(request.user, uuid)

    def is_over() -> bool:
        return look().state != PreviewState.RENDERING

    preview = await in_database(look)
    if preview.state == PreviewState.RENDERING and preview.job is not None:
        await wait_for_end(preview.job.uuid, is_over, at_most_s=wait_s)
        preview = await in_database(look)
    return None if preview.state == PreviewState.RENDERING else preview


def _abandon(request: Request, uuid: UUID) -> None:
    passage_preview_abandon(preview=chain_preview_get(request.user, uuid))


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
