"""Comments on published shootouts: written by anybody who is logged in, hidden by who may."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models.signals import post_delete
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from gts.web.errors import ConflictError, ErrorDetail, InvalidInputError, LimitError
from jobs.live.notifications import notification_create, notifications_withdraw
from shootouts.models import Comment, Shootout
from shootouts.models.social import COMMENT_MAX_CHARS, HiddenBy

NOTICE_KIND: Final = "shootouts.comment"
_HOUR_S: Final = 3600
_MAX_AT_ONCE: Final = 200
# Control characters and halves of characters, and what turns the direction of the text around it.
_UNWANTED: Final = frozenset({"Cc", "Cs"})
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def comment_create(*, shootout: Shootout, author: User, text: str) -> Comment:
    """Say something about a published shootout; its owner hears of it.

    Raises ``InvalidInputError``, ``ConflictError`` NOT_PUBLISHED, and ``LimitError``
    TOO_MANY_COMMENTS for who writes more than ``GTS_COMMENTS_PER_HOUR``.
    """
    text = _checked(text)
    _take_turn(author)
    with transaction.atomic():
        # It may have turned private since it was looked up.
        published = Shootout.objects.published().select_related("owner").filter(pk=shootout.pk)
        found = published.first()
        if found is None:
            message = "Only published shootouts can be commented on."
            raise ConflictError(message, code="NOT_PUBLISHED")
        comment = Comment.objects.create(shootout=found, author=author, text=text)
        if found.owner_id != author.pk:
            notification_create(
                owner=found.owner,
                kind=NOTICE_KIND,
                subject_id=comment.uuid,
                label=found.title,
                message=f"{author} has commented.",
                path=f"{reverse('shootout-detail', args=[found.uuid])}#comments",
            )
    return comment


def comment_update(*, comment: Comment, text: str) -> Comment:
    """By its author. What is hidden stays hidden. Raises as ``comment_create``."""
    text = _checked(text)
    if text == comment.text:
        return comment
    _take_turn(comment.author)
    with transaction.atomic():
        comment.text = text
        comment.edited_at = timezone.now()
        comment.save(update_fields=["text", "edited_at", "updated_at"])
    return comment


def comment_delete(*, comment: Comment) -> None:
    with transaction.atomic():
        comment.delete()


def comment_hide(*, comment: Comment, by: User) -> Comment:
    """Only its author, the owner of the shootout and operators read it then. Twice is harmless."""
    hidden_by = _role(comment, by)
    with transaction.atomic():
        rows = Comment.objects.filter(pk=comment.pk)
        if hidden_by == HiddenBy.OWNER:  # never less than what an operator has decided
            rows = rows.exclude(hidden_by=HiddenBy.OPERATOR)
        rows.update(hidden_by=hidden_by, updated_at=timezone.now())
    comment.refresh_from_db(fields=["hidden_by", "updated_at"])
    return comment


def comment_unhide(*, comment: Comment, by: User) -> Comment:
    """Everybody may read it again. Raises ``ConflictError`` HIDDEN_BY_OPERATOR for the owner of the
    shootout when an operator has hidden it."""
    with transaction.atomic():
        rows = Comment.objects.filter(pk=comment.pk)
        if _role(comment, by) == HiddenBy.OWNER:
            rows = rows.exclude(hidden_by=HiddenBy.OPERATOR)
        if not rows.update(hidden_by="", updated_at=timezone.now()):
            message = "An operator has hidden this comment."
            raise ConflictError(message, code="HIDDEN_BY_OPERATOR")
    comment.refresh_from_db(fields=["hidden_by", "updated_at"])
    return comment


def comments_moderate(*, comments: Iterable[Comment], by: User, is_hidden: bool) -> int:
    """An operator hides many, or shows them again. Returns how many there were. All or none."""
    num, left = 0, iter(comments)
    with transaction.atomic():
        while keys := [comment.pk for comment in islice(left, _MAX_AT_ONCE)]:
            num += _moderate(keys, by, is_hidden=is_hidden)
    return num


def _moderate(keys: list[int], by: User, *, is_hidden: bool) -> int:
    """As ``comment_hide`` and ``comment_unhide`` do it, in one statement."""
    rows = Comment.objects.filter(pk__in=keys)
    role = HiddenBy.OPERATOR if by.is_staff else HiddenBy.OWNER
    if role == HiddenBy.OWNER:
        rows = rows.exclude(hidden_by=HiddenBy.OPERATOR)
    return rows.update(hidden_by=role if is_hidden else "", updated_at=timezone.now())


def connect() -> None:
    """Comments go by cascades from their author and their shootout too: only a signal sees all."""
    post_delete.connect(_withdraw_news, sender=Comment, dispatch_uid="shootouts.comment_news")


def _withdraw_news(instance: Comment, **_: Any) -> None:
    notifications_withdraw(subject_ids=[instance.uuid])


def _role(comment: Comment, user: User) -> HiddenBy:
    """As an operator one decides for all, on one's own shootout too."""
    return HiddenBy.OPERATOR if user.is_staff else HiddenBy.OWNER


def _checked(text: str) -> str:
    """As it is stored: lines end in one way, and nothing in it is invisible trickery."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    clean = "".join(
        mark
        for mark in lines
        if mark == "\n" or (unicodedata.category(mark) not in _UNWANTED and mark not in _BIDI)
    ).strip()
    if not clean:
        raise _invalid("REQUIRED", "Say something.")
    if len(clean) > COMMENT_MAX_CHARS:
        raise _invalid("MAX_LENGTH", f"A comment has {COMMENT_MAX_CHARS} characters at most.")
    return clean


def _invalid(code: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, details=[ErrorDetail("/text", code, message)])


def _take_turn(author: User) -> None:
    """Counted in the cache and not in rows: who deletes what they wrote has written it anyway."""
    now_s = time.time()
    key = f"comments.{author.pk}.{int(now_s // _HOUR_S)}"
    cache.add(key, 0, timeout=_HOUR_S)
    try:
        num_written = cache.incr(key)
    except ValueError:  # it has run out between the two lines
        return
    if num_written > settings.GTS_COMMENTS_PER_HOUR:
        raise LimitError(
            "You have written a lot in the last hour. Try again later.",
            code="TOO_MANY_COMMENTS",
            wait=_HOUR_S - now_s % _HOUR_S,
        )
