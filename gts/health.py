"""Is it alive, and can it work: for load balancers, containers and ``make run``."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.errors import ErrorDetail
from gts.celery import app as celery_app
from gts.errors import error_body

logger = logging.getLogger(__name__)

CHECK_TIMEOUT_S = 2

# Own threads: a check that hangs takes none from the views, and at most these for itself.
_executor = ThreadPoolExecutor(max_workers=6, thread_name_prefix="health")


@never_cache
@require_safe
async def live(request: HttpRequest) -> JsonResponse:
    """The process answers. Says nothing about what it needs."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
async def ready(request: HttpRequest) -> JsonResponse:
    """200 when everything it needs answers, else a 503 that names what is down."""
    checks = await states()
    down = [name for name, state in checks.items() if state == "down"]
    if not down:
        return JsonResponse({"status": "ok", "checks": checks})
    error = error_body(
        "NOT_READY",
        f"Not ready: {', '.join(down)} down.",
        [ErrorDetail(f"/checks/{name}", "DOWN", f"The {name} does not answer.") for name in down],
    )
    return JsonResponse({"status": "down", "checks": checks, **error}, status=503)


async def states() -> dict[str, str]:
    """ "ok" or "down" of everything GTS needs, by name."""
    names = list(CHECKS)
    outcomes = await asyncio.gather(*(_is_up(name) for name in names))
    return {name: "ok" if is_up else "down" for name, is_up in zip(names, outcomes, strict=True)}


async def _is_up(name: str) -> bool:
    try:
        await asyncio.wait_for(CHECKS[name](), CHECK_TIMEOUT_S)
    except Exception:
        # The answer is public and only names the part; the reason is for the log.
        logger.warning("health check failed: %s", name, exc_info=True)
        return False
    return True


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    finally:
        connection.close()  # of this thread, which no request ends


def _ask_broker() -> None:
    with celery_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=CHECK_TIMEOUT_S)


def _ask_storage() -> None:
    """A write, because a disk that is full or read-only still reads."""
    name = default_storage.save(f".health/{secrets.token_hex(8)}", ContentFile(b"ok"))
    default_storage.delete(name)


async def _ask_channel_layer() -> None:
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("no channel layer is configured")
    await layer.group_send("health", {"type": "health.check"})


def _in_thread(check: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    return sync_to_async(check, thread_sensitive=False, executor=_executor)


CHECKS: dict[str, Callable[[], Awaitable[None]]] = {
    "database": _in_thread(_ask_database),
    "broker": _in_thread(_ask_broker),
    "channel_layer": _ask_channel_layer,
    "storage": _in_thread(_ask_storage),
}
