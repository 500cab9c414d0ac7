"""Jobs in the API, of the user who asks: their shape, how a list is narrowed, and what can be done.

Jobs begin where the work is asked for: at shootouts, uploads.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gts.web.api.queries import TrueFalseFilter
from gts.web.api.responses import accepted
from gts.web.api.serializers import ErrorCodeField
from gts.web.api.views import APIView, ListAPIView
from jobs.models import Job, JobQuerySet, JobState
from jobs.selectors import job_get, job_list, job_tree
from jobs.services import job_cancel, job_retry


class JobFilter(django_filters.FilterSet):  # type: ignore[misc]  # it has no types
    state = django_filters.MultipleChoiceFilter(
        choices=JobState.choices, distinct=False, help_text="one or more, by repeating it"
    )
    kind = django_filters.CharFilter(
        max_length=64, help_text="exactly, as in shootouts.render_segment"
    )
    is_root = TrueFalseFilter(method="filter_root", help_text="true: not a part of another job")

    class Meta:
        model = Job
        fields = ("state", "kind", "is_root")

    def filter_root(self, jobs: JobQuerySet, name: str, value: bool) -> JobQuerySet:
        return jobs.roots() if value else jobs.exclude(parent=None)


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


class ProgressField(serializers.FloatField):
    """Percent, to a tenth, as sockets tell it too."""

    def __init__(self, *, help_text: str) -> None:
        super().__init__(min_value=0.0, max_value=100.0, help_text=help_text)

    def to_representation(self, value: Any) -> float:  # type: ignore[override]  # of the stubs
        return round(float(value), 1)


class JobErrorOutput(serializers.Serializer[Any]):
    code = ErrorCodeField(source="error_code")
    message = serializers.CharField(source="error_message", help_text="for people")


class JobOutput(serializers.Serializer[Job]):
    """What people may know of a job: not its payload, nor what is for operators."""

    id = serializers.UUIDField(source="uuid")
    kind = serializers.CharField()
    label = serializers.CharField(  # type: ignore[assignment]  # a field called label
        help_text="what it works on, for people"
    )
    state = serializers.ChoiceField(choices=JobState.choices)
    progress = ProgressField(help_text="percent, 0 to 100; never goes backwards while it runs")
    message = serializers.CharField(help_text="what is being done, for people")
    error = serializers.SerializerMethodField()
    result = serializers.SerializerMethodField(
        help_text="ids of what it made, by names that depend on its kind: shootout_id, capture_id…"
    )
    notes = serializers.ListField(
        child=serializers.CharField(),
        help_text="for people, of what it made: what is not as it was asked for",
    )
    parent_id = serializers.UUIDField(source="parent.uuid", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    retry_at = serializers.DateTimeField(
        source="not_before", allow_null=True, help_text="while retrying: not before this"
    )

    @extend_schema_field(serializers.DictField(child=serializers.UUIDField()))
    def get_result(self, job: Job) -> dict[str, str]:
        """Only what leads somewhere; the rest is for operators."""
        found = {name: value for name, value in job.result.items() if _is_uuid(value)}
        return {f"{name.removesuffix('_id')}_id": value for name, value in found.items()}

    @extend_schema_field(JobErrorOutput(allow_null=True))
    def get_error(self, job: Job) -> dict[str, Any] | None:
        return JobErrorOutput(job).data if job.error_code else None


class JobDetailOutput(JobOutput):
    children = serializers.SerializerMethodField(help_text="everything below it, in running order")

    @extend_schema_field(JobOutput(many=True))
    def get_children(self, job: Job) -> list[dict[str, Any]]:
        return list(JobOutput(self.context["below"], many=True).data)


def job_accepted(job: Job) -> Response:
    """202 with the job, and where to ask how far it is."""
    return accepted(JobOutput(job).data, "api-job", job.uuid)


def _detail(job: Job) -> Any:
    _, *below = job_tree(job)
    return JobDetailOutput(job, context={"below": below}).data


class JobListView(ListAPIView[Job]):
    queryset = Job.objects.none()  # tells the schema what the filters are about
    serializer_class = JobOutput
    filterset_class = JobFilter

    def get_queryset(self) -> JobQuerySet:
        return job_list(cast(User, self.request.user))

    @extend_schema(operation_id="job_list", tags=["jobs"], summary="My jobs, newest first")
    def get(self, request: Request) -> Response:
        return self.list(request)


class JobDetailView(APIView):
    @extend_schema(
        operation_id="job_read",
        tags=["jobs"],
        responses=JobDetailOutput,
        summary="One job and everything below it",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(_detail(job_get(cast(User, request.user), uuid)))


class JobCancelView(APIView):
    @extend_schema(
        operation_id="job_cancel",
        tags=["jobs"],
        request=None,
        responses={202: JobDetailOutput},
        summary="Stop a job and everything below it",
        description="What has not started ends at once; what runs ends within two seconds. "
        "409 JOB_FINISHED when it has already ended.",
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        job = job_cancel(job=job_get(cast(User, request.user), uuid))
        return accepted(_detail(job), "api-job", uuid)


class JobRetryView(APIView):
    @extend_schema(
        operation_id="job_retry",
        tags=["jobs"],
        request=None,
        responses={202: JobDetailOutput},
        summary="Queue a failed or cancelled job again",
        description="409 JOB_NOT_RETRYABLE in any other state, 409 JOB_HAS_PARENT for a part of "
        "a larger job.",
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        job = job_retry(job=job_get(cast(User, request.user), uuid))
        return accepted(_detail(job), "api-job", uuid)
