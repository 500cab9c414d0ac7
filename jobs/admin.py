"""Jobs for operators: what waits, what runs, what failed and why; retry and cancel."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.errors import ConflictError
from jobs.models import Job
from jobs.querysets import JobQuerySet
from jobs.selectors import job_tree
from jobs.services import job_cancel, job_retry


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


@admin.register(Job)
class JobAdmin(admin.ModelAdmin[Job]):
    list_display = (
        "uuid", "kind", "label", "state", "percent", "owner", "attempt", "error_code", "created_at",
        "finished_at",
    )  # fmt: skip
    list_filter = ("state", "kind", PlaceInTreeFilter, "created_at")
    list_select_related = ("owner",)
    search_fields = ("uuid__startswith", "label", "error_code", "owner__username", "worker")
    search_help_text = "id (its beginning is enough), label, error code, owner or worker"
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    list_per_page = 50
    actions = ("retry", "cancel")
    fieldsets = (
        (None, {"fields": ("uuid", "kind", "label", "owner", "state", "percent", "message")}),
        ("Tree", {"fields": ("parent", "stage", "is_required", "weight", "is_waiting", "below")}),
        ("Work", {"fields": ("payload", "result")}),
        (
            "Attempts",
            {
                "fields": (
                    "attempt", "num_failures", "num_lost", "worker", "heartbeat_at", "not_before",
                    "cancel_requested_at",
                )
            },
        ),
        ("Error", {"fields": ("error_code", "error_message", "error_detail")}),
        ("Times", {"fields": ("created_at", "queued_at", "started_at", "finished_at")}),
    )  # fmt: skip
    # A job is a record of what happened: it is moved by actions, not by hand.
    readonly_fields = tuple(
        name for _, options in fieldsets for name in options["fields"] if isinstance(name, str)
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="progress", ordering="progress")
    def percent(self, job: Job) -> str:
        return f"{job.progress:.0f} %"

    @admin.display(description="below it")
    def below(self, job: Job) -> SafeString | str:
        _, *below = job_tree(job)
        rows = (
            (reverse("admin:jobs_job_change", args=[child.pk]), child.kind, child.label,
             child.state, child.error_code)
            for child in below
        )  # fmt: skip
        lines = format_html_join("", '<li><a href="{}">{}</a> {}: {} {}</li>', rows)
        return format_html("<ul>{}</ul>", lines) if below else "—"

    @admin.action(description="Retry the chosen jobs that failed or were cancelled")
    def retry(self, request: HttpRequest, jobs: JobQuerySet) -> None:
        self._each(request, jobs, lambda job: job_retry(job=job), "queued again")

    @admin.action(description="Cancel the chosen jobs and everything below them")
    def cancel(self, request: HttpRequest, jobs: JobQuerySet) -> None:
        self._each(request, jobs, lambda job: job_cancel(job=job), "cancelled")

    def _each(
        self, request: HttpRequest, jobs: JobQuerySet, act: Callable[[Job], Job], done: str
    ) -> None:
        num_done = 0
        for job in jobs:
            try:
                act(job)
                num_done += 1
            except ConflictError as refusal:
                self.message_user(request, f"{job.uuid}: {refusal.message}", messages.WARNING)
        if num_done:
            self.message_user(request, f"{num_done} jobs {done}.", messages.SUCCESS)
