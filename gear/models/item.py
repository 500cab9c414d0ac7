"""Gear, and the files that capture it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import PublicModel
from gear.querysets import CaptureQuerySet, GearItemQuerySet


class GearKind(models.TextChoices):
    AMP = "amp", "Amp head"
    FULL_RIG = "full_rig", "Full rig (cab baked in)"
    PEDAL = "pedal", "Pedal"
    OUTBOARD = "outboard", "Outboard"
    CAB = "cab", "Cabinet IR"
    SPACE = "space", "Space"


class GearSource(models.TextChoices):
    UPLOAD = "upload", "Uploaded"
    DEMO = "demo", "Demo pack"
    TONE3000 = "tone3000", "Tone 3000"


class GearItem(PublicModel):
    """One piece of gear, whatever its source."""

    # Shared gear of the demo pack belongs to the demo user.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="gear_items"
    )
    kind = models.CharField(max_length=16, choices=GearKind)
    name = models.CharField(max_length=200)
    make = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True, max_length=4000)
    creator = models.CharField(max_length=200, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=16, choices=GearSource, default=GearSource.UPLOAD)
    source_url = models.URLField(blank=True, max_length=500)
    is_shared = models.BooleanField(default=False, help_text="everybody may see and use it")

    objects = GearItemQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="gear_gearitem_owner_newest"),
            models.Index(fields=["kind", "-created_at"], name="gear_gearitem_kind_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.make} {self.name}".strip()


class CaptureFormat(models.TextChoices):
    NAM = "nam", "NAM model"
    IR = "ir", "Impulse response"


class FileStatus(models.TextChoices):
    """Uploads may be used only after a worker has looked inside."""

    PENDING = "pending", "Being checked"
    READY = "ready", "Ready"


class Capture(PublicModel):
    """One concrete file of a gear item, known by its SHA-256. The file goes when the row goes."""

    gear = models.ForeignKey(GearItem, on_delete=models.CASCADE, related_name="captures")
    format = models.CharField(max_length=8, choices=CaptureFormat)
    name = models.CharField(max_length=200, help_text="the name its file came with")
    file = models.FileField(max_length=200)
    sha256 = models.CharField(max_length=64, db_index=True)
    size_bytes = models.PositiveBigIntegerField()
    status = models.CharField(max_length=8, choices=FileStatus, default=FileStatus.PENDING)
    unsupported_reason = models.CharField(max_length=300, blank=True)

    # Filled in by the inspection; null means unknown, never zero.
    architecture = models.CharField(max_length=32, blank=True)
    format_version = models.CharField(max_length=16, blank=True)
    sample_rate_hz = models.PositiveIntegerField(null=True, blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    input_level_dbu = models.FloatField(null=True, blank=True)
    output_level_dbu = models.FloatField(null=True, blank=True)
    info = models.JSONField(default=dict, blank=True, help_text="what the inspection found")

    objects = CaptureQuerySet.as_manager()

    class Meta:
        ordering = ("gear_id", "id")
        constraints = [
            models.UniqueConstraint(fields=["gear", "sha256"], name="gear_capture_once_per_gear"),
        ]

    def __str__(self) -> str:
        return self.name
