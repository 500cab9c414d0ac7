"""Erasing an account: all rows and files of a person, in every app."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import AuditEntry, User
from accounts.operators import operator_check_left
from accounts.personal_data import before_erasure
from accounts.services import DEMO_USERNAME
from gts.web.errors import ConflictError, ErrorDetail, InvalidInputError, NotFoundError

CONFIRM = "Type your user name to erase the account."


def user_erase(*, user: User, confirm: str, keeps_operator: bool = False) -> None:
    """Stop what runs for ``user``, delete their rows in one transaction, then their files.

    ``confirm`` is their user name, typed again. What others have too (the same file fetched from
    Tone 3000, gear of the demo) stays theirs. The audit trail keeps that there was an account and
    what happened to it, by a random id that no longer leads anywhere. A file that the storage does
    not give up now is found by ``prune_media``.
    Raises ``InvalidInputError``, and ``ConflictError`` for the demo user and, with
    ``keeps_operator``, for the last operator.
    """
    if confirm != user.username:
        detail = ErrorDetail("/confirm", "MISMATCH", CONFIRM)
        raise InvalidInputError(CONFIRM, details=[detail])
    if user.username == DEMO_USERNAME:
        raise ConflictError("The demo belongs to this server.", code="DEMO_USER")
    if keeps_operator:  # before anything of theirs is stopped
        operator_check_left([user.pk])
    for stop in before_erasure():
        stop(user)
    with transaction.atomic():
        if keeps_operator:
            operator_check_left([user.pk], locks=True)
        row = User.objects.select_for_update().filter(pk=user.pk).first()
        if row is None:
            raise NotFoundError("There is no such account.")
        OutstandingToken.objects.filter(user=row).delete()
        _forget_traces(row)
        row.delete()  # and by cascade everything of theirs; files go after the commit


def _forget_traces(user: User) -> None:
    AuditEntry.objects.filter(user_uuid=user.uuid).update(address=None, detail="")
    kind = ContentType.objects.get_for_model(User)
    about = LogEntry.objects.filter(content_type=kind, object_id=str(user.pk))
    about.update(object_repr="an erased account", change_message="")
