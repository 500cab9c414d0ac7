"""Says what is missing and what to do about it."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import redis
import soundfile
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core import checks
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from accounts.selectors import TONE3000
from gts.ops.backups import backups_list
from gts.ops.health import CHECKS, FULL, NOT_MIGRATED, failures, state_after, watched_checks
from gts.ops.work_folder import WorkFolder, work_folder, work_folder_from
from gts.storage.s3 import S3Storage
from gts.web.database import MAX_CLOCK_DIFFERENCE_S
from jobs.models import Process
from jobs.pipeline.versions import VERSION
from jobs.registry import known_kinds

_MIN_FREE_BYTES = 1024**3
_MAX_BACKUP_AGE_DAYS = 2.0
_POSTGRESQL_PROGRAMS = ("pg_dump", "pg_restore", "psql")


@dataclass(frozen=True, slots=True)
class Finding:
    """``remedy``: what to do about it, empty when all is well."""

    what: str
    remedy: str = ""


class Command(BaseCommand):
    help = "Look at this installation: what is there, what is missing, and what to do about it."
    requires_system_checks = ()  # they are among what it looks at

    def handle(self, *args: Any, **options: Any) -> None:
        findings = [
            *_mode(),
            *_codecs(),
            *_disk(),
            *_storage(),
            *_services(),
            *_database(),
            *_clocks(),
            *_backups(),
            *_tone3000(),
            *_settings(),
        ]
        for finding in findings:
            mark = self.style.ERROR("✗") if finding.remedy else self.style.SUCCESS("✓")
            self.stdout.write(f"{mark} {finding.what}")
            if finding.remedy:
                self.stdout.write(f"    → {finding.remedy}")
        num_wrong = sum(bool(finding.remedy) for finding in findings)
        if num_wrong:
            what = "1 thing needs" if num_wrong == 1 else f"{num_wrong} things need"
            raise CommandError(
                f"{what} attention: see what is marked ✗ above, and the → below each."
            )


def _mode() -> Iterator[Finding]:
    mode = "embedded" if settings.IS_EMBEDDED else "production"
    python = sys.version.split()[0]
    yield Finding(f"GTS {VERSION}, {mode} mode, Python {python}, data in {settings.DATA_DIR}")
    yield Finding(f"{len(known_kinds())} kinds of job: {', '.join(known_kinds())}")


def _codecs() -> Iterator[Finding]:
    libraries = {name: ".".join(map(str, numbers)) for name, numbers in av.library_versions.items()}
    yield Finding(
        f"PyAV {av.__version__} with libavcodec {libraries.get('libavcodec', 'unknown')}, "
        f"libsndfile {soundfile.__libsndfile_version__}"
    )
    missing = sorted({"WAV", "FLAC", "AIFF", "OGG", "MP3"} - soundfile.available_formats().keys())
    if missing:
        yield Finding(
            f"DI tracks as {', '.join(missing)} cannot be read",
            "Install it from PyPI's wheel: pip install --force-reinstall --no-deps soundfile",
        )
    for codec in ("libx264", "aac"):
        if codec in av.codecs_available:
            yield Finding(f"encoder {codec}")
        else:
            yield Finding(
                f"encoder {codec} is missing",
                "Install av from PyPI's wheel: pip install --force-reinstall --no-deps av",
            )


def _disk() -> Iterator[Finding]:
    folder = Path(settings.DATA_DIR)
    if folder.is_dir():
        free_bytes = shutil.disk_usage(folder).free
        yield Finding(
            f"{_gib(free_bytes)} free for data in {folder}", _more_room(free_bytes, "GTS_DATA_DIR")
        )
    else:
        yield Finding(f"no folder {folder} for data", "Make it, or set GTS_DATA_DIR.")
    yield _room_for_work("work in progress of commands like this one", work_folder())
    try:
        processes = list(Process.objects.alive().order_by("name"))
    except DatabaseError:
        return  # that it is away is said below
    for process in processes:
        found = work_folder_from(process.figures)
        if found is not None:
            yield _room_for_work(f"work in progress of {process.name}", found)


def _room_for_work(what: str, found: WorkFolder) -> Finding:
    """Each process has an environment of its own, and perhaps another machine."""
    if found.problem:
        return Finding(f"{what}: not where it should be", found.problem)
    return Finding(
        f"{_gib(found.free_bytes)} free for {what} in {found.folder}",
        _more_room(found.free_bytes, "TMPDIR"),
    )


def _gib(num_bytes: int) -> str:
    return f"{num_bytes / 1024**3:.1f} GiB"


def _more_room(free_bytes: int, variable: str) -> str:
    is_enough = free_bytes >= _MIN_FREE_BYTES
    return "" if is_enough else f"Make room there (1 GiB at least), or set {variable}."


def _storage() -> Iterator[Finding]:
    if isinstance(default_storage, S3Storage):
        where = default_storage.endpoint_url or "Amazon S3"
        how = "sent by it" if settings.GTS_MEDIA_REDIRECT else "streamed through GTS"
        yield Finding(f"files in the bucket {default_storage.bucket_name} at {where}, {how}")
    elif isinstance(default_storage, FileSystemStorage):
        yield Finding(f"files in {default_storage.location}")


def _services() -> Iterator[Finding]:
    remedies = {
        "database": "All of the data folder must be writable by the user who runs GTS."
        if settings.IS_EMBEDDED
        else "Is the database of DATABASE_URL running?",
        "broker": "Is the Redis of REDIS_URL running?",
        "channel_layer": "Is the Redis of REDIS_URL running?",
        "storage": "Is the bucket of GTS_STORAGE reachable, and may we write and delete there?"
        if isinstance(default_storage, S3Storage)
        else "The media folder must be writable by the user who runs GTS.",
        "workers": "Start one for each queue: make worker.",
        "beat": "Start it, on one host: make beat.",
        "clocks": "Let all machines keep time by NTP.",
    }
    # Without a server running, an embedded installation has none, and needs none.
    asked = CHECKS if settings.IS_EMBEDDED else {**CHECKS, **watched_checks()}
    for name, error in async_to_sync(failures)(asked).items():
        state = state_after(error)
        if error is None:
            remedy = ""
        elif state == NOT_MIGRATED:
            remedy = "Run: manage.py migrate"
        else:
            reason = next(iter(str(error).splitlines()), "") or repr(error)
            remedy = (
                f"{remedies[name]} ({reason})" if state != FULL else f"Free some of it: {reason}"
            )
        yield Finding(f"{name}: {state}", remedy)


def _database() -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        yield Finding("migrations: unknown", "Repair the database first.")
        return
    if plan:
        yield Finding(f"{len(plan)} migrations are not applied", "Run: manage.py migrate")
    else:
        yield Finding("all migrations are applied")


def _clocks() -> Iterator[Finding]:
    """Jobs are given up, and tokens and addresses expire, by the clocks of several machines."""
    if settings.IS_EMBEDDED:
        return
    for name, ask in {"database": _database_time, "broker": _broker_time}.items():
        try:
            ahead_s = ask() - time.time()
        except (DatabaseError, redis.RedisError, OSError, ValueError):
            continue  # that it is away has been said
        shown = f"clock of the {name}: {ahead_s:+.1f} s"
        is_right = abs(ahead_s) <= MAX_CLOCK_DIFFERENCE_S
        yield Finding(shown, "" if is_right else "Let both machines keep time by NTP.")


def _database_time() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(cursor.fetchone()[0])


def _broker_time() -> float:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
        seconds, microseconds = client.time()
        return float(seconds) + float(microseconds) / 1e6


def _backups() -> Iterator[Finding]:
    if connection.vendor == "postgresql":
        missing = [name for name in _POSTGRESQL_PROGRAMS if shutil.which(name) is None]
        if missing:
            yield Finding(
                f"backup and restore lack {', '.join(missing)}",
                "Install the clients of PostgreSQL, not older than the server.",
            )
    if not settings.GTS_BACKUP_DIR:
        yield Finding(
            "no daily backups: name a folder on another disk in GTS_BACKUP_DIR for them "
            "(docs/operations.md)"
        )
        return
    root = Path(settings.GTS_BACKUP_DIR)
    known = backups_list(root)
    if not known:
        yield Finding(f"no backup in {root} yet", f"Try it: manage.py backup {root}")
        return
    age_days = (time.time() - known[-1].stat().st_mtime) / 86_400
    shown = f"{len(known)} backups in {root}, the newest {age_days:.1f} days old"
    is_recent = age_days <= _MAX_BACKUP_AGE_DAYS
    yield Finding(shown, "" if is_recent else "See why in the log of the worker; is beat running?")


def _tone3000() -> Iterator[Finding]:
    if not settings.GTS_TONE3000_KEY:
        yield Finding("login with Tone 3000 is off: no GTS_TONE3000_KEY (docs/tone3000.md)")
        return
    scheme = "https" if settings.SOCIAL_AUTH_REDIRECT_IS_HTTPS else "http"
    # Of the login, and of picking in their catalog.
    paths = [reverse("social:complete", args=[TONE3000]), reverse("tone3000-picked")]
    for host in settings.ALLOWED_HOSTS:
        # Tone 3000 takes loopback addresses unregistered, and at any port.
        if host not in ("localhost", "127.0.0.1", "[::1]"):
            for path in paths:
                yield Finding(f"Tone 3000 must know this callback: {scheme}://{host}{path}")
    yield Finding("login with Tone 3000 is on")


def _settings() -> Iterator[Finding]:
    messages = checks.run_checks(include_deployment_checks=not settings.IS_EMBEDDED)
    problems = [message for message in messages if message.level >= checks.WARNING]
    for message in problems:
        yield Finding(f"{message.id}: {message.msg}", message.hint or "See the documentation.")
    if not problems:
        yield Finding("settings")
