"""The shape of jobs in the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from gts.web.api.responses import accepted
from gts.web.api.serializers import ErrorCodeField
from jobs.models import Job
from jobs.states import JobState


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


def job_accepted(job: Job) -> Response:
    """202 with the job, and where to ask how far it is."""
    return accepted(JobOutput(job).data, "api-job", job.uuid)


class JobDetailOutput(JobOutput):
    children = serializers.SerializerMethodField(help_text="everything below it, in running order")

    @extend_schema_field(JobOutput(many=True))
    def get_children(self, job: Job) -> list[dict[str, Any]]:
        return list(JobOutput(self.context["below"], many=True).data)
