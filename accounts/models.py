"""Users, their encrypted Tone 3000 tokens, and the audit trail."""

from __future__ import annotations

import uuid
from typing import Final

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.validators import RegexValidator
from django.db import models
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from gts.web.models import PublicModel

# Which there are is told by apps above this one.
AUDIO_INTERFACE_KEY: Final = r"^[a-z0-9-]+/[a-z]+$"


class User(AbstractUser):
    """Someone with an account, local or at Tone 3000.

    ``tone3000_id`` is text on purpose: the outside API has answered both UUIDs and numbers.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    username = models.CharField(
        _("username"),
        max_length=100,
        unique=True,
        validators=[AbstractUser.username_validator],
        error_messages={"unique": _("A user with that username already exists.")},
    )
    display_name = models.CharField(max_length=100, blank=True)
    tone3000_id = models.CharField(max_length=64, unique=True, null=True, blank=True)
    audio_interface = models.CharField(
        max_length=80,
        blank=True,
        validators=[RegexValidator(AUDIO_INTERFACE_KEY)],
        help_text="key of the audio interface chosen last; pages begin with its level",
    )

    class Meta:
        ordering = ("-date_joined", "-id")

    def __str__(self) -> str:
        return self.display_name or self.username


class Tone3000Tokens(models.Model):
    """One user's pair of tokens, encrypted by ``accounts.token_encryption``.

    Only ``accounts.tone3000.tokens`` reads or writes it. No row: never connected, or disconnected.
    ``encrypted`` empty: Tone 3000 refused the pair, and only the user can repair that.
    """

    user = models.OneToOneField(
        User, models.CASCADE, primary_key=True, related_name="tone3000_tokens"
    )
    encrypted = models.TextField(blank=True, editable=False)
    expires_at = models.DateTimeField()
    refreshed_at = models.DateTimeField()
    refresh_failed_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "Tone 3000 tokens"

    def __str__(self) -> str:
        return f"tokens of user {self.user_id}"


class AuditAction(models.TextChoices):
    LOGIN = "login", "logged in"
    LOGOUT = "logout", "logged out"
    LOGIN_FAILED = "login_failed", "login with Tone 3000 failed"
    PASSWORD_FAILED = "password_failed", "wrong password"
    LOGIN_SLOWED = "login_slowed", "too many wrong passwords"
    PASSWORD_CHANGED = "password_changed", "password changed"
    CONNECTED = "connected", "Tone 3000 connected"
    DISCONNECTED = "disconnected", "Tone 3000 disconnected"
    TOKENS_REFUSED = "tokens_refused", "Tone 3000 refused the tokens"
    USER_ID_ALARM = "user_id_alarm", "user ids of Tone 3000 changed their shape"
    DELETED = "deleted", "account deleted"
    EXPORTED = "exported", "data exported"
    API_TOKENS = "api_tokens", "API tokens issued"
    API_TOKEN_REVOKED = "token_revoked", "API token revoked"
    API_TOKEN_REUSED = "token_reused", "spent API token used again"
    SESSION_ENDED = "session_ended", "session ended from elsewhere"
    TWO_FACTOR_ON = "2fa_on", "two-factor login switched on"
    TWO_FACTOR_OFF = "2fa_off", "two-factor login switched off"
    TWO_FACTOR_REMOVED = "2fa_removed", "two-factor login removed by an operator"
    TWO_FACTOR_FAILED = "2fa_failed", "wrong code of two-factor login"
    BACKUP_CODE_USED = "2fa_backup_used", "backup code used"
    BACKUP_CODES_MADE = "2fa_backup_made", "backup codes made"
    PERSONAL_TOKEN_MADE = "pat_made", "personal access token made"
    PERSONAL_TOKEN_REVOKED = "pat_revoked", "personal access token revoked"


class UserSession(AbstractBaseSession):
    """A browser's session, kept by ``accounts.sessions.store``; with whose it is after a login.

    ``session_key`` is a digest of the key that the browser has.
    All columns are written again with every change of the session, so what they say is in its data.
    """

    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, db_index=True, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    browser = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return f"session of user {self.user_id}"

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        return store


class TokenFamily(models.Model):
    """Refresh tokens that descend from one login of a program, and the access tokens they bought.

    ``family`` is the id of the first. The row is needed until the last has expired by itself.
    """

    family = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    started_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    program = models.CharField(max_length=60, blank=True)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "token families"

    def __str__(self) -> str:
        return f"token family of user {self.user_id}"


class TokenScope(models.TextChoices):
    READ = "read", "Read only"
    WRITE = "write", "Read and write"


class PersonalAccessToken(PublicModel):
    """A token that a person made for a program: see ``accounts.tokens.personal``.

    Only its digest is kept; ``prefix`` is how its owner tells it from others.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="personal_access_tokens")
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=8, choices=TokenScope.choices)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=16, editable=False)
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.prefix}… of user {self.user_id}"


class TwoFactor(models.Model):
    """The second factor of a login (TOTP): see ``accounts.login.two_factor``.

    ``encrypted`` is its secret, encrypted by ``accounts.token_encryption``; of backup codes only
    digests are kept.
    ``confirmed_at`` is null until a first code was right. ``mark`` is what a session keeps that has
    shown a code. ``last_step``: of the newest code that was used, in steps of 30 s since 1970.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="two_factor")
    encrypted = models.TextField(editable=False)
    mark = models.UUIDField(default=uuid.uuid4, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(default=0, editable=False)
    backup_digests = models.JSONField(default=list, blank=True, editable=False)

    def __str__(self) -> str:
        return f"second factor of user {self.user_id}"


class AuditEntry(models.Model):
    """What happened to an account. Outlives it: then only ``user_uuid`` tells whose it was."""

    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=16, choices=AuditAction.choices)
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    user_uuid = models.UUIDField(null=True, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    detail = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name_plural = "audit trail"
        indexes = [
            models.Index(fields=["-at"], name="accounts_auditentry_at"),
            models.Index(fields=["user_uuid"], name="accounts_auditentry_user_uuid"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}, {self.at:%Y-%m-%d %H:%M}"


class IdempotentRequest(models.Model):
    """A POST with an ``Idempotency-Key``, and what was answered: see ``accounts.idempotency``.
    Or a form of a page, and the id of what it made: see ``accounts.idempotency``.

    ``status`` is null while it is being done. ``claim`` tells who is doing it: only they may write
    the answer.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    claim = models.UUIDField()
    claimed_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"], name="accounts_idempotentrequest_once_per_key"
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.pk} of user {self.user_id}"
