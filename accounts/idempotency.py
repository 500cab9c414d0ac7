"""What is sent twice is done once: a request of the API by its key, a form of a page by its own.

A request: a row is claimed before anything is done, and committed at once, so of two at the same
time one works and the other is told so. The answer is written under the same claim, and given again
later; a claim whose process died may be taken over after ``LOST_AFTER``, and then what the first
one would still write counts for nothing.

A form: each that makes something has a random key in it. The first to come with a form does the
work, in one transaction with a row that says so; who comes with the same form meanwhile waits for
it, and is answered alike. A form that was filled in differently since (“back” in a browser) is
another one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import IdempotentRequest, User
from gts.web.database import database_now
from gts.web.errors import ConflictError, InvalidInputError

KEPT_FOR: Final = timedelta(hours=24)
LOST_AFTER: Final = timedelta(minutes=2)

KEY_REUSED: Final = "This Idempotency-Key belongs to another request."
IN_PROGRESS: Final = "The request with this Idempotency-Key is still being done."

FORM_KEY_FIELD: Final = "form_key"
_CSRF_FIELD: Final = "csrfmiddlewaretoken"
_FORM_KEY_BYTES: Final = 16
# With a space, which no Idempotency-Key of the API may have.
_FORM_PREFIX: Final = "form "
_FORM_DONE: Final = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a request and to write down its answer."""

    row_id: int
    token: UUID


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """``body``: the JSON that was sent, or nothing."""

    status: int
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """``id``: what ``make`` said, now or the first time."""

    id: str
    is_new: bool


def request_claim(*, user: User, key: str, fingerprint: str) -> Claim | StoredAnswer:
    """What was answered already, or the right to do it now. Not inside a transaction.

    Raises ``InvalidInputError`` IDEMPOTENCY_KEY_REUSED for another request than the first one, and
    ``ConflictError`` IDEMPOTENCY_IN_PROGRESS.
    """
    now, token = database_now(), uuid4()
    fresh = {
        "fingerprint": fingerprint,
        "claim": token,
        "claimed_at": now,
        "status": None,
        "body": "",
        "headers": {},
    }
    row, is_new = IdempotentRequest.objects.get_or_create(user=user, key=key, defaults=fresh)
    if is_new:
        return Claim(row.pk, token)
    is_expired = row.claimed_at < now - KEPT_FOR
    if not is_expired and row.fingerprint != fingerprint:
        raise InvalidInputError(KEY_REUSED, code="IDEMPOTENCY_KEY_REUSED")
    if not is_expired and row.status is not None:
        return StoredAnswer(row.status, row.body, row.headers)
    is_lost = row.claimed_at < now - LOST_AFTER
    unchanged = IdempotentRequest.objects.filter(pk=row.pk, claim=row.claim, status=row.status)
    if is_lost and unchanged.update(**fresh) == 1:
        return Claim(row.pk, token)
    raise ConflictError(IN_PROGRESS, code="IDEMPOTENCY_IN_PROGRESS")


def request_complete(claim: Claim, answer: StoredAnswer) -> None:
    """Write down the answer, best in the transaction that does the work.

    Raises ``ConflictError`` IDEMPOTENCY_IN_PROGRESS when someone else has taken over.
    """
    num_written = _claimed(claim).update(
        status=answer.status, body=answer.body, headers=dict(answer.headers)
    )
    if num_written == 0:
        raise ConflictError(IN_PROGRESS, code="IDEMPOTENCY_IN_PROGRESS")


def request_release(claim: Claim) -> None:
    """It was not done: the next one may try with the same key."""
    _claimed(claim).delete()


def new_form_key() -> str:
    return secrets.token_urlsafe(_FORM_KEY_BYTES)


def make_once(request: HttpRequest, make: Callable[[], str]) -> Made:
    """Do ``make`` unless this very form was sent before. Raises what it raises: then nothing is
    noted, and the form may come again. A form without a key is done each time.
    """
    if not request.POST.get(FORM_KEY_FIELD):
        return Made(make(), is_new=True)
    digest = _digest_of_form(request)
    with transaction.atomic():
        row, is_new = IdempotentRequest.objects.get_or_create(
            user=cast(User, request.user),
            key=_FORM_PREFIX + digest,
            defaults={"fingerprint": digest, "claim": uuid4(), "claimed_at": database_now()},
        )
        if not is_new:
            return Made(row.body, is_new=False)
        row.body, row.status = make(), _FORM_DONE
        row.save(update_fields=["body", "status"])
        return Made(row.body, is_new=True)


def requests_prune() -> int:
    """Forget requests and forms of more than a day ago. Returns how many."""
    old = IdempotentRequest.objects.filter(claimed_at__lt=timezone.now() - KEPT_FOR)
    num_pruned, _ = old.delete()
    return num_pruned


def _claimed(claim: Claim) -> QuerySet[IdempotentRequest]:
    return IdempotentRequest.objects.filter(pk=claim.row_id, claim=claim.token, status=None)


def _digest_of_form(request: HttpRequest) -> str:
    """Of all that was sent, where to."""
    fields = {name: values for name, values in request.POST.lists() if name != _CSRF_FIELD}
    text = json.dumps([request.path, fields], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
