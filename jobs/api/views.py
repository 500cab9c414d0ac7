"""Jobs of who asks: look, cancel, retry. They begin where the work is: at shootouts, uploads."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gts.web.api.responses import accepted
from gts.web.api.views import APIView, ListAPIView
from jobs.api.filters import JobFilter
from jobs.api.serializers import JobDetailOutput, JobOutput
from jobs.models import Job, JobQuerySet
from jobs.selectors import job_get, job_list, job_tree
from jobs.services import job_cancel, job_retry


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
