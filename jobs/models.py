"""Jobs, the notifications of what became of them, and the processes that run them.

A job is one attempt-tracked piece of background work. Jobs form a tree.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from gts.web.database import Moment, seconds_ago
from gts.web.models import PublicModel

# Three beats of ``jobs.queue.process_heartbeat`` may get lost.
ALIVE_WITHIN_S: Final = 60.0
_REMEMBERED_S: Final = 24 * 3600.0


class JobState(models.TextChoices):
    """Every move from one to another that is allowed is in ``ALLOWED_MOVES``. Nothing else moves a
    job."""

    PENDING = "pending"  # waits for an earlier stage of its tree
    QUEUED = "queued"  # a message is, or is about to be, on its way to a worker
    RUNNING = "running"  # claimed by one attempt, or waiting for its children
    RETRYING = "retrying"  # failed for a passing reason; goes back to the queue at not_before
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})
ACTIVE = frozenset(JobState) - TERMINAL

# For people.
STATE_LABELS: dict[JobState, str] = {
    JobState.PENDING: "Waiting",
    JobState.QUEUED: "In queue",
    JobState.RUNNING: "Running",
    JobState.RETRYING: "Waiting to try again",
    JobState.COMPLETED: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Canceled",
}

# From the state on the left, a job may move to the states on the right.
ALLOWED_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.PENDING: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(
        {JobState.COMPLETED, JobState.RETRYING, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.RETRYING: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.COMPLETED: frozenset(),
    # Redriven by an operator, or retried by its owner.
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}


def may_move(source: JobState, target: JobState) -> bool:
    return target in ALLOWED_MOVES[source]


def sources_of(target: JobState) -> tuple[JobState, ...]:
    """The states from which a job may come to ``target``: what a conditional UPDATE filters on."""
    return tuple(state for state in JobState if may_move(state, target))


class JobQuerySet(models.QuerySet["Job"]):
    def owned_by(self, user: User) -> JobQuerySet:
        return self.filter(owner=user)

    def roots(self) -> JobQuerySet:
        return self.filter(parent__isnull=True)

    def active(self) -> JobQuerySet:
        return self.filter(state__in=ACTIVE)

    def ended(self, *, before: datetime) -> JobQuerySet:
        return self.filter(state__in=TERMINAL, finished_at__lt=before)

    def held_by(self, job: Job) -> JobQuerySet:
        """The row of ``job`` as long as this very attempt runs it: what every late write asks."""
        return self.filter(pk=job.pk, attempt=job.attempt, state=JobState.RUNNING)

    def waiting(self) -> JobQuerySet:
        """Parents whose children do the work."""
        return self.filter(state=JobState.RUNNING, is_waiting=True)

    def lost(self, *, heartbeat_before: Moment) -> JobQuerySet:
        """Claimed, but no worker has been heard of since ``heartbeat_before``."""
        return self.filter(
            state=JobState.RUNNING, is_waiting=False, heartbeat_at__lt=heartbeat_before
        )

    def due(self) -> JobQuerySet:
        """Failed for a passing reason, and may be tried again."""
        return self.filter(state=JobState.RETRYING, not_before__lte=Now())


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
    weight = models.FloatField(
        default=1.0,
        help_text="of a part: its share in the progress of the whole; of a whole: how much work "
        "it is beside others",
    )
    is_waiting = models.BooleanField(default=False, help_text="its children do the work now")
    parent_attempt = models.PositiveIntegerField(
        null=True, blank=True, help_text="the attempt of the parent that made it"
    )

    label = models.CharField(max_length=200, blank=True, help_text="what it works on, for people")
    payload = models.JSONField(default=dict, blank=True, help_text="ids of its inputs; no secrets")
    result = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(
        max_length=64, blank=True, help_text="of the request that asked for it, as in the logs"
    )

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
            # Failed ones of someone who has thousands.
            models.Index(
                fields=["owner", "state", "-created_at"], name="jobs_job_owner_state_newest"
            ),
            # The sweeps and the workers look only at what has not ended, a handful among millions.
            models.Index(
                fields=["state", "queued_at"],
                name="jobs_job_active",
                condition=models.Q(state__in=["pending", "queued", "running", "retrying"]),
            ),
            # What ended lately, for /metrics; what ended long ago, for prune_jobs.
            models.Index(
                fields=["finished_at"],
                name="jobs_job_finished",
                condition=models.Q(finished_at__isnull=False),
            ),
            # From a line of the log to the jobs.
            models.Index(
                fields=["request_id"], name="jobs_job_request", condition=~models.Q(request_id="")
            ),
            models.Index(
                fields=["owner", "state"],
                name="jobs_job_owner_active",
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

    @property
    def duration_s(self) -> float | None:
        """From the start of the newest attempt to the end, or until now."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()

    @property
    def notes(self) -> list[str]:
        """For people: what of its result is not as it was asked for."""
        return list(self.result.get("notes", ()))

    def current_children(self) -> JobQuerySet:
        """The children of this attempt in the order they run. A query."""
        return Job.objects.filter(parent=self, parent_attempt=self.attempt).order_by("stage", "id")


