"""A job: one attempt-tracked piece of background work. Jobs form a tree."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import PublicModel
from jobs.querysets import JobQuerySet
from jobs.states import TERMINAL, JobState


class Job(PublicModel):
    """The row is the work; a Celery message only carries its id.

    Children of one parent run in ascending ``stage``: a stage starts when every job of the
    stage before has ended. A ``is_required`` child that fails ends its parent and cancels
    what has not started. A parent waits for its children in state *running* with
    ``is_waiting`` set, holding no worker. A parent that runs again makes new children; those of
    its earlier attempts stay as history.
    """

    kind = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=JobState, default=JobState.PENDING)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    stage = models.PositiveSmallIntegerField(default=0)
    is_required = models.BooleanField(default=True)
    weight = models.FloatField(default=1.0, help_text="share in the progress of the parent")
    is_waiting = models.BooleanField(default=False, help_text="its children do the work now")
    parent_attempt = models.PositiveIntegerField(
        null=True, blank=True, help_text="the attempt of the parent that made it"
    )

    label = models.CharField(max_length=200, blank=True, help_text="what it works on, for people")
    payload = models.JSONField(default=dict, blank=True, help_text="ids of its inputs; no secrets")
    result = models.JSONField(default=dict, blank=True)

    progress = models.FloatField(default=0.0, help_text="percent, never goes backwards")
    message = models.CharField(max_length=200, blank=True)

    attempt = models.PositiveIntegerField(
        default=0, help_text="fencing token: only the newest attempt may write"
    )
    num_failures = models.PositiveSmallIntegerField(default=0, help_text="since the last redrive")
    num_lost = models.PositiveSmallIntegerField(
        default=0, help_text="workers that vanished while running it, since the last redrive"
    )
    not_before = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=100, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True, help_text="for people")
    error_detail = models.TextField(blank=True, help_text="for operators")

    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="jobs_job_owner_newest"),
            models.Index(fields=["kind", "-created_at"], name="jobs_job_kind_newest"),
            # The sweeps look only at what has not ended, a handful among millions.
            models.Index(
                fields=["state", "queued_at"],
                name="jobs_job_active",
                condition=models.Q(state__in=["pending", "queued", "running", "retrying"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(progress__gte=0.0) & models.Q(progress__lte=100.0),
                name="jobs_job_progress_is_percent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid} ({self.state})"

    @property
    def is_finished(self) -> bool:
        return self.state in TERMINAL

    def current_children(self) -> JobQuerySet:
        """The children of this attempt in the order they run. A query."""
        return Job.objects.filter(parent=self, parent_attempt=self.attempt).order_by("stage", "id")
