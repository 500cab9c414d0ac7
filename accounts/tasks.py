"""What is due from time to time: tokens kept alive, and what no one needs any more thrown away.

How long an unused refresh token lives is not known. A pair that no one has used for a week is
refreshed once, as long as its owner has logged in within a month: after that it may die, and cost
them one click. Keeping everybody's alive for ever would hold access to accounts of people who have
left, and every refresh is a chance to lose one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from celery import shared_task
from django.db import close_old_connections
from django.utils import timezone
from social_django.models import Nonce

from accounts.idempotency import requests_prune
from accounts.models import AuditEntry, User, UserSession
from accounts.tokens.families import tokens_prune
from accounts.tokens.personal import personal_tokens_prune
from accounts.tone3000.tokens import access_token
from gts.web.errors import ReconnectNeededError, TokenServiceUnavailableError

logger = logging.getLogger(__name__)

IDLE_AFTER: Final = timedelta(days=7)
GONE_AFTER: Final = timedelta(days=30)
AUDIT_KEPT: Final = timedelta(days=365)
_NONCE_KEPT_S: Final = 24 * 3600
# Of Tone 3000's hundred calls a minute, most are for people who wait.
_MAX_REFRESHES: Final = 60

_cleanups: Final[dict[str, Callable[[], int]]] = {}


def register_cleanup(name: str, cleanup: Callable[[], int]) -> None:
    """``cleanup`` throws away what apps above this one need no longer, and says how much that was.
    Called from ``AppConfig.ready``."""
    _cleanups[name] = cleanup


@shared_task(name="accounts.clean_up")
def run_cleanup() -> None:
    close_old_connections()
    try:
        clean_up()
    finally:
        close_old_connections()


def clean_up() -> None:
    """Harmless to run twice, or at once on two hosts."""
    num_refreshed = tokens_keep_alive()
    # Of logins that were begun and given up; their state is good for half an hour.
    num_nonces, _ = Nonce.objects.filter(timestamp__lt=int(time.time()) - _NONCE_KEPT_S).delete()
    num_sessions, _ = UserSession.objects.filter(expire_date__lt=timezone.now()).delete()
    too_old = timezone.now() - AUDIT_KEPT
    num_entries, _ = AuditEntry.objects.filter(at__lt=too_old).delete()
    num_requests = requests_prune()
    tokens_prune()
    personal_tokens_prune()
    for name, cleanup in _cleanups.items():
        logger.info("cleanup: %d %s expired", cleanup(), name)
    logger.info(
        "cleanup: %d tokens refreshed, %d logins given up, %d sessions, %d audit entries and "
        "%d answers to repeated requests expired",
        num_refreshed,
        num_nonces,
        num_sessions,
        num_entries,
        num_requests,
    )


def tokens_keep_alive() -> int:
    """Refresh pairs that lie idle, the idlest first. Returns how many. One failure ends it."""
    now = timezone.now()
    idle = User.objects.filter(
        is_active=True,
        last_login__gte=now - GONE_AFTER,
        tone3000_tokens__refreshed_at__lt=now - IDLE_AFTER,
        tone3000_tokens__expires_at__lt=now,
    ).exclude(tone3000_tokens__encrypted="")
    num_refreshed = 0
    for user in idle.order_by("tone3000_tokens__refreshed_at")[:_MAX_REFRESHES]:
        try:
            access_token(user)
        except ReconnectNeededError:
            continue
        except TokenServiceUnavailableError:
            logger.warning("cleanup: Tone 3000 does not answer, so idle tokens wait")
            break
        num_refreshed += 1
    return num_refreshed
