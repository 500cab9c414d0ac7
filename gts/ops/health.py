"""Is it alive, and can it work: for load balancers, containers and ``make run``.

Everything that a web process needs to answer decides whether it is ready. Workers, beat and clocks
do not: pages and uploads work without them, and what is asked for waits in the queue. What is wrong
with them is said. However many ask, it is looked once in two seconds.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from asgiref.sync import sync_to_async
from celery import current_app
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gts.web.database import MAX_CLOCK_DIFFERENCE_S, database_now
from gts.web.error_answers import error_body
from gts.web.errors import ErrorDetail
from jobs.files.storage import media_store
from jobs.pipeline.versions import VERSION
from jobs.selectors import (
    is_beat_alive,
    processes_with_wrong_clocks,
    queues_without_workers,
)

logger = logging.getLogger(__name__)

Checks = Mapping[str, Callable[[], Awaitable[None]]]

CHECK_TIMEOUT_S = 2
KEPT_S: Final = 2.0
# In between the storage is only looked at: writes cost money, and wear disks.
WRITE_EVERY_S: Final = 300.0
NOT_MIGRATED: Final = "not migrated"
FULL: Final = "full"
# SQLite grows by some pages, and by a log beside it. With less it may fail at any write.
_MIN_FREE_BYTES: Final = 4 * 1024 * 1024

# Threads of one check: one that hangs takes none from the views, nor from another check.
_THREADS_PER_CHECK = 2


class NotMigratedError(Exception):
    """The database answers, but is not as this version needs it."""


class FullDiskError(Exception):
    """There is no room left on the disk of something that has to grow."""


class SkewedClockError(Exception):
    """A process and the database do not agree what time it is."""


@never_cache
@require_safe
async def live(request: HttpRequest) -> JsonResponse:
    """The process answers, and says which version it is. Says nothing about what it needs."""
    return JsonResponse({"status": "ok", "version": VERSION})


@never_cache
@require_safe
async def ready(request: HttpRequest) -> JsonResponse:
    """200 when everything it needs answers, else a 503 that names what is down.

    ``degraded``, with 200: it answers, but work is left undone.
    """
    needed, watched = await _last_look.get()
    down = [name for name, state in needed.items() if state != "ok"]
    checks = needed | watched
    if not down:
        status = "ok" if set(watched.values()) == {"ok"} else "degraded"
        return JsonResponse({"status": status, "checks": checks})
    error = error_body(
        "NOT_READY",
        f"Not ready: {', '.join(f'{name} {checks[name]}' for name in down)}.",
        [_detail(name, checks[name]) for name in down],
    )
    return JsonResponse({"status": "down", "checks": checks, **error}, status=503)


_Looks = tuple[dict[str, str], dict[str, str]]


class _LastLook:
    """What was found by one look, for all who ask while it goes on and a moment after it."""

    def __init__(self) -> None:
        self._look: asyncio.Task[_Looks] | None = None
        self._good_until_s = 0.0

    async def get(self) -> _Looks:
        if not self._is_good():
            self._look = asyncio.create_task(self._take())
        assert self._look is not None
        # It goes on for the others when one who asked goes away.
        return await asyncio.shield(self._look)

    def forget(self) -> None:
        self._look = None

    def _is_good(self) -> bool:
        if self._look is None or self._look.cancelled():
            return False
        if self._look.done():
            return time.monotonic() < self._good_until_s
        return self._look.get_loop() is asyncio.get_running_loop()

    async def _take(self) -> _Looks:
        needed, watched = await asyncio.gather(states(CHECKS), states(watched_checks()))
        self._good_until_s = time.monotonic() + KEPT_S
        return needed, watched


_last_look = _LastLook()


def _detail(name: str, state: str) -> ErrorDetail:
    if state == NOT_MIGRATED:
        message = "Migrations are missing: manage.py migrate"
        return ErrorDetail(f"/checks/{name}", "NOT_MIGRATED", message)
    if state == FULL:
        return ErrorDetail(f"/checks/{name}", "DISK_FULL", f"The disk of the {name} is full.")
    return ErrorDetail(f"/checks/{name}", "DOWN", f"The {name} does not answer.")


async def states(checks: Checks) -> dict[str, str]:
    """ "ok", "down", "full", "not migrated" or "skewed" of each of ``checks``, by name."""
    failed = await failures(checks)
    for name, error in failed.items():
        if error is not None:
            # The answer is public and only names the part; the reason is for the log.
            logger.warning("health check failed: %s: %r", name, error)
    return {name: state_after(error) for name, error in failed.items()}


async def failures(checks: Checks) -> dict[str, Exception | None]:
    """What each of ``checks`` ended with, by name."""
    outcomes = await asyncio.gather(*(_failure(check) for check in checks.values()))
    return dict(zip(checks, outcomes, strict=True))


def state_after(error: Exception | None) -> str:
    if error is None:
        return "ok"
    if isinstance(error, SkewedClockError):
        return "skewed"
    if isinstance(error, FullDiskError):
        return FULL
    return NOT_MIGRATED if isinstance(error, NotMigratedError) else "down"


async def _failure(check: Callable[[], Awaitable[None]]) -> Exception | None:
    try:
        await asyncio.wait_for(check(), CHECK_TIMEOUT_S)
    except Exception as error:
        return error
    return None


# Once the database is as this version needs it, it stays so as long as this process lives.
_seen_migrated = threading.Event()


def _see_migrated() -> None:
    if _seen_migrated.is_set():
        return
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        raise NotMigratedError(f"{len(plan)} migrations are not applied: manage.py migrate")
    _seen_migrated.set()


def _see_file(path: Path) -> None:
    """A file that cannot grow or be written still reads; it is not written to for every look."""
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            raise OSError(errno.EACCES, "the database cannot be written", str(place))
    if shutil.disk_usage(path.parent).free < _MIN_FREE_BYTES:
        raise FullDiskError(f"less than {_MIN_FREE_BYTES} bytes are free on the disk of {path}")


def _ask_database() -> None:
    if connection.vendor == "sqlite":
        _see_file(Path(connection.settings_dict["NAME"]))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        _see_migrated()
    finally:
        connection.close()  # of this thread, which no request ends


def _ask_broker() -> None:
    options = current_app.conf.broker_transport_options
    # One that takes connections and then says nothing must not hold the thread.
    timeouts = {"socket_timeout": CHECK_TIMEOUT_S, "socket_connect_timeout": CHECK_TIMEOUT_S}
    asked = current_app.connection_for_write().clone(transport_options={**options, **timeouts})
    with asked as broker:
        broker.ensure_connection(max_retries=1, timeout=CHECK_TIMEOUT_S)


class _StorageCheck:
    """Now and then a write, in between a look; after a write that failed, writes until one does
    not."""

    def __init__(self) -> None:
        self._write_again_at_s = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._write_again_at_s:
            media_store().look()
            return
        _write_to_storage()
        self._write_again_at_s = time.monotonic() + WRITE_EVERY_S

    def forget(self) -> None:
        self._write_again_at_s = 0.0


def _write_to_storage() -> None:
    """A disk that is full or read-only still reads: so a write; and back, and away again."""
    said = secrets.token_bytes(8)
    name = default_storage.save(f".health/{said.hex()}", ContentFile(said))
    try:
        with default_storage.open(name, "rb") as file:
            if file.read() != said:
                raise OSError("the storage gives back something else than it was given")
    finally:
        default_storage.delete(name)


async def _ask_channel_layer() -> None:
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("no channel layer is configured")
    await layer.group_send("health", {"type": "health.check"})


@contextmanager
def _knowing_of_processes() -> Iterator[None]:
    """Without its table nothing is known of them."""
    try:
        _see_migrated()
        yield
    finally:
        connection.close()


def _ask_workers() -> None:
    with _knowing_of_processes():
        idle = queues_without_workers()
    if idle:
        raise RuntimeError(f"no worker takes jobs from: {', '.join(idle)}")


def _ask_beat() -> None:
    with _knowing_of_processes():
        if not is_beat_alive():
            raise RuntimeError("no beat was heard of: periodic work and the sweep stand still")


def _ask_clocks() -> None:
    """This one's and, as they said when they were seen last, those of all others."""
    with _knowing_of_processes():
        ahead_s = (timezone.now() - database_now()).total_seconds()
        wrong = {one.name: one.clock_ahead_s for one in processes_with_wrong_clocks()}
    if abs(ahead_s) > MAX_CLOCK_DIFFERENCE_S:
        wrong["this process"] = ahead_s
    if wrong:
        found = ", ".join(f"{name} by {ahead_s:+.1f} s" for name, ahead_s in wrong.items())
        raise SkewedClockError(f"clocks that the database does not agree with: {found}")


def _in_thread(check: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    executor = ThreadPoolExecutor(_THREADS_PER_CHECK, thread_name_prefix="health")
    return sync_to_async(check, thread_sensitive=False, executor=executor)


_check_storage = _StorageCheck()

CHECKS: Checks = {
    "database": _in_thread(_ask_database),
    "broker": _in_thread(_ask_broker),
    "channel_layer": _ask_channel_layer,
    "storage": _in_thread(_check_storage),
}
_WATCHED: Checks = {"workers": _in_thread(_ask_workers), "clocks": _in_thread(_ask_clocks)}
_BEAT: Checks = {"beat": _in_thread(_ask_beat)}


def watched_checks() -> Checks:
    """An embedded server is its own beat."""
    return _WATCHED if settings.IS_EMBEDDED else {**_WATCHED, **_BEAT}
