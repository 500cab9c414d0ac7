"""The audit trail: who came and went, what was connected, and what was refused.

Rows say that something happened, never with which token, code or password.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import pre_delete
from django.http import HttpRequest

from accounts.models import AuditAction, AuditEntry, User
from gts.web.client_ip import client_address


def record(
    action: AuditAction,
    *,
    user: User | None = None,
    address: str | None = None,
    detail: str = "",
) -> None:
    AuditEntry.objects.create(
        action=action,
        user=user,
        user_uuid=user.uuid if user is not None else None,
        address=address,
        detail=detail[:100],
    )


def connect() -> None:
    """Logins, logouts and deletions are recorded however they come about."""
    user_logged_in.connect(_logged_in, dispatch_uid="accounts.audit")
    user_logged_out.connect(_logged_out, dispatch_uid="accounts.audit")
    pre_delete.connect(_deleted, sender=User, dispatch_uid="accounts.audit")


def _logged_in(request: HttpRequest, user: User, **_: Any) -> None:
    # The class by which they came: Tone3000OAuth2, or ModelBackend for local accounts.
    by = str(getattr(user, "backend", "")).rpartition(".")[2]
    record(AuditAction.LOGIN, user=user, address=client_address(request), detail=by)


def _logged_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        record(AuditAction.LOGOUT, user=user, address=client_address(request))


def _deleted(instance: User, **_: Any) -> None:
    # Without the row's key, which is about to be gone.
    AuditEntry.objects.create(action=AuditAction.DELETED, user_uuid=instance.uuid)
