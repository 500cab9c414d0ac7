"""``manage.py rotate_token_keys``: seal every token with the first key, so others can go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Tone3000Tokens
from accounts.tokens import tokens_reseal


class Command(BaseCommand):
    help = (
        "Seal all stored Tone 3000 tokens with the first key of GTS_TOKEN_KEYS. Put the new key "
        "first, restart everything, run this; after that the old key may be taken away."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        user_ids = list(Tone3000Tokens.objects.exclude(sealed="").values_list("user_id", flat=True))
        num_broken = sum(not tokens_reseal(user_id=user_id) for user_id in user_ids)
        self.stdout.write(f"{len(user_ids) - num_broken} of {len(user_ids)} sealed anew.")
        if num_broken:
            raise CommandError(
                f"No key in GTS_TOKEN_KEYS opens {num_broken}: bring the old key back, or let "
                "these users connect again."
            )
