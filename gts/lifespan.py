"""The life of a server process; in embedded mode the worker lives and ends with it."""

from __future__ import annotations

import asyncio
import logging

from django.conf import settings

from gear.tone3000.transport import close_shared_pool
from gts.database_pool import close_pool, use_pool
from gts.embedded import EmbeddedWorker, StartError
from gts.ops.work_folder import with_work_folder, work_folder_look
from gts.web.asgi_types import Receive, Scope, Send
from gts.web.request_metrics import figures
from jobs.live import events
from jobs.models import ProcessRole
from jobs.queue.process_heartbeat import ProcessHeartbeat

logger = logging.getLogger(__name__)


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
