"""What people say about shootouts."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q

from accounts.models import User
from gear.search.index import COMMENT_INDEX
from gear.search.text import finding
from gts.web.models import PublicModel
from shootouts.models.shootout import Shootout, is_published

COMMENT_MAX_CHARS: Final = 2000


class HiddenBy(models.TextChoices):
    """What an operator has hidden only an operator shows again."""

    OWNER = "owner", "Owner of the shootout"
    OPERATOR = "operator", "Operator"


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, user: User | AnonymousUser) -> CommentQuerySet:
        """On shootouts that the user may see; what is hidden only for its author, the owner of the
        shootout, and operators."""
        published = is_published("shootout__")
        if isinstance(user, AnonymousUser):
            return self.filter(published, hidden_by="")
        found = self.filter(published | Q(shootout__owner=user))
        if user.is_staff:
            return found
        return found.filter(Q(hidden_by="") | Q(author=user) | Q(shootout__owner=user))

    def having(self, text: str) -> CommentQuerySet:
        """With the words in what they say, or with typos where none has them. For operators."""
        return finding(self, COMMENT_INDEX, text)

    def written_by(self, user: User | AnonymousUser) -> CommentQuerySet:
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(author=user)

    def moderated_by(self, user: User | AnonymousUser) -> CommentQuerySet:
        """Whom the user may silence: on their own shootouts; operators everywhere."""
        if isinstance(user, AnonymousUser):
            return self.none()
        return self if user.is_staff else self.filter(shootout__owner=user)

    def for_lists(self) -> CommentQuerySet:
        return self.select_related("author", "shootout__owner")


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
