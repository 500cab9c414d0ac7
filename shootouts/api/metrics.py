"""What was measured of the segments of a published render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from gts.web.api.views import APIView
from gts.web.errors import NotFoundError
from jobs.pipeline.measure.third_octaves import THIRD_OCTAVE_CENTERS_HZ
from shootouts.published.measured import measured_segments
from shootouts.selectors import manifest_get, shootout_get


def _optional(help_text: str) -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, help_text=help_text)


class MetricsOutput(serializers.Serializer[Any]):
    """null where a value is not defined."""

    rms_dbfs = _optional("a sine of full scale has -3.01")
    peak_dbfs = _optional("greatest sample")
    true_peak_dbtp = _optional("ITU-R BS.1770-5")
    crest_factor_db = _optional("peak over RMS")
    dynamic_range_db = _optional("between the 95th and 5th percentile of the RMS of 50 ms windows")
    loudness_lufs = _optional("integrated, ITU-R BS.1770-5")
    loudness_range_lu = serializers.FloatField(help_text="EBU Tech 3342")
    spectral_centroid_hz = _optional("mean frequency weighted by power, 20 Hz to 20 kHz")
    bass_ratio = _optional("share of the energy between 20 and 250 Hz")
    mid_ratio = _optional("share of the energy between 250 Hz and 2 kHz")
    treble_ratio = _optional("share of the energy between 2 and 20 kHz")
    third_octave_dbfs = serializers.ListField(
        child=serializers.FloatField(allow_null=True),
        help_text="RMS level of each band of third_octave_centers_hz",
    )
    transient_density_per_s = serializers.FloatField(help_text="notes per second")
    attack_time_ms = _optional("from 10 to 90 % of a note's rise, median over the notes")
    decay_rate_db_per_s = _optional("what a note loses, median over the notes")
    noise_floor_dbfs = _optional("2 % of the 50 ms windows lie below")
    thd_pct = _optional("harmonic distortion of a 220 Hz tone as loud as the DI")


class MetricNoteOutput(serializers.Serializer[Any]):
    metric = serializers.CharField()
    difference = serializers.FloatField(help_text="value minus mean, in the unit of the metric")
    text = serializers.CharField()


class SegmentMetricsOutput(serializers.Serializer[Any]):
    di = serializers.IntegerField(help_text="position of the DI")
    contender = serializers.IntegerField(help_text="position of the contender")
    di_name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a name of Field too
    metrics = MetricsOutput()
    difference_db = serializers.ListField(
        child=serializers.FloatField(allow_null=True),
        help_text="of each third-octave band to the mean of all segments of this DI",
    )
    notes = MetricNoteOutput(many=True)


class ShootoutMetricsOutput(serializers.Serializer[Any]):
    third_octave_centers_hz = serializers.ListField(child=serializers.FloatField())
    segments = SegmentMetricsOutput(many=True)


class ShootoutMetricsView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(summary="Metrics of every segment", responses=ShootoutMetricsOutput)
    def get(self, request: Request, uuid: UUID) -> Response:
        """Metrics of the published segments, and how each differs from the mean."""
        manifest = manifest_get(shootout_get(request.user, uuid))
        if manifest is None:
            raise NotFoundError("This shootout has not been rendered yet.")
        output = ShootoutMetricsOutput(
            {
                "third_octave_centers_hz": THIRD_OCTAVE_CENTERS_HZ,
                "segments": measured_segments(manifest.content),
            }
        )
        return Response(output.data)