class NotificationState(models.TextChoices):
    COMPLETED = JobState.COMPLETED.value
    FAILED = JobState.FAILED.value
    NEWS = "news"  # of no job


class NotificationQuerySet(models.QuerySet["Notification"]):
    def owned_by(self, user: User) -> NotificationQuerySet:
        return self.filter(owner=user)

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at__isnull=True)


class Notification(PublicModel):
    """What became of a job that someone asked for, or what others did with a thing of theirs.

    It goes when the job goes; anyone who takes away the thing it is about takes it away too.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="notifications", null=True, blank=True
    )
    # What it is about when that is no job: jobs knows no features, so they say it here.
    subject_id = models.UUIDField(null=True, blank=True)
    subject_kind = models.CharField(max_length=64, blank=True)
    subject_label = models.CharField(max_length=200, blank=True, help_text="for people")
    # Of its own, because a job that is retried forgets how it had ended.
    state = models.CharField(max_length=16, choices=NotificationState)
    message = models.TextField(blank=True, help_text="for people")
    path = models.CharField(max_length=200, blank=True, help_text="the page it leads to")
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="jobs_notification_newest"),
            # Counted on every page.
            models.Index(
                fields=["owner"],
                name="jobs_notification_unread",
                condition=models.Q(read_at__isnull=True),
            ),
            models.Index(
                fields=["subject_id"],
                name="jobs_notification_subject",
                condition=models.Q(subject_id__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(job__isnull=False, subject_id__isnull=True)
                | models.Q(job__isnull=True, subject_id__isnull=False),
                name="jobs_notification_is_about_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def kind(self) -> str:
        """Of the job, or of what it is about: "shootouts.comment". A query unless it is loaded."""
        return self.job.kind if self.job else self.subject_kind

    @property
    def label(self) -> str:
        """What it is about, for people. A query unless the job is loaded."""
        return self.job.label if self.job else self.subject_label


class ProcessRole(models.TextChoices):
    WEB = "web"
    WORKER = "worker"
    BEAT = "beat"


class ProcessQuerySet(models.QuerySet["Process"]):
    def alive(self) -> ProcessQuerySet:
        """Heard of within the last minute."""
        return self.filter(seen_at__gte=seconds_ago(ALIVE_WITHIN_S))

    def forgotten(self) -> ProcessQuerySet:
        """Gone for so long that they are not asked about any more."""
        return self.filter(seen_at__lt=seconds_ago(_REMEMBERED_S))


class Process(models.Model):
    """A process of GTS that is alive, or was a moment ago: it writes its row every few seconds.

    The database is asked rather than the broker, so that the answer is there at once, and also
    when the broker is away.
    """

    name = models.CharField(max_length=150, unique=True, help_text="role@host:pid")
    role = models.CharField(max_length=8, choices=ProcessRole)
    host = models.CharField(max_length=100)
    queues = models.JSONField(default=list, blank=True, help_text="what a worker takes jobs from")
    figures = models.JSONField(default=dict, blank=True, help_text="what it counts, for /metrics")
    # By the clock of the database; and what its own clock showed at that moment.
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    clock_at = models.DateTimeField(null=True, help_text="by its own clock, when it was seen")

    objects = ProcessQuerySet.as_manager()

    class Meta:
        ordering = ("role", "name")
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return self.name

    @property
    def clock_ahead_s(self) -> float:
        """How far its clock is before that of the database; behind it: negative."""
        if self.clock_at is None:
            return 0.0
        return (self.clock_at - self.seen_at).total_seconds()
