"""The pages of jobs and notifications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.page_kit import PageView
from gts.web.errors import AppError
from gts.web.paging import BoundedPaginator
from jobs.live.notifications import notification_read, notification_read_all
from jobs.models import STATE_LABELS, Job, JobState
from jobs.registry import notice_for, untold_kinds
from jobs.selectors import job_get, job_list, notification_get, notification_list
from jobs.services import job_cancel, job_retry

_PAGE_SIZE = 24


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as its row shows it. ``path``: of the page it leads to; empty: none."""

    job: Job
    title: str
    state_label: str
    path: str
    may_retry: bool

    @classmethod
    def of(cls, job: Job) -> JobRow:
        notice = notice_for(job.kind)
        has_failed = job.state in (JobState.FAILED, JobState.CANCELLED)
        is_canceling = not job.is_finished and job.cancel_requested_at is not None
        return cls(
            job,
            notice.title,
            "Canceling…" if is_canceling else STATE_LABELS[JobState(job.state)],
            notice.page(job),
            may_retry=has_failed and not notice.is_final,
        )


class JobListView(PageView):
    """What one has asked for, newest first, whole jobs only: ``?state=active`` or ``failed``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = job_list(self.user).roots().exclude(kind__in=untold_kinds())
        state = request.GET.get("state", "")
        if state == "active":
            found = found.active()
        elif state == "failed":
            found = found.filter(state=JobState.FAILED)
        page = BoundedPaginator(found, _PAGE_SIZE).get_page(request.GET.get("page"))
        context = {"page": page, "rows": [JobRow.of(job) for job in page], "state": state}
        return render(request, "jobs/job_list.html", context)


class JobRowView(PageView):
    """One job in the list, asked for again and again until it has ended."""

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        row = JobRow.of(job_get(self.user, uuid))
        return render(request, "jobs/_job_row.html", {"row": row})


class JobActionView(PageView):
    """One thing that the owner may ask of a job; a refusal is shown on the list."""

    http_method_names = ["post"]
    action: ClassVar[Callable[..., object]]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        job = job_get(self.user, uuid)
        try:
            type(self).action(job=job)
        except AppError as error:
            self.show_error(error)
        if not self.is_partial:
            return redirect("job-list")
        row = JobRow.of(job_get(self.user, uuid))
        return render(request, "jobs/_job_row.html", {"row": row})


class JobCancelView(JobActionView):
    action = job_cancel


class JobRetryView(JobActionView):
    action = job_retry


class NotificationListView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        found = notification_list(self.user)
        page = BoundedPaginator(found, _PAGE_SIZE).get_page(request.GET.get("page"))
        return render(request, "jobs/notification_list.html", {"page": page})


class NotificationBellView(PageView):
    """The bell of the page's head by itself: asked for where no socket can be opened."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "partials/bell.html")


class NotificationOpenView(PageView):
    """To the page a notification leads to; then it has been seen."""

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        found = notification_get(self.user, uuid)
        notification_read(notification=found)
        return redirect(found.path or "notification-list")


class NotificationReadAllView(PageView):
    def post(self, request: HttpRequest) -> HttpResponse:
        notification_read_all(owner=self.user)
        return redirect("notification-list")
