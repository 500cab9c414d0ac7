"""Passwords: what ends with an old one, which are refused, and how often one may be tried.

Refused is what is guessed first: nothing but words of this site (docs/security.md lists them), the
names of its hosts and one's own name, and a few characters or one word again and again.

Tries are counted for one account by one network, for one account by all, and for one network. Only
failures count, and a try that was not let through is none. So one who guesses at an account is
slowed down there, and others are not; guesses from many networks, or at many accounts, meet the
limits that are wider. A right password is refused while its turn has not come.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest

from accounts import audit
from accounts.models import AuditAction, User, UserSession
from accounts.tokens.families import families_alive, families_revoke
from accounts.tokens.personal import personal_tokens_revoke_all
from gts.web.client_ip import client_address
from gts.web.rate_limits import network_of_request
from gts.web.redis_away import TIMEOUT_S, ask
from gts.web.request_metrics import figures

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.storage import Storage
    from limits.strategies import MovingWindowRateLimiter

# In lower case.
CONTEXT_WORDS: Final = (
    "admin", "amplifier", "amp", "cabinet", "cab", "capture", "contender", "gts", "guitar",
    "impulse", "login", "music", "neural", "operator", "password", "recording", "render",
    "response", "shootout", "sound", "tone", "tone3000",
)  # fmt: skip
# Besides such words.
_MIN_OTHER_LETTERS: Final = 4
# Of a password of twelve characters; random ones have twice as many.
_MIN_DIFFERENT_CHARS: Final = 5
# Digits between and after them do not count, but two letters twice among digits are no word.
_MIN_REPEATED_LETTERS: Final = 8
# Of a user: what is a name, and what is long enough to be looked for, whole or in part.
_NAMES: Final = ("username", "display_name", "first_name", "last_name", "email")
_MIN_NAME_CHARS: Final = 2
_MIN_PART_CHARS: Final = 3

# Wrong tries. Of one account by one network: five at once, then one in twelve seconds at most and
# twenty in an hour.
_OF_BOTH: Final = ("5 per minute", "20 per hour")
_OF_ACCOUNT: Final = ("100 per hour",)
_OF_NETWORK: Final = ("50 per hour",)

_Key: TypeAlias = "tuple[RateLimitItem, tuple[str, ...]]"


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


class ContextWordsValidator:
    """One of Django's ``AUTH_PASSWORD_VALIDATORS``. Its own compares the whole password with the
    user name: *bobbobbobbob* is not much like *bob*."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ``ValidationError`` where hardly a letter is left without these words, or without
        the names of ``user``; and for what is repeated."""
        password = password.casefold()
        words = {*CONTEXT_WORDS, *_words_of_hosts()}
        self._check(password, words, self.get_help_text(), "context_words")
        text = "Your password can’t consist of your own name and words of this site alone."
        self._check(password, words | set(_names_of(user)), text, "own_name")
        if _is_repeated(password):
            text = "Your password can’t be the same few characters or one word again and again."
            raise ValidationError(text, code="password_of_repetitions")

    def _check(self, password: str, words: set[str], text: str, code: str) -> None:
        # The longest first: "amp" must not leave a rest of "amplifier".
        pattern = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
        rest, num_found = re.subn(pattern, "", password)
        if num_found and sum(char.isalpha() for char in rest) < _MIN_OTHER_LETTERS:
            raise ValidationError(text, code=f"password_of_{code}")

    def get_help_text(self) -> str:
        return (
            "Your password can’t consist of words of this site alone, "
            "such as guitar, tone or shootout."
        )


def _words_of_hosts() -> Iterator[str]:
    """Of the addresses by which the site is known: each part of their names."""
    for host in settings.ALLOWED_HOSTS:
        for part in re.split(r"[\W_]+", host.casefold()):
            if len(part) >= _MIN_PART_CHARS and not part.isdecimal():
                yield part


def _is_repeated(password: str) -> bool:
    if len(set(password)) < _MIN_DIFFERENT_CHARS:
        return True
    letters = "".join(char for char in password if char.isalpha())
    is_word = len(letters) >= _MIN_REPEATED_LETTERS and _is_of_one_piece(letters)
    return is_word or _is_of_one_piece(password)


def _is_of_one_piece(text: str) -> bool:
    """Whether it is one piece twice or more: then, and only then, it is found within itself."""
    return text in (text + text)[1:-1]


def _names_of(user: object) -> Iterator[str]:
    """Each name and each of its parts, forward and reversed, in lower case."""
    for attribute in _NAMES:
        name = str(getattr(user, attribute, "") or "").casefold()
        parts = [part for part in re.split(r"[\W\d_]+", name) if len(part) >= _MIN_PART_CHARS]
        for word in (name, *parts):
            if len(word) >= _MIN_NAME_CHARS:
                yield from (word, word[::-1])


class LoginLimitBackend:
    """First of the backends: ends the login before a password is looked at. It logs in no user."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, **_: Any
    ) -> None:
        if request is not None and username and login_wait_s(request, username) > 0:
            raise PermissionDenied


