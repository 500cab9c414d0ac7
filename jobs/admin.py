"""Jobs for operators: what waits, what runs, what failed and why; retry, redrive and cancel.

Usable with a million jobs: nothing counts them all, and every list is read along an index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from gts.web.admin.bulk_actions import each
from gts.web.admin.lists import BoundedAdmin, ReadOnlyAdmin
from gts.web.errors import AppError
from jobs.models import Job, JobQuerySet, JobState, Notification, Process
from jobs.registry import known_kinds
from jobs.selectors import QUEUE_STATES, job_root, job_tree, queue_figures
from jobs.services import job_cancel, job_retry

_UUID_START = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}", re.IGNORECASE)
_NUM_READ_FOR_WORDS = 10_000
_MAX_REFUSALS = 20  # that a page tells one by one
_RETRYABLE = (JobState.FAILED, JobState.CANCELLED)


class PlaceInTreeFilter(admin.SimpleListFilter):
    title = "place"
    parameter_name = "place"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("root", "whole jobs"), ("part", "parts of another")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        if self.value() == "root":
            return queryset.filter(parent=None)
        if self.value() == "part":
            return queryset.exclude(parent=None)
        return queryset


class KindFilter(admin.SimpleListFilter):
    """By the registered kinds: to ask the table which there are would read all of it."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in known_kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin, BoundedAdmin[Job]):
    list_display = (
        "short_id", "kind", "label", "state", "percent", "owner", "attempt", "error_code",
        "created_at", "finished_at",
    )  # fmt: skip
    list_filter = ("state", KindFilter, PlaceInTreeFilter, "created_at")
    list_select_related = ("owner",)
    # Only says that there is a search; ``get_search_results`` knows how.
    search_fields = ("uuid",)
    search_help_text = (
        "the beginning of an id (eight characters or more), a request id, an error code, "
        "a username, or words of the label of a recent job"
    )
    ordering = ("-id",)
    list_per_page = 50
    actions = ("retry", "redrive", "cancel")
    fieldsets = (
        (None, {"fields": ("uuid", "kind", "label", "owner", "state", "percent", "message")}),
        ("Error", {"fields": ("error_code", "error_message", "error_detail")}),
        ("Work", {"fields": ("payload", "result", "request_id")}),
        (
            "Attempts",
            {
                "fields": (
                    "attempt", "num_failures", "num_lost", "worker", "heartbeat_at", "not_before",
                    "cancel_requested_at",
                )
            },
        ),
        ("Tree", {"fields": ("parent", "stage", "is_required", "weight", "is_waiting")}),
        ("Times", {"fields": ("created_at", "queued_at", "started_at", "finished_at")}),
    )  # fmt: skip

    class Media:
        css = {"all": ("css/admin-jobs.css",)}

    # What is shown ---------------------------------------------------------------------------

    @admin.display(description="id")
    def short_id(self, job: Job) -> str:
        return _short(job)

    @admin.display(description="progress")
    def percent(self, job: Job) -> str:
        return f"{job.progress:.0f} %"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if _UUID_START.fullmatch(term):
            digits = term.replace("-", "")
            first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
            return queryset.filter(Q(uuid__range=(first, last)) | Q(request_id=term)), False
        if re.fullmatch(r"[A-Z][A-Z0-9_]+", term):
            return queryset.filter(error_code=term), False
        of_owner = queryset.filter(owner__username=term)
        of_request = queryset.filter(request_id=term)
        for found in (of_owner, of_request):
            if found.exists():
                return found, False
        return queryset.filter(pk__gt=_before_the_newest(), label__icontains=term), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        queues = [
            {
                "name": queue.queue,
                "nums": [queue.num_by_state[state] for state in QUEUE_STATES],
                "oldest_waiting_s": queue.oldest_waiting_s,
                "num_workers": queue.num_workers,
            }
            for queue in queue_figures()
        ]
        context = {"queues": queues, "queue_states": QUEUE_STATES, **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context: dict[str, Any] = {**(extra_context or {})}
        job = self.get_object(request, object_id)
        if job is not None:
            root = job_root(job)
            may_operate = self.has_operate_permission(request)
            context |= {
                "job": job,
                "tree": _with_depth(job_tree(root)),
                "may_retry": may_operate and root.state in _RETRYABLE,
                "may_cancel": may_operate and not job.is_finished,
            }
        return super().change_view(request, object_id, form_url, context)

    # What is done ----------------------------------------------------------------------------

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may not edit a job may still move it, through the services."""
        return request.user.has_perm("jobs.change_job")

    @admin.action(
        description="Retry the chosen jobs that failed or were cancelled", permissions=["operate"]
    )
    def retry(self, request: HttpRequest, jobs: JobQuerySet) -> None:
        self._each(request, each(jobs), lambda job: job_retry(job=job), "queued again")

    @admin.action(
        description="Redrive: run the whole trees of the chosen jobs again", permissions=["operate"]
    )
    def redrive(self, request: HttpRequest, jobs: JobQuerySet) -> None:
        self._each(request, _roots(each(jobs)), lambda job: job_retry(job=job), "queued again")

    @admin.action(
        description="Cancel the chosen jobs and everything below them", permissions=["operate"]
    )
    def cancel(self, request: HttpRequest, jobs: JobQuerySet) -> None:
        self._each(request, each(jobs), lambda job: job_cancel(job=job), "cancelled")

    def _each(
        self, request: HttpRequest, jobs: Iterable[Job], act: Callable[[Job], Job], done: str
    ) -> None:
        num_done = num_refused = 0
        for job in jobs:
            try:
                act(job)
                num_done += 1
            except AppError as refusal:
                num_refused += 1
                if num_refused <= _MAX_REFUSALS:
                    text = f"{_short(job)}: {refusal.message}"
                    self.message_user(request, text, messages.WARNING)
        if num_refused > _MAX_REFUSALS:
            text = f"… and {num_refused - _MAX_REFUSALS} more were refused."
            self.message_user(request, text, messages.WARNING)
        if num_done:
            self.message_user(request, f"{num_done} jobs {done}.", messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/redrive/", view(self.redrive_view), name="jobs_job_redrive"),
            path("<int:pk>/cancel/", view(self.cancel_view), name="jobs_job_cancel"),
            *super().get_urls(),
        ]

    def redrive_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._press(request, pk, self.redrive)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._press(request, pk, self.cancel)

    def _press(
        self, request: HttpRequest, pk: int, act: Callable[[HttpRequest, JobQuerySet], None]
    ) -> HttpResponse:
        """A button on the page of one job."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_operate_permission(request):
            raise PermissionDenied
        job = get_object_or_404(Job, pk=pk)
        act(request, Job.objects.filter(pk=pk))
        return redirect("admin:jobs_job_change", job.pk)


def _short(job: Job) -> str:
    """The beginning of its id: enough to find it again."""
    return str(job.uuid)[:8]


def _roots(jobs: Iterable[Job]) -> Iterator[Job]:
    """The whole jobs that these are parts of, each once."""
    seen: set[int] = set()
    for job in jobs:
        root = job_root(job)
        if root.pk not in seen:
            seen.add(root.pk)
            yield root


def _with_depth(tree: Sequence[Job]) -> list[tuple[int, Job]]:
    """Each job with how far below the root it is, every parent before its own children."""
    below: dict[int | None, list[Job]] = {}
    for job in tree[1:]:
        below.setdefault(job.parent_id, []).append(job)

    def walk(job: Job, depth: int) -> list[tuple[int, Job]]:
        rows = [(depth, job)]
        for child in below.get(job.pk, []):
            rows += walk(child, depth + 1)
        return rows

    return walk(tree[0], 0)


def _before_the_newest() -> int:
    """The key before the newest jobs, in whose labels words are looked for: there is no index."""
    keys = Job.objects.order_by("-pk").values_list("pk", flat=True)
    return next(iter(keys[_NUM_READ_FOR_WORDS : _NUM_READ_FOR_WORDS + 1]), 0)


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin, BoundedAdmin[Notification]):
    list_display = ("about", "owner", "state", "message", "created_at", "read_at")
    list_filter = ("state", "created_at")
    list_select_related = ("owner", "job")
    search_fields = ("owner__username__exact",)
    search_help_text = "a username"
    ordering = ("-id",)

    @admin.display(description="about")
    def about(self, notification: Notification) -> str:
        return notification.label or notification.kind


@admin.register(Process)
class ProcessAdmin(ReadOnlyAdmin, BoundedAdmin[Process]):
    """Who was heard of within a minute is alive."""

    list_display = ("name", "role", "queues", "is_alive", "clock", "started_at", "seen_at")
    list_filter = ("role",)

    @admin.display(description="alive", boolean=True)
    def is_alive(self, process: Process) -> bool:
        return bool(Process.objects.alive().filter(pk=process.pk))

    @admin.display(description="its clock")
    def clock(self, process: Process) -> str:
        """Beside that of the database."""
        return f"{process.clock_ahead_s:+.1f} s"
