"""What a chain sounds like over a DI track, to be heard while one builds it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

from accounts.models import User
from gts.web.models import PublicModel
from jobs.models import Job
from shootouts.models.di_track import DITrack


class PreviewState(models.TextChoices):
    RENDERING = "rendering"
    READY = "ready"
    FAILED = "failed"  # or cancelled; ask again to try again


class ChainPreviewQuerySet(models.QuerySet["ChainPreview"]):
    def owned_by(self, user: User | AnonymousUser) -> ChainPreviewQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)


class ChainPreview(PublicModel):
    """One for each content of a chain and each DI of its owner; it goes when no one asks for it.

    ``file`` is empty until its job has rendered it.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chain_previews"
    )
    # What was made of a recording goes with it.
    di_track = models.ForeignKey(DITrack, on_delete=models.CASCADE, related_name="previews")
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="chain_previews"
    )
    name = models.CharField(max_length=200, help_text="offered when it is downloaded")

    # Frozen when it is queued, as those of a segment.
    recipe = models.JSONField(help_text="jobs.pipeline.recipe.SegmentRecipe")
    sources = models.JSONField(help_text="storage names of the recipe's inputs, by SHA-256")
    render_key = models.CharField(max_length=64, help_text="equal keys have equal samples")

    file = models.FileField(max_length=200, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    loudness_lufs = models.FloatField(null=True, blank=True)
    gain_db = models.FloatField(null=True, blank=True, help_text="of the level match")
    used_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = ChainPreviewQuerySet.as_manager()

    class Meta:
        ordering = ("-used_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "render_key"], name="shootouts_chainpreview_once_per_content"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> PreviewState:
        """A query unless its job has been loaded."""
        if self.file:
            return PreviewState.READY
        is_under_way = self.job is not None and not self.job.is_finished
        return PreviewState.RENDERING if is_under_way else PreviewState.FAILED
