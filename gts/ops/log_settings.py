"""Where log records go, and which are left out."""

from __future__ import annotations

from typing import Any


def logging_settings(*, level: str, is_embedded: bool) -> dict[str, Any]:
    """As Django's ``LOGGING``. ``level``: empty is as much as fits the mode."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "console": {"()": "gts.ops.logs.console_handler"},
            "file": {"()": "gts.ops.logs.file_handler"},
        },
        "root": {"handlers": ["console", "file"], "level": level or "INFO"},
        "loggers": {
            "httpx": {"level": "WARNING"},
            # gts.web.hosts says it in one line, with the name of our setting.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "celery": {"level": level or "WARNING"},
            # One line per request: for anyone who serves many, not for the person at this machine.
            "gts.requests": {"level": "WARNING" if is_embedded else level or "INFO"},
        },
    }
