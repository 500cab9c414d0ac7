"""Passwords made of the words of this site."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.password_words import CONTEXT_WORDS


@pytest.mark.parametrize(
    "password",
    ["GuitarToneShootout", "guitar-tone-shootout-2026!", "tone3000tone3000", "amplifiercab12"],
)
def test_words_of_this_site_alone_are_refused(password: str) -> None:
    with pytest.raises(ValidationError, match="words of this site"):
        validate_password(password)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "guitar horse battery", "žluťoučký kůň 7"]
)
def test_others_are_not(password: str) -> None:
    validate_password(password)


def test_they_are_documented() -> None:
    text = (Path(settings.BASE_DIR) / "docs" / "security.md").read_text()
    assert ", ".join(sorted(CONTEXT_WORDS)) in " ".join(text.split())
