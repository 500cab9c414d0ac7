"""DI tracks: upload, list, read, edit, delete, listen."""

from __future__ import annotations

from typing import Final, cast
from uuid import UUID

from django.http.response import HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gts.web.api.queries import NamedFilter
from gts.web.api.responses import ETAG, IF_NONE_MATCH, accepted, constant_response
from gts.web.api.views import APIView, ListAPIView
from gts.web.database import in_database
from jobs.files.storage import stored_name
from jobs.pipeline.vocabulary.audio_interfaces import audio_interfaces
from shootouts.api.media import AnyContent, FileView, MediaQuery, preview_response
from shootouts.api.serializers import (
    AudioInterfaceOutput,
    DITrackInput,
    DITrackOutput,
    DITrackPreviewQuery,
    DITrackUploaded,
    DITrackUploadInput,
    WaveformOutput,
)
from shootouts.files.media import MediaFile, content_type_of, media_response
from shootouts.models import DITrack, DITrackQuerySet
from shootouts.selectors import di_track_get, di_track_list
from shootouts.services.di_tracks import di_track_delete, di_track_update, di_track_upload
from shootouts.services.previews import di_track_preview

_INTERFACES_MAX_AGE_S: Final = 3600


@extend_schema_view(get=extend_schema(summary="My DI tracks, newest first"))
class DITrackListView(ListAPIView[DITrack]):
    serializer_class = DITrackOutput
    filterset_class = NamedFilter
    queryset = DITrack.objects.none()

    def get_parsers(self) -> list[MultiPartParser]:  # type: ignore[override]
        return [MultiPartParser()]

    def get_queryset(self) -> DITrackQuerySet:
        return di_track_list(self.request.user)

    @extend_schema(
        summary="Upload a DI track; a job looks into it",
        request=DITrackUploadInput,
        responses={202: DITrackUploaded},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Upload a DI track. It may be used once its job is completed."""
        data = DITrackUploadInput(data=request.data)
        data.is_valid(raise_exception=True)
        fields = dict(data.validated_data)
        track, job = di_track_upload(
            owner=cast(User, request.user), upload=fields.pop("file"), **fields
        )
        track.job = job  # type: ignore[attr-defined]  # read by the serializer only
        return accepted(DITrackUploaded(track).data, "api-job", job.uuid)


class AudioInterfaceListView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="audio_interface_list",
        parameters=[ETAG, IF_NONE_MATCH],
        responses=AudioInterfaceOutput(many=True),
        summary="Common audio interfaces with the level that reads 0 dBFS",
        description="For `input_level_dbu` of a DI track. Each with the document that says so; all "
        "hold with the gain of the input at its minimum. The same for everybody, and until GTS is "
        "updated.",
    )
    def get(self, request: Request) -> Response:
        data = AudioInterfaceOutput(audio_interfaces().values(), many=True).data
        response = constant_response(request, data)
        patch_cache_control(response, public=True, max_age=_INTERFACES_MAX_AGE_S)
        return response


class DITrackDetailView(APIView):
    @extend_schema(summary="One of my DI tracks, with the report on it", responses=DITrackOutput)
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(DITrackOutput(di_track_get(request.user, uuid)).data)

    @extend_schema(
        summary="Change what is noted of a DI track, and what of it is played",
        request=DITrackInput,
        responses=DITrackOutput,
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        track = di_track_get(request.user, uuid)
        data = DITrackInput(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        return Response(DITrackOutput(di_track_update(track=track, **data.validated_data)).data)

    @extend_schema(summary="Delete a DI track", responses={204: None})
    def delete(self, request: Request, uuid: UUID) -> Response:
        """Delete a DI track. What was rendered from it stays."""
        di_track_delete(track=di_track_get(request.user, uuid))
        return Response(status=status.HTTP_204_NO_CONTENT)


class DITrackAudioView(FileView):
    @extend_schema(
        summary="The DI track as it was uploaded",
        parameters=[MediaQuery],
        responses={(200, "audio/*"): OpenApiTypes.BINARY},
    )
    async def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """The DI track as it was uploaded, with Range."""
        track = await in_database(di_track_get, request.user, uuid)
        name = stored_name(track.file)
        media = MediaFile(
            storage_name=name,
            name=track.file_name,
            content_type=content_type_of(name),
            size_bytes=track.size_bytes,
            sha256=track.sha256,
        )
        return await media_response(request, media, is_private=True)


class DITrackPreviewView(APIView):
    query_class = DITrackPreviewQuery
    content_negotiation_class = AnyContent

    @extend_schema(
        summary="Hear a channel of a DI track",
        parameters=[DITrackPreviewQuery],
        responses={(200, "audio/wav"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """The first 15 s of what is played, from one channel or the mix, to choose by ear."""
        track = di_track_get(request.user, uuid)
        query = DITrackPreviewQuery.values_of(request)
        wav = di_track_preview(track=track, channel_rule=query["channel_rule"])
        return preview_response(wav)


class DITrackWaveformView(APIView):
    @extend_schema(summary="The outline of a DI track", responses=WaveformOutput)
    def get(self, request: Request, uuid: UUID) -> Response:
        """Peak of each of a few hundred columns, 0 to 1; empty until it has been checked."""
        track = di_track_get(request.user, uuid)
        waveform = {"waveform": track.info.get("waveform", []), "duration_s": track.duration_s}
        return Response(WaveformOutput(waveform).data)
