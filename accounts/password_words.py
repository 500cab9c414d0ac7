"""Passwords that are made of nothing but the words of this site: the first that are guessed here.

docs/security.md lists the words.
"""

from __future__ import annotations

import re
from typing import Final

from django.core.exceptions import ValidationError

CONTEXT_WORDS: Final = (
    "admin", "amplifier", "amp", "cabinet", "cab", "capture", "contender", "gts", "guitar",
    "impulse", "login", "music", "neural", "operator", "password", "recording", "render",
    "response", "shootout", "sound", "tone", "tone3000",
)  # fmt: skip
# The longest first: "amp" must not leave a rest of "amplifier".
_WORDS: Final = re.compile("|".join(sorted(map(re.escape, CONTEXT_WORDS), key=len, reverse=True)))
_MIN_OTHER_LETTERS: Final = 4


class ContextWordsValidator:
    """One of Django's ``AUTH_PASSWORD_VALIDATORS``."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ``ValidationError`` where hardly a letter is left without these words."""
        words = _WORDS.findall(password.casefold())
        rest = _WORDS.sub("", password.casefold())
        if words and sum(char.isalpha() for char in rest) < _MIN_OTHER_LETTERS:
            raise ValidationError(self.get_help_text(), code="password_of_context_words")

    def get_help_text(self) -> str:
        return (
            "Your password can’t consist of words of this site alone, "
            "such as guitar, tone or shootout."
        )
