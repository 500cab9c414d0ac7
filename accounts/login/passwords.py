"""A new password, and what ends with the old one."""

from __future__ import annotations

from django.db import transaction

from accounts import audit
from accounts.models import AuditAction, User, UserSession
from accounts.tokens.families import families_alive, families_revoke
from accounts.tokens.personal import personal_tokens_revoke_all


@transaction.atomic
def password_change(
    *, user: User, password: str, ends_tokens: bool, address: str | None = None
) -> None:
    """Ends all sessions, access and refresh tokens; personal access tokens if ``ends_tokens``.

    Whether ``password`` is good enough is the form's to say.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    UserSession.objects.filter(user=user).delete()
    families_revoke(families_alive(user), address=address)
    if ends_tokens:
        personal_tokens_revoke_all(user=user, address=address)
    audit.record(AuditAction.PASSWORD_CHANGED, user=user, address=address)
