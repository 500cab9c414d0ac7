"""What lies between two contenders: numbers, and the sound that is left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from accounts.api.queries import QuerySerializer, WholeNumberField
from accounts.errors import NotFoundError
from jobs.pipeline.audio.third_octaves import THIRD_OCTAVE_CENTRES_HZ
from jobs.stores import file_chunks
from shootouts.api.media import AnyContent
from shootouts.comparison import band_differences, compare_pair, open_residual
from shootouts.selectors import manifest_get, segment_pair_get, shootout_get


class ComparisonThrottle(UserRateThrottle):
    """Comparing reads both files whole, and anybody may ask for it."""

    scope = "comparison"
    rate = "60/min"


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


class _ComparisonView(APIView):
    permission_classes = (AllowAny,)
    throttle_classes = (ComparisonThrottle,)


class ShootoutComparisonView(_ComparisonView):
    @extend_schema(parameters=[ComparisonQuery], responses=ComparisonOutput)
    def get(self, request: Request, uuid: UUID) -> Response:
        """Two published segments of one DI: error-to-signal ratio after the best constant gain
        and lag, and the difference of their third-octave bands."""
        asked = ComparisonQuery.values_of(request)
        di, a, b = asked["di"], asked["a"], asked["b"]
        shootout = shootout_get(request.user, uuid)
        manifest = manifest_get(shootout)
        if manifest is None:
            raise NotFoundError("This shootout has not been rendered yet.")
        found = compare_pair(segment_pair_get(shootout, di, a, b))
        url = reverse("api-shootout-residual", args=[uuid])
        output = {
            **{name: getattr(found, name) for name in ("lag_frames", "gain_db", "is_inverted")},
            **{name: getattr(found, name) for name in ("esr", "esr_db", "num_frames")},
            "third_octave_centres_hz": THIRD_OCTAVE_CENTRES_HZ,
            "third_octave_difference_db": band_differences(manifest, di, a, b),
            "residual_url": f"{url}?di={di}&a={a}&b={b}",
        }
        return Response(ComparisonOutput(output).data)


class ShootoutResidualView(_ComparisonView):
    content_negotiation_class = AnyContent

    @extend_schema(
        parameters=[ComparisonQuery], responses={(200, "audio/flac"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """What is left of contender a when b, shifted and with its best gain, is taken from it."""
        asked = ComparisonQuery.values_of(request)
        pair = segment_pair_get(
            shootout_get(request.user, uuid), asked["di"], asked["a"], asked["b"]
        )
        file, size_bytes = open_residual(pair)
        name = f"residual-di{asked['di'] + 1}-{asked['a'] + 1:02d}-{asked['b'] + 1:02d}.flac"
        return StreamingHttpResponse(
            file_chunks(file, 0, size_bytes),
            content_type="audio/flac",
            headers={
                "Content-Length": str(size_bytes),
                "Cache-Control": "private, no-cache",
                "Content-Disposition": content_disposition_header("download" in request.GET, name)
                or "inline",
                "X-Content-Type-Options": "nosniff",
            },
        )
