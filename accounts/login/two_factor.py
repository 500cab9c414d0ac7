"""The second factor of a login: codes of an app (TOTP, RFC 6238), and backup codes.

The arithmetic is pyotp's. What is kept lies here: the secret encrypted, each code good once, backup
codes as digests. Wrong codes are counted with wrong passwords (``accounts.login.passwords``).

Where the password was right and the code is still to come, nothing is logged in: the session only
remembers, for five minutes, who is to be asked.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import pyotp
from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import audit
from accounts.login.passwords import login_wait_s, login_wait_text, password_failed
from accounts.models import AuditAction, TwoFactor, User
from accounts.sessions.logins import current_login, logins_end_others
from accounts.token_encryption import DecryptionError, decrypt_secret, encrypt_secret, reencrypt
from gts.web.client_ip import client_address
from gts.web.errors import ConflictError, InvalidInputError, LimitError, NotFoundError
from gts.web.request_metrics import figures

# What an app shows beside its codes.
ISSUER: Final = "Guitar Tone Shootout"
NUM_BACKUP_CODES: Final = 10
WRONG_CODE: Final = "This code is wrong, was used before, or has expired."
BEGUN_ELSEWHERE: Final = "Another of your sessions has begun this too. Scan the code shown now."
# Of the session: which second factor it has shown a code of.
_MARK_KEY: Final = "second_factor"
# Of the session: which second factor it is setting up.
_BEGUN_KEY: Final = "second_factor_begun"
# Of the session: whose code is to come, and for how long.
_PENDING_KEY: Final = "pending_login"
_PENDING_FOR_S: Final = 300
# Steps of 30 s by which a phone's clock may be off.
_TOLERANCE_STEPS: Final = 1
# Without letters that look like digits. 24 of 31 are 118 bits: no digest needs to be slow.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_CODE_CHARS: Final = 24
# Modules of quiet around a QR code, as ISO 18004 asks for.
_QR_BORDER: Final = 4


@dataclass(frozen=True, slots=True)
class QRCode:
    """As the path of an SVG: drawn by the page itself, with nothing from elsewhere.

    ``size``: modules of an edge, with the border. ``path``: one square for each dark module.
    """

    size: int
    path: str


def two_factor_get(user: User) -> TwoFactor | None:
    """The second factor of ``user`` if it is switched on. One query."""
    return TwoFactor.objects.filter(user=user, confirmed_at__isnull=False).first()


def may_have_two_factor(user: User) -> bool:
    """Whom anything asks for a code: who has a password, and operators whom the admin asks. And who
    has one from when it did, to switch it off."""
    is_asked = user.has_usable_password() or (user.is_staff and is_needed_for_admin())
    return is_asked or two_factor_get(user) is not None


def is_needed_for_admin() -> bool:
    return bool(settings.GTS_ADMIN_TWO_FACTOR)


# Setting up


@transaction.atomic
def two_factor_begin(*, request: HttpRequest, user: User) -> tuple[TwoFactor, str]:
    """A second factor that is to be confirmed, and its secret; the same for this session until
    then. Another session gets another: it may not have been its owner who saw the first.

    Raises ``ConflictError`` where one is switched on.
    """
    User.objects.select_for_update().get(pk=user.pk)
    row = TwoFactor.objects.filter(user=user).first()
    if row is not None and row.confirmed_at is not None:
        raise ConflictError("Two-factor login is switched on already.")
    if row is not None:
        if request.session.get(_BEGUN_KEY) == str(row.mark):
            with suppress(DecryptionError):
                return row, decrypt_secret(row.encrypted, owner=user.uuid)
        row.delete()
    secret = pyotp.random_base32()
    encrypted = encrypt_secret(secret, owner=user.uuid)
    row = TwoFactor.objects.create(user=user, encrypted=encrypted)
    request.session[_BEGUN_KEY] = str(row.mark)
    return row, secret


def setup_url(user: User, secret: str) -> str:
    """What the QR code says."""
    totp = pyotp.TOTP(secret)
    return totp.provisioning_uri(name=user.get_username(), issuer_name=ISSUER)


def qr_code(text: str) -> QRCode:
    import segno  # one page shows it, and every web process would hold it

    rows = list(segno.make_qr(text, error="m").matrix_iter(border=_QR_BORDER))
    squares = (
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return QRCode(len(rows), "".join(squares))


def two_factor_confirm(*, request: HttpRequest, user: User, code: str) -> list[str]:
    """Switch it on with a first code of the app. Returns the backup codes, which are not seen
    again. Ends all other sessions, and programs: they came in without a code.

    Raises what ``code_check`` raises, ``NotFoundError``, and ``ConflictError`` where another
    session has begun to set it up since.
    """
    row = TwoFactor.objects.filter(user=user, confirmed_at=None).first()
    if row is None:
        raise NotFoundError("There is nothing to confirm.")
    if request.session.get(_BEGUN_KEY) != str(row.mark):
        raise ConflictError(BEGUN_ELSEWHERE)
    code_check(request=request, row=row, code=code)
    with transaction.atomic():
        codes = [_new_code() for _ in range(NUM_BACKUP_CODES)]
        row.confirmed_at = timezone.now()
        row.backup_digests = [_digest(one) for one in codes]
        row.save(update_fields=["confirmed_at", "backup_digests"])
        _record(AuditAction.TWO_FACTOR_ON, request, user)
        del request.session[_BEGUN_KEY]
        mark_session(request, row)
        address = client_address(request)
        logins_end_others(user=user, current=current_login(request), address=address)
    return codes


def backup_codes_renew(*, request: HttpRequest, row: TwoFactor) -> list[str]:
    """New ones; those from before are worthless."""
    codes = [_new_code() for _ in range(NUM_BACKUP_CODES)]
    with transaction.atomic():
        digests = [_digest(one) for one in codes]
        TwoFactor.objects.filter(pk=row.pk).update(backup_digests=digests)
        _record(AuditAction.BACKUP_CODES_MADE, request, row.user)
    return codes


@transaction.atomic
def two_factor_remove(*, user: User, address: str | None = None, by_operator: bool = False) -> None:
    """Raises ``NotFoundError`` where there is none."""
    num_removed, _ = TwoFactor.objects.filter(user=user).delete()
    if not num_removed:
        raise NotFoundError(f"{user.username} has no two-factor login.")
    action = AuditAction.TWO_FACTOR_REMOVED if by_operator else AuditAction.TWO_FACTOR_OFF
    audit.record(action, user=user, address=address)


def two_factor_reencrypt(*, user_id: int) -> bool:
    """Encrypt the secret with the newest key. ``False`` when no key opens it."""
    row = TwoFactor.objects.filter(pk=user_id).first()
    if row is None:
        return True
    try:
        encrypted = reencrypt(row.encrypted)
    except DecryptionError:
        return False
    TwoFactor.objects.filter(pk=row.pk, mark=row.mark).update(encrypted=encrypted)
    return True


# Logging in


def pending_begin(request: HttpRequest, user: User, next_url: str) -> None:
    """``user``: as ``authenticate`` gave it."""
    request.session[_PENDING_KEY] = {
        "user": user.pk,
        "backend": getattr(user, "backend", ""),
        "password": user.get_session_auth_hash(),
        "next": next_url,
        "at_s": time.time(),
    }


def pending_get(request: HttpRequest) -> tuple[TwoFactor, str] | None:
    """Whose code is to come, and where they want to go; ``None`` where there is no such login, or
    it took too long, or meanwhile the account was changed."""
    kept: dict[str, Any] | None = request.session.get(_PENDING_KEY)
    if kept is None or time.time() - kept["at_s"] > _PENDING_FOR_S:
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or not constant_time_compare(kept["password"], user.get_session_auth_hash()):
        return None
    row = two_factor_get(user)
    return None if row is None else (row, str(kept["next"]))


def pending_complete(request: HttpRequest, row: TwoFactor, code: str) -> None:
    """Log in by the code. Raises what ``code_check`` raises."""
    code_check(request=request, row=row, code=code)
    backend = request.session.pop(_PENDING_KEY)["backend"]
    login(request, row.user, backend=backend)
    mark_session(request, row)


def code_check(*, request: HttpRequest, row: TwoFactor, code: str) -> None:
    """Spend a code of the app, or a backup code: of two requests with one, one gets through.

    Raises ``LimitError`` after too many wrong ones, and ``InvalidInputError`` for a wrong one.
    """
    username = row.user.get_username()
    wait_s = login_wait_s(request, username)
    if wait_s > 0:
        figures.login_ended("slowed")
        raise LimitError(login_wait_text(wait_s), wait=wait_s)
    with transaction.atomic():
        locked = TwoFactor.objects.select_for_update().select_related("user").get(pk=row.pk)
        is_good = _spend(request, locked, "".join(code.split()).lower())
    if not is_good:
        password_failed(request, username, AuditAction.TWO_FACTOR_FAILED)
        raise InvalidInputError(WRONG_CODE, code="WRONG_CODE")


def mark_session(request: HttpRequest, row: TwoFactor) -> None:
    """The session has a new key then: one that was known before is worth no more than before."""
    request.session.cycle_key()
    request.session[_MARK_KEY] = str(row.mark)


def has_shown_code(request: HttpRequest, row: TwoFactor) -> bool:
    """Whether this session has shown a code of this second factor."""
    return bool(request.session.get(_MARK_KEY) == str(row.mark))


def _spend(request: HttpRequest, row: TwoFactor, code: str) -> bool:
    plain = code.replace("-", "")
    if plain.isascii() and plain.isdecimal() and len(plain) == 6:
        return _spend_app_code(row, plain)
    digest = _digest(plain)
    if digest not in row.backup_digests:
        return False
    row.backup_digests = [one for one in row.backup_digests if one != digest]
    row.save(update_fields=["backup_digests"])
    detail = f"{len(row.backup_digests)} left"
    _record(AuditAction.BACKUP_CODE_USED, request, row.user, detail)
    return True


def _spend_app_code(row: TwoFactor, code: str) -> bool:
    try:
        totp = pyotp.TOTP(decrypt_secret(row.encrypted, owner=row.user.uuid))
        step = totp.verify_and_get_timecode(code, valid_window=_TOLERANCE_STEPS)
    except (DecryptionError, pyotp.OTPVerificationError):
        return False
    unused = TwoFactor.objects.filter(pk=row.pk, last_step__lt=step)
    return bool(unused.update(last_step=step))


def _record(action: AuditAction, request: HttpRequest, user: User, detail: str = "") -> None:
    audit.record(action, user=user, address=client_address(request), detail=detail)


def _new_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_CHARS))
    return "-".join(letters[start : start + 4] for start in range(0, _CODE_CHARS, 4))


def _digest(code: str) -> str:
    return hashlib.sha256(code.replace("-", "").encode("utf-8", "replace")).hexdigest()
