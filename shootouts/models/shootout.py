"""A shootout: 1–8 DI tracks × 2–27 chains, and what rendering it has made."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.models import PublicModel, RevisedModel
from gear.models import SignalChain
from jobs.models import Job
from shootouts.models.di_track import DITrack
from shootouts.querysets import (
    ManifestIsImmutableError,
    ManifestQuerySet,
    RenderQuerySet,
    SegmentQuerySet,
    ShootoutQuerySet,
)


class ShootoutState(models.TextChoices):
    DRAFT = "draft"
    QUEUED = "queued"
    RENDERING = "rendering"
    COMPLETED = "completed"
    PARTIAL = "partial"  # some segments failed; the good ones are usable
    FAILED = "failed"
    CANCELLED = "cancelled"


class Visibility(models.TextChoices):
    PRIVATE = "private"
    UNLISTED = "unlisted"
    PUBLIC = "public"


class Order(models.TextChoices):
    SEQUENTIAL = "sequential"
    ALTERNATING = "alternating"


class InputModeChoice(models.TextChoices):
    AUTO = "auto"
    CALIBRATED = "calibrated"
    NORMALIZED = "normalized"
    RAW = "raw"


class Theme(models.TextChoices):
    DARK = "dark"
    LIGHT = "light"


class Shootout(RevisedModel, PublicModel):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shootouts"
    )
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=4000)
    state = models.CharField(max_length=16, choices=ShootoutState, default=ShootoutState.DRAFT)
    visibility = models.CharField(
        max_length=16, choices=Visibility, default=Visibility.PRIVATE, db_index=True
    )

    playback_order = models.CharField(max_length=16, choices=Order, default=Order.SEQUENTIAL)
    slice_s = models.FloatField(
        default=4.0, validators=[MinValueValidator(1.0), MaxValueValidator(60.0)]
    )
    target_loudness_lufs = models.FloatField(
        default=-14.0, validators=[MinValueValidator(-40.0), MaxValueValidator(-6.0)]
    )
    input_mode = models.CharField(
        max_length=16, choices=InputModeChoice, default=InputModeChoice.AUTO
    )
    has_video = models.BooleanField(default=True)
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.DARK)
    is_aligned = models.BooleanField(
        default=True, help_text="contenders are moved to begin together"
    )

    latest_render = models.ForeignKey(
        "Render", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    published_render = models.ForeignKey(
        "Render",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="the newest run that has a manifest: what everybody sees",
    )
    published_at = models.DateTimeField(null=True, blank=True, help_text="of published_render")
    contender_labels = models.TextField(
        blank=True, editable=False, help_text="of its contenders, for the search"
    )

    objects = ShootoutQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="shootouts_shootout_newest"),
            models.Index(
                fields=["-published_at", "-id"],
                name="shootouts_shootout_public",
                condition=models.Q(visibility="public"),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_rendering(self) -> bool:
        return self.state in (ShootoutState.QUEUED, ShootoutState.RENDERING)

    @property
    def is_unfinished(self) -> bool:
        """The last render ended and left something undone, which can be retried alone."""
        return self.state in (
            ShootoutState.PARTIAL,
            ShootoutState.FAILED,
            ShootoutState.CANCELLED,
        )


class ShootoutDI(models.Model):
    """A DI track's place in a shootout. The track may be deleted; what it rendered stays."""

    shootout = models.ForeignKey(Shootout, on_delete=models.CASCADE, related_name="dis")
    di_track = models.ForeignKey(
        DITrack, on_delete=models.SET_NULL, null=True, blank=True, related_name="shootout_dis"
    )
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("shootout_id", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["shootout", "position"], name="shootouts_shootoutdi_position"
            ),
        ]

    def __str__(self) -> str:
        return f"DI {self.position + 1} of {self.shootout_id}"


class Contender(PublicModel):
    """One chain's place in a shootout. The chain may be deleted; what it rendered stays."""

    shootout = models.ForeignKey(Shootout, on_delete=models.CASCADE, related_name="contenders")
    chain = models.ForeignKey(
        SignalChain, on_delete=models.SET_NULL, null=True, blank=True, related_name="contenders"
    )
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=200)

    class Meta:
        ordering = ("shootout_id", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["shootout", "position"], name="shootouts_contender_position"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Render(PublicModel):
    """One run of a shootout. A re-run is a new row; files of earlier runs are never touched."""

    shootout = models.ForeignKey(Shootout, on_delete=models.CASCADE, related_name="renders")
    version = models.PositiveIntegerField()
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="renders"
    )
    # Frozen when it is queued, so that editing a chain or a title meanwhile changes nothing.
    info = models.JSONField(help_text="jobs.pipeline.shootout.ShootoutInfo")

    objects = RenderQuerySet.as_manager()

    class Meta:
        ordering = ("shootout_id", "-version")
        constraints = [
            models.UniqueConstraint(
                fields=["shootout", "version"], name="shootouts_render_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shootout} v{self.version}"

    @property
    def lacks_video(self) -> bool:
        """Its audio is published and all has ended; a video was wanted, and there is none."""
        is_over = self.job is None or self.job.is_finished
        return (
            is_over
            and bool(self.info["options"]["has_video"])
            and hasattr(self, "manifest")
            and not self.files.filter(kind="video").exists()
        )


class SegmentState(models.TextChoices):
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Segment(PublicModel):
    """One DI track through one contender, in one render.

    It names both by their index in ``Render.info``, so it outlives the rows it came from.
    """

    render = models.ForeignKey(Render, on_delete=models.CASCADE, related_name="segments")
    di_index = models.PositiveSmallIntegerField()
    contender_index = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=16, choices=SegmentState, default=SegmentState.PENDING)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True, help_text="for people")

    recipe = models.JSONField(help_text="jobs.pipeline.recipe.SegmentRecipe")
    sources = models.JSONField(help_text="storage names of the recipe's inputs, by SHA-256")
    render_key = models.CharField(
        max_length=64, db_index=True, help_text="equal keys have equal samples"
    )
    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ("render_id", "di_index", "contender_index")
        constraints = [
            models.UniqueConstraint(
                fields=["render", "di_index", "contender_index"],
                name="shootouts_segment_once_per_render",
            ),
        ]

    def __str__(self) -> str:
        return f"segment {self.di_index + 1}/{self.contender_index + 1} of {self.render_id}"


class Manifest(PublicModel):
    """Written once when a render is complete: the only thing that published pages read."""

    render = models.OneToOneField(Render, on_delete=models.CASCADE, related_name="manifest")
    schema_version = models.PositiveSmallIntegerField()
    data = models.JSONField()

    objects = ManifestQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"manifest of {self.render_id}"

    def save(self, **options: Any) -> None:
        if not self._state.adding:
            raise ManifestIsImmutableError
        super().save(**options)
