"""The renders of a shootout: runs, manifests and their schema, metrics, contenders compared.

Two contenders are compared by numbers, and by the sound that is left of one without the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_cache_control
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from gts.web.api.queries import QuerySerializer, WholeNumberField
from gts.web.api.throttles import OperationThrottle
from gts.web.api.views import APIView, ListAPIView
from gts.web.database import in_database
from gts.web.errors import NotFoundError
from jobs.api.jobs import ProgressField
from jobs.models import Job, JobState
from jobs.pipeline.formats.manifest.document import manifest_schema
from jobs.pipeline.measure.third_octaves import THIRD_OCTAVE_CENTERS_HZ
from shootouts.api.media import FileView, MediaQuery
from shootouts.files.media import MediaFile, media_response
from shootouts.models import Render, RenderQuerySet, Shootout
from shootouts.models.shootout import Visibility
from shootouts.published.player import measured_segments
from shootouts.selectors import (
    band_differences,
    manifest_get,
    render_list,
    render_manifest_get,
    segment_pair_get,
    shootout_get,
    shootout_get_owned,
)
from shootouts.services.comparisons import Compared, comparison_look, comparison_request

_SCHEMA_MAX_AGE_S = 24 * 60 * 60
# Most pairs take a second or two.
_ASK_AGAIN_S: Final = 1
_MAX_POSITION: Final = 9_999  # of any shootout, whatever was allowed when it was made


class RenderOutput(serializers.Serializer[Render]):
    id = serializers.UUIDField(source="uuid")
    version = serializers.IntegerField(help_text="counts the renders of the shootout, from 1")
    state = serializers.SerializerMethodField(
        help_text="of its job; null when that was forgotten long after"
    )
    job_id = serializers.UUIDField(source="job.uuid", allow_null=True, default=None)
    is_published = serializers.SerializerMethodField(help_text="this is the one that is shown")
    has_manifest = serializers.BooleanField(help_text="its sound is complete")
    num_segments = serializers.IntegerField()
    num_completed = serializers.IntegerField(help_text="of its segments")
    num_failed = serializers.IntegerField(help_text="of its segments; cancelled ones too")
    created_at = serializers.DateTimeField(help_text="when it was asked for")
    started_at = serializers.DateTimeField(source="job.started_at", allow_null=True, default=None)
    finished_at = serializers.DateTimeField(
        source="job.finished_at", allow_null=True, default=None, help_text="video included"
    )
    published_at = serializers.DateTimeField(
        source="manifest.created_at", allow_null=True, default=None
    )

    def get_state(self, render: Render) -> JobState | None:
        return JobState(render.job.state) if render.job else None

    def get_is_published(self, render: Render) -> bool:
        return render.pk == render.shootout.published_render_id


class ShootoutRendersView(ListAPIView[Render]):
    serializer_class = RenderOutput
    queryset = Render.objects.none()
    filter_backends = ()

    def get_queryset(self) -> RenderQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return render_list(shootout_get_owned(self.request.user, self.kwargs["uuid"]))

    @extend_schema(
        operation_id="shootout_render_list",
        tags=["shootouts"],
        summary="Every run of my shootout, newest first",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class RenderManifestView(APIView):
    @extend_schema(
        operation_id="shootout_render_manifest",
        tags=["shootouts"],
        summary="What an earlier run of my shootout has published",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, uuid: UUID, version: int) -> Response:
        """Earlier manifests are for the owner alone; everybody else sees the newest one."""
        shootout = shootout_get_owned(request.user, uuid)
        return Response(render_manifest_get(shootout, version).data)


class ManifestSchemaView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="manifest_schema",
        tags=["shootouts"],
        summary="The JSON Schema of a version of the manifest",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, version: int) -> Response:
        """JSON Schema, draft 2020-12. The version is the `schema_version` of a manifest."""
        try:
            answer = Response(dict(manifest_schema(version)))
        except KeyError:
            raise NotFoundError("Schema version not found.") from None
        patch_cache_control(answer, public=True, max_age=_SCHEMA_MAX_AGE_S)
        return answer


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
