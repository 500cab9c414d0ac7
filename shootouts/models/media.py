"""Sound, video and texts as files: what a render has published, previews of chains, and the cache.

The public name of a file is its row's UUID and tells nothing.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from gts.web.models import PublicModel
from jobs.models import Job
from shootouts.models.di_track import DITrack
from shootouts.models.shootout import Render, Segment, is_published


class RenderedFileKind(models.TextChoices):
    SEGMENT = "segment"
    MONTAGE = "montage"
    VIDEO = "video"
    THUMBNAIL = "thumbnail"
    CHAPTERS = "chapters"
    SUBTITLES_VTT = "subtitles_vtt"
    SUBTITLES_SRT = "subtitles_srt"


class RenderedFileQuerySet(models.QuerySet["RenderedFile"]):
    def visible_to(self, user: User | AnonymousUser) -> RenderedFileQuerySet:
        """One's own; for others, the files of a manifest of a published shootout."""
        published = Q(render__manifest__isnull=False) & is_published("render__shootout__")
        if isinstance(user, AnonymousUser):
            return self.filter(published)
        return self.filter(published | Q(render__shootout__owner=user))


class RenderedFile(PublicModel):
    render = models.ForeignKey(Render, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=16, choices=RenderedFileKind)
    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, null=True, blank=True, related_name="files"
    )
    file = models.FileField(max_length=200)
    name = models.CharField(max_length=200, help_text="offered when it is downloaded")
    content_type = models.CharField(max_length=100)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    info = models.JSONField(default=dict, blank=True)

    objects = RenderedFileQuerySet.as_manager()

    class Meta:
        ordering = ("render_id", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["render", "kind"],
                name="shootouts_renderedfile_once_per_render",
                condition=models.Q(segment__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["segment", "kind"],
                name="shootouts_renderedfile_once_per_segment",
                condition=models.Q(segment__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


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


class CachedAudio(models.Model):
    """The beginning of a chain or a segment before the level match, under the key of its recipe; or
    what is left of one published segment without another.

    Equal keys are equal samples, for everyone: a key is made of the SHA-256 of every input, so
    only those who have the inputs can name it. All of it can be computed again. It goes when the
    cache is full and it was not used for longest, and when one of its inputs is no one's any more.
    """

    key = models.CharField(max_length=64, unique=True)
    file = models.FileField(max_length=200)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(
        max_length=64, blank=True, help_text="empty: kept before it was noted"
    )
    described = models.JSONField(help_text="Prefix or SegmentRender of jobs.pipeline.render")
    used_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ("-used_at", "-id")
        verbose_name_plural = "cached audio"

    def __str__(self) -> str:
        return self.key[:12]


class CachedInput(models.Model):
    """A file that cached audio was made from."""

    audio = models.ForeignKey(CachedAudio, on_delete=models.CASCADE, related_name="inputs")
    sha256 = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["audio", "sha256"], name="shootouts_cachedinput_once_per_audio"
            ),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]
