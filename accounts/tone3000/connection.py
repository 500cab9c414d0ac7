"""The end of a connection to Tone 3000, and whether an account can do without it."""

from __future__ import annotations

from django.db import transaction
from social_django.models import UserSocialAuth

from accounts import audit
from accounts.models import AuditAction, User
from accounts.selectors import TONE3000
from accounts.services import LOCAL_USERNAME
from accounts.tone3000.tokens import tokens_forget


@transaction.atomic
def tone3000_disconnect(*, user: User, address: str | None = None) -> None:
    """Forget the tokens; and who they are at Tone 3000 too, unless it is their only way in."""
    tokens_forget(user=user)
    if has_other_login(user):
        UserSocialAuth.objects.filter(user=user, provider=TONE3000).delete()
        user.tone3000_id = None
        user.save(update_fields=["tone3000_id"])
    audit.record(AuditAction.DISCONNECTED, user=user, address=address)


def has_other_login(user: User) -> bool:
    """Whether ``user`` can come in without Tone 3000."""
    return user.has_usable_password() or user.username == LOCAL_USERNAME
