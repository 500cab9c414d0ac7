"""Shapes of jobs in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.models import Job
from jobs.states import JobState


class JobErrorOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class JobOutput(serializers.Serializer[Job]):
    """One job without those below it: what every answer 202 carries."""

    id = serializers.UUIDField(source="uuid")
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a name of Field too
    state = serializers.ChoiceField(choices=JobState.choices)
    progress = serializers.FloatField(help_text="percent")
    message = serializers.CharField()
    error = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(JobErrorOutput(allow_null=True))
    def get_error(self, job: Job) -> dict[str, str] | None:
        return {"code": job.error_code, "message": job.error_message} if job.error_code else None
