"""Files that a render has published. Their public name is the row's UUID and tells nothing."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from accounts.models import User
from gts.web.models import PublicModel
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
