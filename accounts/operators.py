"""Operators: who may enter the admin and do everything there. One always stays."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from gts.web.errors import ConflictError

LAST_OPERATOR = (
    "This would leave no active superuser who may enter the admin. Make another one first: give an "
    "account “Active”, “Staff status” and “Superuser status”, or run manage.py createsuperuser."
)


def operators() -> QuerySet[User]:
    return User.objects.filter(is_active=True, is_staff=True, is_superuser=True)


def operator_check_left(losing: Any, *, locks: bool = False) -> None:
    """Raises ``ConflictError`` LAST_OPERATOR when no operator is left without ``losing``.

    ``losing``: keys of users, or a query of these. ``locks``, in a transaction: of two who each
    take the rights of the other, the second waits, and sees what the first has done.
    """
    if locks:  # always in the same order: two that lock each other would wait for ever
        list(operators().select_for_update().order_by("pk").values_list("pk"))
    going = operators().filter(pk__in=losing)
    if going.exists() and not operators().exclude(pk__in=losing).exists():
        raise ConflictError(LAST_OPERATOR, code="LAST_OPERATOR")
