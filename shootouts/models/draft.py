"""Drafts: what the builder holds until a shootout is made of it, kept for every device."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q

from accounts.models import User
from gts.web.models import PublicModel, RevisedModel
from shootouts.models.shootout import Shootout


class DraftState(models.TextChoices):
    OPEN = "open"
    MADE = "made"  # its shootout is what it says


def _is_made() -> Q:
    return Q(shootout__isnull=False, made_revision=F("revision"))


class DraftQuerySet(models.QuerySet["Draft"]):
    def owned_by(self, user: User | AnonymousUser) -> DraftQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(owner=user)

    def in_state(self, state: str) -> DraftQuerySet:
        return self.filter(_is_made() if state == DraftState.MADE else ~_is_made())

    def for_lists(self) -> DraftQuerySet:
        """Without what they hold. One query."""
        return self.select_related("shootout").defer("document")


class Draft(RevisedModel, PublicModel):
    """``shootout``: the one it was made from or has become. It goes back to *open* when it is
    changed afterwards, or when its shootout is deleted."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts"
    )
    title = models.CharField(max_length=200, blank=True, help_text="as in its document")
    document = models.JSONField(help_text="shootouts.services.draft_document.DraftDocument")
    shootout = models.ForeignKey(
        Shootout, on_delete=models.SET_NULL, null=True, blank=True, related_name="drafts"
    )
    made_revision = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="of which its shootout was made last"
    )

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ("-updated_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-updated_at"], name="shootouts_draft_newest"),
            models.Index(fields=["updated_at"], name="shootouts_draft_untouched"),
        ]

    def __str__(self) -> str:
        return self.title or f"draft {self.uuid}"

    @property
    def state(self) -> DraftState:
        is_made = self.shootout_id is not None and self.made_revision == self.revision
        return DraftState.MADE if is_made else DraftState.OPEN
