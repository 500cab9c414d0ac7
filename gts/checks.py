"""Wrong configuration is caught at start-up, with an id and a hint."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, default_storage

SECRET_KEY_MIN_CHARS = 50  # also Django's own measure (security.W009)
SECRET_KEY_MIN_DISTINCT_CHARS = 5


@register(Tags.security)
def check_production_is_secure(**_: Any) -> list[CheckMessage]:
    """The embedded mode makes its own secret and serves this machine; production must be told."""
    return [] if settings.IS_EMBEDDED else list(_insecurities())


def _insecurities() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error(
            "DEBUG is on in production: errors would show the insides to everybody.",
            hint="Unset GTS_DEBUG.",
            id="gts.E001",
        )
    key = settings.SECRET_KEY
    if len(key) < SECRET_KEY_MIN_CHARS or len(set(key)) < SECRET_KEY_MIN_DISTINCT_CHARS:
        yield Error(
            "The secret key is missing or easy to guess: sessions and tokens could be forged.",
            hint=f"Set GTS_SECRET_KEY to at least {SECRET_KEY_MIN_CHARS} random characters, "
            "the same on every host: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
            id="gts.E002",
        )
    if not settings.ALLOWED_HOSTS:
        yield Error(
            "No host name is allowed, so no request would be answered.",
            hint="Set GTS_ALLOWED_HOSTS to the names of this site, for example gts.example.org.",
            id="gts.E003",
        )
    if any(host.strip(".") in ("", "*") for host in settings.ALLOWED_HOSTS):
        yield Error(
            "Every host name is allowed: links and caches could be poisoned with foreign names.",
            hint="Name the hosts in GTS_ALLOWED_HOSTS instead of *.",
            id="gts.E004",
        )


@register("jobs")
def check_messages_outlive_tasks(**_: Any) -> list[CheckMessage]:
    """Redis delivers a message again after the visibility timeout, even to a task at work."""
    timeout_s = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout")
    if settings.IS_EMBEDDED or (timeout_s or 0) > settings.CELERY_TASK_TIME_LIMIT:
        return []
    return [
        Error(
            f"The visibility timeout of the broker ({timeout_s} s) is not longer than the hard "
            f"time limit of tasks ({settings.CELERY_TASK_TIME_LIMIT} s): long jobs run twice.",
            hint="Raise visibility_timeout in CELERY_BROKER_TRANSPORT_OPTIONS.",
            id="gts.E005",
        )
    ]


@register("storage")
def check_storage_is_writable(**_: Any) -> list[CheckMessage]:
    """Local storage only; one that is elsewhere is asked by /health/ready."""
    if not isinstance(default_storage, FileSystemStorage):
        return []
    folder = _nearest_existing(Path(default_storage.location))
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"Uploads and renders cannot be stored: {folder} is not a folder one may write to.",
            hint="Set GTS_DATA_DIR to a folder that belongs to the user who runs GTS.",
            id="gts.E006",
        )
    ]


def _nearest_existing(path: Path) -> Path:
    """``path``, or the folder in which it would be made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def refuse_bad_start() -> None:
    """For servers and workers, which run no checks by themselves. Raises ``ImproperlyConfigured``.

    ``manage.py`` refuses on its own, because these checks are errors.
    """
    checks = (check_production_is_secure, check_messages_outlive_tasks, check_storage_is_writable)
    problems = [problem for check in checks for problem in check()]
    if problems:
        raise ImproperlyConfigured("\n".join(str(problem) for problem in problems))
