"""The life of a server process, with what lives and ends with it.

In embedded mode that is the worker, in production a pool of connections to the database. Only web
processes have a pool: there every request has a thread, and so would have a connection, of its own.
Workers have few, and fork.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final, cast

from django.conf import settings
from django.db import connection

from gear.tone3000.rate_limit import close_shared_pool
from gts.embedded import EmbeddedWorker, StartError
from gts.ops.work_folder import with_work_folder, work_folder_look
from gts.web.request_metrics import figures
from gts.web.scopes import Receive, Scope, Send
from jobs.live import events
from jobs.models import ProcessRole
from jobs.queue.process_heartbeat import ProcessHeartbeat

logger = logging.getLogger(__name__)

# Of the pool: kept open when there is nothing to do.
_MIN_CONNECTIONS: Final = 2
_MAX_IDLE_S: Final = 120.0


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI protocol: one call for the whole life of the process."""
    await receive()  # lifespan.startup
    events.bind_loop(asyncio.get_running_loop())
    await asyncio.to_thread(work_folder_look)
    await asyncio.to_thread(use_pool)
    worker = EmbeddedWorker(settings.DATA_DIR) if settings.IS_EMBEDDED else None
    if worker is not None:
        try:
            await asyncio.to_thread(worker.start)
        except StartError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        except Exception as error:
            # Without this a server would take the protocol for unknown and serve without worker.
            logger.exception("the embedded worker did not start")
            await send({"type": "lifespan.startup.failed", "message": repr(error)})
            return
    process_heartbeat = ProcessHeartbeat(ProcessRole.WEB, figures=with_work_folder(figures.as_json))
    process_heartbeat.start()
    await send({"type": "lifespan.startup.complete"})
    try:
        await receive()  # lifespan.shutdown
        await asyncio.to_thread(process_heartbeat.stop)
        await close_shared_pool()
        if worker is not None:
            await asyncio.to_thread(worker.stop)
        await asyncio.to_thread(close_pool)
    except asyncio.CancelledError:
        # A second Ctrl+C: the server ends at once, and the next start picks up what was running.
        return
    events.bind_loop(None)
    await send({"type": "lifespan.shutdown.complete"})


def use_pool() -> None:
    """From now on connections come from a pool. Before anything of this process has one."""
    size: int = settings.GTS_DATABASE_POOL
    if connection.vendor != "postgresql" or not size:
        return
    connection.close()
    wait_s: float = settings.GTS_DATABASE_POOL_WAIT_S
    connection.settings_dict["OPTIONS"]["pool"] = {
        "min_size": min(_MIN_CONNECTIONS, size),
        "max_size": size,
        "timeout": wait_s,
        "max_idle": _MAX_IDLE_S,
        # Beyond that it would try more and more seldom: a database that is back is found by the
        # next request.
        "reconnect_timeout": wait_s,
    }


def close_pool() -> None:
    """The end of the process: its connections are closed."""
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    if "pool" in options:
        connection.close()
        cast(Any, connection).close_pool()
        del options["pool"]
