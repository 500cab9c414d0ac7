"""Clean direct-input guitar recordings."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MinValueValidator
from django.db import models

from accounts.models import User
from gear.models.item import FileState
from gear.search.text import named
from gts.web.models import PublicModel


class ChannelRuleChoice(models.TextChoices):
    AUTO = "auto"
    LEFT = "left"
    RIGHT = "right"
    MIX = "mix"


class FindingSeverity(models.TextChoices):
    """Of what is in the report on a recording (``info``)."""

    NOTE = "note"
    WARNING = "warning"


class DITrackQuerySet(models.QuerySet["DITrack"]):
    def owned_by(self, user: User | AnonymousUser) -> DITrackQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def named(self, text: str) -> DITrackQuerySet:
        return named(self, text)

    def usable(self) -> DITrackQuerySet:
        """Inspected, and fit to render."""
        return self.filter(state=FileState.READY)

    def without_report(self) -> DITrackQuerySet:
        """Inspected by a version that made none."""
        return self.exclude(info__has_key="report")


class DITrack(PublicModel):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="di_tracks"
    )
    name = models.CharField(max_length=200)
    guitar = models.CharField(max_length=100, blank=True)
    pickup = models.CharField(max_length=100, blank=True)
    tuning = models.CharField(max_length=50, blank=True)
    bpm = models.FloatField(null=True, blank=True)
    notes = models.TextField(blank=True, max_length=4000)
    input_level_dbu = models.FloatField(
        null=True, blank=True, help_text="level at 0 dBFS in dBu, when known"
    )
    channel_rule = models.CharField(
        max_length=5,
        choices=ChannelRuleChoice,
        default=ChannelRuleChoice.AUTO,
        help_text="which channel of a stereo file goes into the amp",
    )
    start_s = models.FloatField(
        default=0.0, validators=[MinValueValidator(0.0)], help_text="where playing begins"
    )
    end_s = models.FloatField(
        null=True, blank=True, help_text="where playing ends; empty: at the end of the file"
    )

    file = models.FileField(max_length=200)
    file_name = models.CharField(max_length=200, help_text="the name it was uploaded with")
    sha256 = models.CharField(max_length=64, db_index=True)
    size_bytes = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=FileState, default=FileState.PENDING)

    # Filled in by the inspection.
    format = models.CharField(max_length=16, blank=True)
    sample_rate_hz = models.PositiveIntegerField(null=True, blank=True)
    num_channels = models.PositiveSmallIntegerField(null=True, blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    info = models.JSONField(
        default=dict, blank=True, help_text="jobs.pipeline.measure.probe.DIProbe"
    )

    objects = DITrackQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="shootouts_ditrack_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "sha256"], name="shootouts_ditrack_once_per_owner"
            ),
        ]

    def __str__(self) -> str:
        return self.name
