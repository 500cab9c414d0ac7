"""Is it alive, and can it work: for load balancers, containers and ``make run``.

Everything that a web process needs to answer decides whether it is ready. Workers do not: pages
and uploads work without them, and what is asked for waits in the queue. Their absence is said.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.errors import ErrorDetail
from gts.celery import app as celery_app
from gts.errors import error_body
from jobs.pipeline.version import VERSION
from jobs.selectors import queues_without_workers

logger = logging.getLogger(__name__)

Checks = Mapping[str, Callable[[], Awaitable[None]]]

CHECK_TIMEOUT_S = 2
NOT_MIGRATED: Final = "not migrated"

# Threads of one check: one that hangs takes none from the views, nor from another check.
_THREADS_PER_CHECK = 2


class NotMigratedError(Exception):
    """The database answers, but is not as this version needs it."""


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
    checks, watched = await asyncio.gather(states(CHECKS), states(WATCHED))
    down = [name for name, state in checks.items() if state != "ok"]
    checks |= watched
    if not down:
        status = "degraded" if "down" in watched.values() else "ok"
        return JsonResponse({"status": status, "checks": checks})
    error = error_body(
        "NOT_READY",
        f"Not ready: {', '.join(f'{name} {checks[name]}' for name in down)}.",
        [_detail(name, checks[name]) for name in down],
    )
    return JsonResponse({"status": "down", "checks": checks, **error}, status=503)


def _detail(name: str, state: str) -> ErrorDetail:
    if state == NOT_MIGRATED:
        message = "Migrations are missing: manage.py migrate"
        return ErrorDetail(f"/checks/{name}", "NOT_MIGRATED", message)
    return ErrorDetail(f"/checks/{name}", "DOWN", f"The {name} does not answer.")


async def states(checks: Checks) -> dict[str, str]:
    """ "ok", "down" or "not migrated" of each of ``checks``, by name."""
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


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        _see_migrated()
    finally:
        connection.close()  # of this thread, which no request ends


def _ask_broker() -> None:
    options = celery_app.conf.broker_transport_options
    # One that takes connections and then says nothing must not hold the thread.
    timeouts = {"socket_timeout": CHECK_TIMEOUT_S, "socket_connect_timeout": CHECK_TIMEOUT_S}
    asked = celery_app.connection_for_write().clone(transport_options={**options, **timeouts})
    with asked as broker:
        broker.ensure_connection(max_retries=1, timeout=CHECK_TIMEOUT_S)


def _ask_storage() -> None:
    """A write, because a disk that is full or read-only still reads; and back, and away again."""
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


def _ask_workers() -> None:
    try:
        _see_migrated()  # without its table nobody knows of workers
        idle = queues_without_workers()
    finally:
        connection.close()
    if idle:
        raise RuntimeError(f"no worker takes jobs from: {', '.join(idle)}")


def _in_thread(check: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    executor = ThreadPoolExecutor(_THREADS_PER_CHECK, thread_name_prefix=check.__name__)
    return sync_to_async(check, thread_sensitive=False, executor=executor)


CHECKS: Checks = {
    "database": _in_thread(_ask_database),
    "broker": _in_thread(_ask_broker),
    "channel_layer": _ask_channel_layer,
    "storage": _in_thread(_ask_storage),
}
WATCHED: Checks = {"workers": _in_thread(_ask_workers)}
