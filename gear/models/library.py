"""What users keep for themselves about gear that may be anybody's."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from accounts.models import User
from gear.models.item import Capture, FileState
from gear.search.text import MAX_WORDS
from gts.web.models import PublicModel


class LibraryEntryQuerySet(models.QuerySet["LibraryEntry"]):
    def of(self, user: User | AnonymousUser) -> LibraryEntryQuerySet:
        """What a user has saved and may still see. What is not shared any more has left."""
        if isinstance(user, AnonymousUser):
            return self.none()
        visible = Q(capture__gear__is_shared=True) | Q(capture__gear__owner=user)
        return self.filter(visible, user=user)

    def usable(self) -> LibraryEntryQuerySet:
        """As of captures."""
        return self.filter(capture__state=FileState.READY, capture__unsupported_reason="")

    def matching(self, text: str) -> LibraryEntryQuerySet:
        """Every word is somewhere in the nickname or the name of the file, or finds the gear.

        Narrow it by all else before.
        """
        saved = self.order_by().values("capture__gear")
        gear = apps.get_model("gear", "GearItem").objects.filter(pk__in=saved)
        found = self
        for word in text.split()[:MAX_WORDS]:
            found = found.filter(
                Q(nickname__icontains=word)
                | Q(capture__name__icontains=word)
                | Q(capture__gear__in=gear.having(word).order_by().values("pk"))
            )
        return found


class LibraryEntry(PublicModel):
    """A capture that a user has saved. Their own are saved by themselves once they are checked."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="library_entries"
    )
    capture = models.ForeignKey(Capture, on_delete=models.CASCADE, related_name="library_entries")
    nickname = models.CharField(max_length=100, blank=True)
    is_favorite = models.BooleanField(default=False)

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
