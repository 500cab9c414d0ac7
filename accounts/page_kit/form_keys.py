"""A form of a page that is sent twice makes what it makes once.

Each form that makes something has a random key in it. The first to come with a form does the work,
in one transaction with a row that says so; who comes with the same form meanwhile waits for it, and
is answered alike. A form that was filled in differently since (“back” in a browser) is another one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast
from uuid import uuid4

from django.db import transaction
from django.http import HttpRequest

from accounts.models import IdempotentRequest, User
from gts.web.clock import database_now

FIELD: Final = "form_key"
_CSRF_FIELD: Final = "csrfmiddlewaretoken"
_NUM_BYTES: Final = 16
# With a space, which no Idempotency-Key of the API may have.
_PREFIX: Final = "form "
_DONE: Final = 200


@dataclass(frozen=True, slots=True)
class Made:
    """``id``: what ``make`` said, now or the first time."""

    id: str
    is_new: bool


def new_form_key() -> str:
    return secrets.token_urlsafe(_NUM_BYTES)


def make_once(request: HttpRequest, make: Callable[[], str]) -> Made:
    """Do ``make`` unless this very form was sent before. Raises what it raises: then nothing is
    noted, and the form may come again. A form without a key is done each time.
    """
    if not request.POST.get(FIELD):
        return Made(make(), is_new=True)
    digest = _digest(request)
    with transaction.atomic():
        row, is_new = IdempotentRequest.objects.get_or_create(
            user=cast(User, request.user),
            key=_PREFIX + digest,
            defaults={"fingerprint": digest, "claim": uuid4(), "claimed_at": database_now()},
        )
        if not is_new:
            return Made(row.body, is_new=False)
        row.body, row.status = make(), _DONE
        row.save(update_fields=["body", "status"])
        return Made(row.body, is_new=True)


def _digest(request: HttpRequest) -> str:
    """Of all that was sent, where to."""
    fields = {name: values for name, values in request.POST.lists() if name != _CSRF_FIELD}
    text = json.dumps([request.path, fields], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