def login_wait_s(request: HttpRequest, username: str) -> float:
    """How long until a password may be tried for ``username``; 0: now."""
    return ask(partial(_wait_s, request, username), otherwise=0.0)


def _wait_s(request: HttpRequest, username: str) -> float:
    limiter = _limiter()
    waits_s = [0.0]
    for item, who in _keys(request, username):
        if not limiter.test(item, *who):
            waits_s.append(limiter.get_window_stats(item, *who).reset_time - time.time())
    # One that has nearly passed is not none.
    return max(waits_s) if len(waits_s) == 1 else max(*waits_s, 0.1)


def login_wait_text(wait_s: float) -> str:
    minutes = math.ceil(wait_s / 60)
    when = f"{math.ceil(wait_s)} seconds" if wait_s <= 90 else f"{minutes} minutes"
    return f"Too many wrong passwords. Try again in {when}."


def password_failed(
    request: HttpRequest, username: str, action: AuditAction = AuditAction.PASSWORD_FAILED
) -> None:
    """Count a wrong password, and note it in the audit trail of whose account it is.

    A wrong code of the second factor counts as one; ``action`` says so.
    """
    figures.login_ended("failed")
    user = User.objects.filter(username=username).first()
    address = client_address(request)
    # Not what was typed as a name: now and then that is a password.
    detail = "" if user is not None else "no such user"
    audit.record(action, user=user, address=address, detail=detail)
    ask(partial(_hit, request, username), otherwise=None)
    if login_wait_s(request, username) > 0:
        audit.record(AuditAction.LOGIN_SLOWED, user=user, address=address, detail=detail)


def _hit(request: HttpRequest, username: str) -> None:
    limiter = _limiter()
    for item, who in _keys(request, username):
        limiter.hit(item, *who)


def connect() -> None:
    """Counts wherever a password is tried."""
    user_login_failed.connect(_failed, dispatch_uid="accounts.login.passwords")
    user_logged_in.connect(_succeeded, dispatch_uid="accounts.login.passwords")


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    username = str(credentials.get("username") or "")
    if request is None or not username:
        return
    if login_wait_s(request, username) > 0:
        figures.login_ended("slowed")
    else:
        password_failed(request, username)


def _succeeded(request: HttpRequest, user: User, **_: Any) -> None:
    """One who knows the password is not slowed down there any more."""
    figures.login_ended("succeeded")
    ask(partial(_clear, request, user.username), otherwise=None)


def _clear(request: HttpRequest, username: str) -> None:
    limiter = _limiter()
    for item, who in _of_both(request, username):
        limiter.clear(item, *who)


def _keys(request: HttpRequest, username: str) -> Iterator[_Key]:
    yield from _of_both(request, username)
    for item in map(_limit, _OF_ACCOUNT):
        yield item, (_space(), "account", _account(username))
    for item in map(_limit, _OF_NETWORK):
        yield item, (_space(), "network", network_of_request(request))


def _of_both(request: HttpRequest, username: str) -> Iterator[_Key]:
    for item in map(_limit, _OF_BOTH):
        yield item, (_space(), "both", _account(username), network_of_request(request))


# What counts is loaded with the first login: most processes see none.


@cache
def _limit(text: str) -> RateLimitItem:
    import limits

    return limits.parse(text)


def _space() -> str:
    """As names of the cache have it: another for each test."""
    return str(settings.CACHES["default"].get("KEY_PREFIX", ""))


def _account(username: str) -> str:
    return hashlib.sha256(username.casefold().encode("utf-8", "replace")).hexdigest()[:32]


@cache
def _limiter() -> MovingWindowRateLimiter:
    from limits.strategies import MovingWindowRateLimiter

    return MovingWindowRateLimiter(_storage(settings.REDIS_URL))


def _storage(url: str) -> Storage:
    """Of this process alone in embedded mode, which has but one."""
    from limits.storage import MemoryStorage, storage_from_string

    if not url:
        return MemoryStorage()
    if url.startswith("unix://"):
        url = f"redis+{url}"
    timeouts_s = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    return storage_from_string(url, key_prefix="gts:logins", **timeouts_s)  # type: ignore[return-value]
