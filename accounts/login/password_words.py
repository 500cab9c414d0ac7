"""Passwords that are guessed first: of nothing but words of this site, the names of its hosts and
one's own name, or of a few characters or one word again and again.

docs/security.md lists the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError

CONTEXT_WORDS: Final = (
    "admin", "amplifier", "amp", "cabinet", "cab", "capture", "contender", "gts", "guitar",
    "impulse", "login", "music", "neural", "operator", "password", "recording", "render",
    "response", "shootout", "sound", "tone", "tone3000",
)  # fmt: skip
_MIN_OTHER_LETTERS: Final = 4
# Of a password of twelve characters; random ones have twice as many.
_MIN_DIFFERENT_CHARS: Final = 5
# Digits between and after them do not count, but two letters twice among digits are no word.
_MIN_REPEATED_LETTERS: Final = 8
_NAMES: Final = ("username", "display_name", "first_name", "last_name", "email")
_MIN_NAME_CHARS: Final = 2
_MIN_PART_CHARS: Final = 3


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
