"""Files on their way in, piece by piece: what has come of each, and what became of it."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import User
from gear.models import Capture
from gear.models.item import FileState, GearKind
from gts.web.models import PublicModel
from jobs.models import Job, JobState
from shootouts.models.di_track import ChannelRuleChoice, DITrack

# A kind beside those of gear.
DI: Final = "di"


class UploadState(models.TextChoices):
    """What the row itself knows; ``Upload.shown_state`` also looks at what it became."""

    RECEIVING = "receiving", "Uploading"
    ARRIVED = "arrived", "Waiting to be sorted"
    SORTING = "sorting", "Being sorted"
    PLACED = "placed", "Placed"
    UNPACKED = "unpacked", "Unpacked"
    FAILED = "failed", "Failed"


# A job has it, or is about to.
IN_WORK: Final = (UploadState.ARRIVED, UploadState.SORTING)


class ShownState(models.TextChoices):
    UPLOADING = "uploading"
    SORTING = "sorting"
    CHECKING = "checking"
    READY = "ready"
    UNPACKED = "unpacked"
    FAILED = "failed"
    DELETED = "deleted"


class UploadKind(models.TextChoices):
    """What a file is to be. ``AUTO``: what its content and its name say."""

    AUTO = "", "What the file says"
    DI = DI, "DI track"
    AMP = GearKind.AMP.value, GearKind.AMP.label
    FULL_RIG = GearKind.FULL_RIG.value, GearKind.FULL_RIG.label
    PEDAL = GearKind.PEDAL.value, GearKind.PEDAL.label
    OUTBOARD = GearKind.OUTBOARD.value, GearKind.OUTBOARD.label
    CAB = GearKind.CAB.value, GearKind.CAB.label
    SPACE = GearKind.SPACE.value, GearKind.SPACE.label


# Who corrects a file says what it is.
KINDS_TO_CHOOSE: Final = [choice for choice in UploadKind.choices if choice[0]]


class UploadQuerySet(models.QuerySet["Upload"]):
    def owned_by(self, user: User | AnonymousUser) -> UploadQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def receiving(self) -> UploadQuerySet:
        return self.filter(state=UploadState.RECEIVING)

    def counted(self) -> UploadQuerySet:
        """Whose bytes count as kept. What is sorted is about to count as what it becomes."""
        return self.filter(
            state__in=[UploadState.RECEIVING, UploadState.ARRIVED, UploadState.FAILED]
        )

    def without_result(self) -> UploadQuerySet:
        """What they became is gone: deleted by its check, or by its owner."""
        return self.filter(state=UploadState.PLACED, di_track=None, capture=None)

    def with_results(self) -> UploadQuerySet:
        return self.select_related("job", "di_track", "capture__gear", "archive")


class Upload(PublicModel):
    """One file. Its bytes lie in ``parts`` until it has become something that was found good."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads"
    )
    file_name = models.CharField(max_length=200)
    folder = models.CharField(max_length=400, blank=True, help_text="where it lay in what came")
    length_bytes = models.PositiveBigIntegerField()
    offset_bytes = models.PositiveBigIntegerField(default=0)
    state = models.CharField(
        max_length=9, choices=UploadState, default=UploadState.RECEIVING, db_index=True
    )
    expires_at = models.DateTimeField(db_index=True)

    # As its owner wants it.
    kind = models.CharField(max_length=16, blank=True, choices=UploadKind)
    name = models.CharField(max_length=200, blank=True)
    channel_rule = models.CharField(max_length=5, blank=True, choices=ChannelRuleChoice)

    # What became of it. ``job``: the one that sorts it, then the one that checks it.
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="uploads"
    )
    di_track = models.ForeignKey(
        DITrack, on_delete=models.SET_NULL, null=True, blank=True, related_name="uploads"
    )
    capture = models.ForeignKey(
        Capture, on_delete=models.SET_NULL, null=True, blank=True, related_name="uploads"
    )
    is_known = models.BooleanField(default=False, help_text="its owner had the same file already")
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.CharField(max_length=1000, blank=True)
    archive = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="unpacked"
    )
    num_skipped = models.PositiveIntegerField(default=0, help_text="of an archive: not taken out")

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="shootouts_upload_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(offset_bytes__lte=models.F("length_bytes")),
                name="shootouts_upload_offset_within",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def shown_state(self) -> ShownState:
        match self.state:
            case UploadState.RECEIVING:
                return ShownState.UPLOADING
            case UploadState.ARRIVED | UploadState.SORTING:
                return ShownState.SORTING
            case UploadState.UNPACKED:
                return ShownState.UNPACKED
            case UploadState.FAILED:
                return ShownState.FAILED
        result = self.di_track or self.capture
        if result is not None:
            is_ready = result.state == FileState.READY
            return ShownState.READY if is_ready else ShownState.CHECKING
        # Its check deletes what is not good; what was good its owner has deleted.
        has_failed = self.job is not None and self.job.state == JobState.FAILED
        return ShownState.FAILED if has_failed else ShownState.DELETED

    @property
    def shown_error(self) -> tuple[str, str] | None:
        """Code and message, where it has failed."""
        if self.shown_state != ShownState.FAILED:
            return None
        if self.state == UploadState.FAILED or self.job is None:
            return self.error_code, self.error_message
        return self.job.error_code, self.job.error_message


class UploadPart(models.Model):
    """What one request has brought, as a file of its own: whole, or not there."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    offset_bytes = models.PositiveBigIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    file = models.FileField(max_length=200)

    class Meta:
        ordering = ("offset_bytes",)
        constraints = [
            models.UniqueConstraint(
                fields=["upload", "offset_bytes"], name="shootouts_uploadpart_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} from {self.offset_bytes}"
