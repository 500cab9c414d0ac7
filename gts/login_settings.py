"""What a password must be."""

from __future__ import annotations

from typing import Any, Final

_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "UserAttributeSimilarityValidator": {},
    "MinimumLengthValidator": {"min_length": 12},
    "CommonPasswordValidator": {},
    "NumericPasswordValidator": {},
}
AUTH_PASSWORD_VALIDATORS: Final[list[dict[str, Any]]] = [
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
        for name, options in _OPTIONS.items()
    ),
    {"NAME": "accounts.login.password_words.ContextWordsValidator"},
]
