"""What users keep for themselves about gear that may be anybody's."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import PublicModel
from gear.models.item import Capture
from gear.querysets import LibraryEntryQuerySet


class LibraryEntry(PublicModel):
    """A capture that a user has saved. Their own are saved by themselves once they are checked."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="library_entries"
    )
    capture = models.ForeignKey(Capture, on_delete=models.CASCADE, related_name="library_entries")
    nickname = models.CharField(max_length=100, blank=True)
    is_favourite = models.BooleanField(default=False)

    objects = LibraryEntryQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "library entries"
        indexes = [
            models.Index(fields=["user", "-created_at"], name="gear_libraryentry_user_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "capture"], name="gear_libraryentry_once_per_capture"
            ),
        ]

    def __str__(self) -> str:
        return self.nickname or f"entry {self.uuid}"
