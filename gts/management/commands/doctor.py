"""Says what is missing and how to mend it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from gts.health import states
from jobs.registry import known_kinds

_MIN_FREE_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """``mend``: what to do about it, empty when all is well."""

    what: str
    mend: str = ""


class Command(BaseCommand):
    help = "Look at this installation: what is there, what is missing, and how to mend it."

    def handle(self, *args: Any, **options: Any) -> None:
        findings = [
            *_mode(),
            *_codecs(),
            *_disk(),
            *_services(),
            *_database(),
            *_settings(),
        ]
        for finding in findings:
            mark = self.style.ERROR("✗") if finding.mend else self.style.SUCCESS("✓")
            self.stdout.write(f"{mark} {finding.what}")
            if finding.mend:
                self.stdout.write(f"    → {finding.mend}")
        if any(finding.mend for finding in findings):
            raise CommandError("Something needs mending.")


def _mode() -> Iterator[Finding]:
    mode = "embedded" if settings.IS_EMBEDDED else "production"
    yield Finding(f"{mode} mode, Python {sys.version.split()[0]}, data in {settings.DATA_DIR}")
    yield Finding(f"{len(known_kinds())} kinds of job: {', '.join(known_kinds())}")


def _codecs() -> Iterator[Finding]:
    for codec in ("libx264", "aac"):
        if codec in av.codecs_available:
            yield Finding(f"encoder {codec}")
        else:
            yield Finding(
                f"encoder {codec} is missing",
                "Install av from PyPI's wheel: pip install --force-reinstall --no-deps av",
            )


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DATA_DIR).free
    shown = f"{free / 1024**3:.1f} GiB free for data"
    yield Finding(shown, "" if free >= _MIN_FREE_BYTES else "Make room, or set GTS_DATA_DIR.")


def _services() -> Iterator[Finding]:
    mends = {
        "database": "Is the database of DATABASE_URL running?",
        "broker": "Is the Redis of REDIS_URL running?",
        "channel_layer": "Is the Redis of REDIS_URL running?",
        "storage": "The media folder must be writable by the user who runs GTS.",
    }
    for name, state in async_to_sync(states)().items():
        yield Finding(f"{name}: {state}", "" if state == "ok" else mends.get(name, "See the log."))


def _database() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield Finding(f"{len(plan)} migrations are not applied", "Run: manage.py migrate")
    else:
        yield Finding("all migrations are applied")


def _settings() -> Iterator[Finding]:
    messages = checks.run_checks(include_deployment_checks=not settings.IS_EMBEDDED)
    for message in messages:
        if message.level >= checks.WARNING:
            yield Finding(f"{message.id}: {message.msg}", message.hint or "See the documentation.")
    if not messages:
        yield Finding("settings")
