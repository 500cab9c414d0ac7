"""What has been computed and may be needed again."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


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
