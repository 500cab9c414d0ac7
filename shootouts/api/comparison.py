"""What lies between two contenders: numbers, and the sound that is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from accounts.api.async_views import AsyncAPIView
from accounts.api.queries import QuerySerializer, WholeNumberField
from accounts.database import in_database
from accounts.models import User
from jobs.models import Job
from jobs.pipeline.audio.third_octaves import THIRD_OCTAVE_CENTRES_HZ
from shootouts.api.media import AnyContent
from shootouts.comparison import band_differences
from shootouts.media import MediaFile, media_response
from shootouts.models import Shootout
from shootouts.models.shootout import Visibility
from shootouts.selectors import manifest_get, segment_pair_get, shootout_get
from shootouts.services.comparisons import Compared, comparison_request

# Most pairs take a second or two.
_ASK_AGAIN_S: Final = 1


class ComparisonThrottle(UserRateThrottle):
    """Anybody may ask, again and again until it is there."""

    scope = "comparison"
    rate = "120/min"


class ComparisonQuery(QuerySerializer):
    di = WholeNumberField(min_value=0, default=0, help_text="position of the DI")
    a = WholeNumberField(min_value=0, help_text="position of the reference contender")
    b = WholeNumberField(min_value=0, help_text="position of the other contender")


class ComparisonOutput(serializers.Serializer[Any]):
    """How b must be changed to be as like a as a constant gain and a shift by whole samples can
    make it, and what is left then."""

    lag_frames = serializers.IntegerField(help_text="by how many samples at 48 kHz b comes later")
    gain_db = serializers.FloatField(allow_null=True, help_text="what b is multiplied by")
    is_inverted = serializers.BooleanField(help_text="b is turned over as well")
    esr = serializers.FloatField(
        help_text="energy of the residual over that of a: 0 the same, 1 nothing in common"
    )
    esr_db = serializers.FloatField(allow_null=True)
    num_frames = serializers.IntegerField(help_text="how long both sound together")
    third_octave_centres_hz = serializers.ListField(child=serializers.FloatField())
    third_octave_difference_db = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="b minus a, as published"
    )
    residual_url = serializers.CharField()


class ComparisonUnderWayOutput(serializers.Serializer[Any]):
    """A job is at it: ask again after ``Retry-After`` seconds."""

    state = serializers.CharField()
    progress = serializers.FloatField(help_text="0 to 100")


def _requested(
    user: User | AnonymousUser, uuid: UUID, asked: Mapping[str, Any]
) -> tuple[Shootout, Compared | Job]:
    shootout = shootout_get(user, uuid)
    pair = segment_pair_get(shootout, asked["di"], asked["a"], asked["b"])
    return shootout, comparison_request(shootout=shootout, pair=pair)


def _under_way(job: Job) -> Response:
    output = ComparisonUnderWayOutput({"state": job.state, "progress": job.progress})
    return Response(output.data, status=202, headers={"Retry-After": str(_ASK_AGAIN_S)})


class ShootoutComparisonView(APIView):
    permission_classes = (AllowAny,)
    throttle_classes = (ComparisonThrottle,)

    @extend_schema(
        parameters=[ComparisonQuery],
        responses={200: ComparisonOutput, 202: ComparisonUnderWayOutput},
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        """Two published segments of one DI: error-to-signal ratio after the best constant gain
        and lag, and the difference of their third-octave bands. A job finds it out once, and the
        answer is 202 until then."""
        asked = ComparisonQuery.values_of(request)
        di, a, b = asked["di"], asked["a"], asked["b"]
        shootout, found = _requested(request.user, uuid, asked)
        if isinstance(found, Job):
            return _under_way(found)
        manifest = manifest_get(shootout)
        assert manifest is not None  # or there would be no published segments
        url = reverse("api-shootout-residual", args=[uuid])
        output = {
            **found.figures,
            "third_octave_centres_hz": THIRD_OCTAVE_CENTRES_HZ,
            "third_octave_difference_db": band_differences(manifest, di, a, b),
            "residual_url": f"{url}?di={di}&a={a}&b={b}",
        }
        return Response(ComparisonOutput(output).data)


class ShootoutResidualView(AsyncAPIView):
    permission_classes = (AllowAny,)
    throttle_classes = (ComparisonThrottle,)
    content_negotiation_class = AnyContent

    @extend_schema(
        parameters=[ComparisonQuery],
        responses={(200, "audio/flac"): OpenApiTypes.BINARY, 202: ComparisonUnderWayOutput},
    )
    async def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """What is left of contender a when b, shifted and with its best gain, is taken from it,
        with Range. 202 until a job has found it out."""
        asked = ComparisonQuery.values_of(request)
        shootout, found = await in_database(_requested, request.user, uuid, asked)
        if isinstance(found, Job):
            return _under_way(found)
        name = f"residual-di{asked['di'] + 1}-{asked['a'] + 1:02d}-{asked['b'] + 1:02d}.flac"
        media = MediaFile(found.storage_name, name, "audio/flac", found.size_bytes, found.sha256)
        return await media_response(
            request, media, is_private=shootout.visibility != Visibility.PUBLIC
        )
