"""Wrong configuration is caught at start-up, with an id and a hint.

And which of these checks a command of ``manage.py`` runs: those of what it works with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, Tags, Warning, register
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, ManagementUtility

from jobs.files.storage import media_store

SECRET_KEY_MIN_CHARS = 50  # also Django's own measure (security.W009)
SECRET_KEY_MIN_DISTINCT_CHARS = 5
_NEW_TOKEN_KEY = (
    "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)
# Only ``manage.py check`` and ``make check`` run these: they import every page, the API, the admin
# and Redis, which takes longer than most commands work.
_LEFT_OUT: Final = frozenset({Tags.urls, Tags.admin, Tags.caches})


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
    if not settings.GTS_TOKEN_KEYS:
        yield Error(
            "There is no key to encrypt the tokens of Tone 3000 with.",
            hint=f"Set GTS_TOKEN_KEYS, the same on every host: {_NEW_TOKEN_KEY}",
            id="gts.E007",
        )
    for setting in ("GTS_TONE3000_API", "GTS_TONE3000_AUTHORIZE_URL"):
        if not getattr(settings, setting).startswith("https://"):
            yield Error(
                f"{setting} is not https: tokens or logins would travel readable for everybody.",
                hint=f"Unset {setting}, or start it with https://.",
                id="gts.E009",
            )
    if settings.GTS_FAKE_TONE3000:
        yield Error(
            "The fake Tone 3000 is on: it lets anybody in, as anyone they like.",
            hint="Unset GTS_FAKE_TONE3000.",
            id="gts.E010",
        )
    if settings.GTS_OPEN:
        yield Error(
            "GTS_OPEN is set, which makes operators of strangers. It is for `make run` only.",
            hint="Unset GTS_OPEN.",
            id="gts.E016",
        )


@register(Tags.security)
def check_token_keys(**_: Any) -> list[CheckMessage]:
    """In both modes: a key that is none would only be found at the first login."""
    try:
        for key in settings.GTS_TOKEN_KEYS:
            Fernet(key)
    except ValueError:
        return [
            Error(
                "GTS_TOKEN_KEYS holds something that is no key.",
                hint=f"Each is 32 random bytes in URL-safe base64: {_NEW_TOKEN_KEY}",
                id="gts.E008",
            )
        ]
    return []


@register(Tags.security)
def check_tone3000_key(**_: Any) -> list[CheckMessage]:
    """The key is public and goes to browsers; Tone 3000's secret one must never stand there."""
    key = settings.GTS_TONE3000_KEY
    if key and not key.startswith("t3k_pub_"):
        return [
            Error(
                "GTS_TONE3000_KEY is not a publishable key, and would be shown to every browser.",
                hint="Use the one that starts with t3k_pub_; see docs/tone3000.md. If a secret key "
                "stood there, revoke it at Tone 3000.",
                id="gts.E011",
            )
        ]
    hosts = [host for host in settings.ALLOWED_HOSTS if host.startswith(".")]
    if key and hosts and not settings.IS_EMBEDDED:
        return [
            Warning(
                "Whole domains are allowed as hosts, but Tone 3000 needs every callback by name.",
                hint=f"Name the hosts in GTS_ALLOWED_HOSTS instead of {', '.join(hosts)}.",
                id="gts.W002",
            )
        ]
    return []


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


@register("jobs")
def check_workers_are_given_time(**_: Any) -> list[CheckMessage]:
    """One late sign of life must not look like a death."""
    if settings.JOB_LOST_AFTER_S >= 3 * settings.JOB_HEARTBEAT_S > 0:
        return []
    return [
        Error(
            f"Workers give a sign of life every {settings.JOB_HEARTBEAT_S} s and are given up for "
            f"lost after {settings.JOB_LOST_AFTER_S} s: jobs would be taken from living workers.",
            hint="Set GTS_JOB_LOST_AFTER_S to at least three times GTS_JOB_HEARTBEAT_S.",
            id="gts.E012",
        )
    ]


@register("storage")
def check_storage_is_writable(**_: Any) -> list[CheckMessage]:
    """A folder that may be written to; of a bucket, that it is there and the credentials fit.

    One that does not answer is no reason not to start: /health/ready says so, and jobs wait.
    """
    return media_store().start_problems()


def refuse_bad_production_start() -> None:
    """For processes that only a production has: ``make web``, ``make worker``, ``make beat``.

    In embedded mode workers would fight for one SQLite file over brokers that no one else sees.
    """
    if settings.IS_EMBEDDED:
        raise ImproperlyConfigured(
            "DATABASE_URL and REDIS_URL are required for production; without them there is the "
            "embedded mode, which `make run` starts."
        )
    refuse_bad_start()


def refuse_bad_start() -> None:
    """For servers and workers, which run no checks by themselves. Raises ``ImproperlyConfigured``.

    ``manage.py`` refuses on its own, because these checks are errors.
    """
    checks = (
        check_production_is_secure,
        check_token_keys,
        check_tone3000_key,
        check_messages_outlive_tasks,
        check_workers_are_given_time,
        check_storage_is_writable,
    )
    problems = [problem for check in checks for problem in check() if problem.level >= ERROR]
    if problems:
        raise ImproperlyConfigured("\n".join(str(problem) for problem in problems))


class CommandLine(ManagementUtility):
    """``manage.py``."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        if command.requires_system_checks == "__all__":
            command.requires_system_checks = sorted(registry.tags_available() - _LEFT_OUT)
        return command
