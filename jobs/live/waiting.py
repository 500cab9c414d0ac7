"""Waiting for the end of a job within a request, for as long as its client is ready to wait.

A client says so with ``Prefer: wait=SECONDS`` (RFC 7240, 4.3). It hears of the end as a socket
does, and needs none.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from channels.layers import get_channel_layer

from gts.web.database import in_database
from jobs.live.events import group_of

logger = logging.getLogger(__name__)

# A request that waits takes one of the process's turns (``GTS_MAX_REQUESTS``).
MAX_WAIT_S: Final = 3.0
# News can get lost on the way.
_LOOK_AGAIN_S: Final = 0.5
_WAIT: Final = re.compile(r"(?:^|,)\s*wait\s*=\s*(\d{1,6})\s*(?:[;,]|$)", re.IGNORECASE)


def preferred_wait_s(headers: Mapping[str, str]) -> float:
    """How long the client of a request is ready to wait, and is let; 0.0 when it is not."""
    found = _WAIT.search(headers.get("Prefer", ""))
    return min(float(found[1]), MAX_WAIT_S) if found else 0.0


async def wait_for_end(job_id: UUID, is_over: Callable[[], bool], *, at_most_s: float) -> None:
    """Return when the job has ended, or after ``at_most_s``. ``is_over`` asks the database."""
    deadline_s = time.monotonic() + at_most_s
    try:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(group_of(job_id), channel)
    except Exception as error:  # Redis is away: then by looking alone
        logger.debug("no news of job %s: %r", job_id, error)
        await _look_until(is_over, deadline_s)
        return
    try:
        # First joined, then looked: what ends in between comes as news.
        while not await in_database(is_over):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0.0 or await _is_told(layer, channel, job_id, min(left_s, _LOOK_AGAIN_S)):
                return
    finally:
        await layer.group_discard(group_of(job_id), channel)


async def _is_told(layer: object, channel: str, job_id: UUID, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await layer.receive(channel)  # type: ignore[attr-defined]  # no types
                if message["type"] == "job.finished" and message["event"]["job_id"] == str(job_id):
                    return True
    except TimeoutError:
        return False


async def _look_until(is_over: Callable[[], bool], deadline_s: float) -> None:
    while not await in_database(is_over):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0.0:
            return
        await asyncio.sleep(min(left_s, _LOOK_AGAIN_S))
