from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # It imports models, which are there only now.
        from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
        from social_django.models import UserSocialAuth

        from accounts import audit
        from accounts.login import passwords
        from accounts.models import (
            AuditEntry,
            PersonalAccessToken,
            TokenFamily,
            Tone3000Tokens,
            TwoFactor,
            User,
            UserSession,
        )
        from accounts.personal_data import register_table
        from accounts.sessions import store

        audit.connect()
        passwords.connect()
        store.connect()
        register_table(User, owner="pk", hidden=("password",))
        register_table(UserSocialAuth, owner="user")
        register_table(Tone3000Tokens, owner="user", hidden=("encrypted",))
        register_table(OutstandingToken, owner="user", hidden=("token", "jti"))
        register_table(UserSession, owner="user", hidden=("session_key", "session_data"))
        register_table(TokenFamily, owner="user", hidden=("family",))
        register_table(PersonalAccessToken, owner="user", hidden=("digest",))
        hidden = ("encrypted", "mark", "last_step", "backup_digests")
        register_table(TwoFactor, owner="user", hidden=hidden)
        register_table(AuditEntry, owner="user")
