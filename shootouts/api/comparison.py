"""What lies between two contenders: numbers, and the sound that is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from gts.web.api.queries import QuerySerializer, WholeNumberField
from gts.web.api.throttles import OperationThrottle
from gts.web.api.views import APIView
from gts.web.database import in_database
from jobs.api.serializers import ProgressField
from jobs.models import Job
from jobs.pipeline.measure.third_octaves import THIRD_OCTAVE_CENTERS_HZ
from jobs.states import JobState
from shootouts.api.media import FileView, MediaQuery
from shootouts.comparison import band_differences
from shootouts.files.media import MediaFile, media_response
from shootouts.models import Shootout
from shootouts.models.shootout import Visibility
from shootouts.selectors import manifest_get, segment_pair_get, shootout_get
from shootouts.services.comparisons import Compared, comparison_look, comparison_request

# Most pairs take a second or two.
_ASK_AGAIN_S: Final = 1
_MAX_POSITION: Final = 9_999  # of any shootout, whatever was allowed when it was made


class ComparisonThrottle(OperationThrottle):
    """Anybody may ask, again and again until it is there."""

    setting = policy = "comparison"
    num = 120


class ComparisonQuery(QuerySerializer):
    di = WholeNumberField(
        min_value=0, max_value=_MAX_POSITION, default=0, help_text="position of the DI"
    )
    a = WholeNumberField(
        min_value=0, max_value=_MAX_POSITION, help_text="position of the reference contender"
    )
    b = WholeNumberField(
        min_value=0, max_value=_MAX_POSITION, help_text="position of the other contender"
    )


class ResidualQuery(ComparisonQuery, MediaQuery):
    pass


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
    third_octave_centers_hz = serializers.ListField(child=serializers.FloatField())
    third_octave_difference_db = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="b minus a, as published"
    )
    residual_url = serializers.CharField()


class ComparisonUnderWayOutput(serializers.Serializer[Any]):
    """A job is at it: ask again after ``Retry-After`` seconds."""

    state = serializers.ChoiceField(choices=JobState.choices)
    progress = ProgressField(help_text="percent, 0 to 100")


def _requested(
    request: Request, uuid: UUID, asked: Mapping[str, Any]
) -> tuple[Shootout, Compared | Job | None]:
    """``None``: it would be started, had a HEAD not asked, which changes nothing."""
    shootout = shootout_get(request.user, uuid)
    pair = segment_pair_get(shootout, asked["di"], asked["a"], asked["b"])
    ask = comparison_look if request.method == "HEAD" else comparison_request
    return shootout, ask(shootout=shootout, pair=pair)


def _under_way(request: Request, job: Job | None) -> Response:
    """Where it is asked for is where it will be: the job itself is not for everybody."""
    state, progress = (JobState.QUEUED, 0.0) if job is None else (job.state, job.progress)
    output = ComparisonUnderWayOutput({"state": state, "progress": progress})
    headers = {"Location": request.get_full_path(), "Retry-After": str(_ASK_AGAIN_S)}
    return Response(output.data, status=202, headers=headers)


class ShootoutComparisonView(APIView):
    query_class = ComparisonQuery
    permission_classes = (AllowAny,)
    throttle_classes = (ComparisonThrottle,)

    @extend_schema(
        summary="Compare two contenders by numbers",
        parameters=[ComparisonQuery],
        responses={200: ComparisonOutput, 202: ComparisonUnderWayOutput},
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        """Two published segments of one DI: error-to-signal ratio after the best constant gain
        and lag, and the difference of their third-octave bands. A job finds it out once, and the
        answer is 202 until then."""
        asked = ComparisonQuery.values_of(request)
        di, a, b = asked["di"], asked["a"], asked["b"]
        shootout, found = _requested(request, uuid, asked)
        if not isinstance(found, Compared):
            return _under_way(request, found)
        manifest = manifest_get(shootout)
        assert manifest is not None  # or there would be no published segments
        url = reverse("api-shootout-residual", args=[uuid])
        output = {
            **msgspec.structs.asdict(found.figures),
            "third_octave_centers_hz": THIRD_OCTAVE_CENTERS_HZ,
            "third_octave_difference_db": band_differences(manifest, di, a, b),
            "residual_url": f"{url}?di={di}&a={a}&b={b}",
        }
        return Response(ComparisonOutput(output).data)


class ShootoutResidualView(FileView):
    query_class = ResidualQuery
    permission_classes = (AllowAny,)
    throttle_classes = (ComparisonThrottle,)

    @extend_schema(
        summary="Hear what two contenders do not share",
        parameters=[ResidualQuery],
        responses={(200, "audio/flac"): OpenApiTypes.BINARY, 202: ComparisonUnderWayOutput},
    )
    async def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """What is left of contender a when b, shifted and with its best gain, is taken from it,
        with Range. 202 until a job has found it out."""
        asked = ResidualQuery.values_of(request)
        shootout, found = await in_database(_requested, request, uuid, asked)
        if not isinstance(found, Compared):
            return _under_way(request, found)
        name = f"residual-di{asked['di'] + 1}-{asked['a'] + 1:02d}-{asked['b'] + 1:02d}.flac"
        media = MediaFile(found.storage_name, name, "audio/flac", found.size_bytes, found.sha256)
        return await media_response(
            request, media, is_private=shootout.visibility != Visibility.PUBLIC
        )
