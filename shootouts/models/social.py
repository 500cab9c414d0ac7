"""What people say about shootouts."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models

from accounts.models import PublicModel
from shootouts.models.shootout import Shootout
from shootouts.querysets import CommentQuerySet

COMMENT_MAX_CHARS: Final = 2000


class HiddenBy(models.TextChoices):
    """What an operator has hidden only an operator shows again."""

    OWNER = "owner", "Owner of the shootout"
    OPERATOR = "operator", "Operator"


class Comment(PublicModel):
    """On a published shootout. It goes with its author, and with the shootout."""

    shootout = models.ForeignKey(Shootout, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comments"
    )
    text = models.TextField(
        max_length=COMMENT_MAX_CHARS, validators=[MaxLengthValidator(COMMENT_MAX_CHARS)]
    )
    edited_at = models.DateTimeField(null=True, blank=True)
    hidden_by = models.CharField(
        max_length=8, choices=HiddenBy, blank=True, help_text="empty: everybody may read it"
    )

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(
                fields=["shootout", "-created_at", "-id"], name="shootouts_comment_newest"
            ),
            models.Index(fields=["author", "-created_at"], name="shootouts_comment_of_author"),
            # For operators.
            models.Index(fields=["-created_at", "-id"], name="shootouts_comment_of_all"),
            models.Index(
                fields=["hidden_by", "-id"],
                condition=~models.Q(hidden_by=""),
                name="shootouts_comment_hidden",
            ),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:59]}…"

    @property
    def is_hidden(self) -> bool:
        return bool(self.hidden_by)
