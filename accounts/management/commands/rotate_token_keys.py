"""``manage.py rotate_token_keys``: encrypt all tokens with the first key, so others can go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.login.two_factor import two_factor_reencrypt
from accounts.models import Tone3000Tokens, TwoFactor
from accounts.tone3000.tokens import tokens_reencrypt


class Command(BaseCommand):
    help = (
        "Encrypt all stored Tone 3000 tokens, and the secrets of two-factor logins, with the first "
        "key of GTS_TOKEN_KEYS. Put the new key first, restart everything, run this; after that "
        "the old key may be taken away."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        user_ids = list(
            Tone3000Tokens.objects.exclude(encrypted="").values_list("user_id", flat=True)
        )
        factor_ids = list(TwoFactor.objects.values_list("user_id", flat=True))
        num_broken = sum(not tokens_reencrypt(user_id=user_id) for user_id in user_ids)
        num_broken += sum(not two_factor_reencrypt(user_id=user_id) for user_id in factor_ids)
        num_all = len(user_ids) + len(factor_ids)
        self.stdout.write(f"{num_all - num_broken} of {num_all} encrypted again.")
        if num_broken:
            raise CommandError(
                f"No key in GTS_TOKEN_KEYS opens {num_broken}: bring the old key back, or let "
                "these users connect again (and take away their two-factor login: "
                "manage.py remove_second_factor)."
            )
