"""News about jobs for anyone who watches. The only module that touches the channel layer.

Sending is fire and forget: it never blocks, fails or slows the work that has the news. What is
lost on the way is made good by the snapshot that every watcher reads from the database.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypedDict
from uuid import UUID

from channels.layers import get_channel_layer
from django.db import transaction

from gts.web import redis_away
from jobs.models import STATE_LABELS, Job, JobState

logger = logging.getLogger(__name__)

# Sends that have not left yet; more than these are dropped, the watcher's next snapshot has them.
_MAX_IN_FLIGHT: Final = 512

# Of a job, for anyone who reckons how long it still takes.
_TIMES: Final = ("queued_at", "started_at", "finished_at")

_PHASES: Final = {JobState.PENDING: 0, JobState.RUNNING: 0, JobState.QUEUED: 2}


class JobMessage(TypedDict):
    """What goes through the channel layer about a job. ``event``: from ``describe``; ``times``: as
    seconds since 1970."""

    type: str
    order: list[float]
    event: dict[str, Any]
    times: dict[str, float | None]


def group_of(job_id: object) -> str:
    return f"job.{job_id}"


def describe(job: Job) -> dict[str, Any]:
    """A job as watchers see it: nothing for operators, nothing internal."""
    return {
        "job_id": str(job.uuid),
        "kind": job.kind,
        "label": job.label,
        "state": str(job.state),
        "state_label": STATE_LABELS[JobState(job.state)],
        "progress": round(job.progress, 1),
        "message": job.message,
        "error": {"code": job.error_code, "message": job.error_message} if job.error_code else None,
    }


def order_of(job: Job) -> list[float]:
    """Of two reports about one job the newer has the greater order, whichever comes first.

    Within an attempt: it runs, it ends or waits for another try, it is queued again.
    """
    phase = _PHASES.get(JobState(job.state), 1)
    return [job.attempt, phase, job.progress]


def apply_event(event: Mapping[str, Any], times: Mapping[str, float | None], job: Job) -> None:
    """Bring ``job``, read earlier, to what is told of it; it is not saved."""
    job.state, job.progress, job.message = event["state"], event["progress"], event["message"]
    job.error_code = event["error"]["code"] if event["error"] else ""
    job.error_message = event["error"]["message"] if event["error"] else ""
    for name, seconds in times.items():
        at = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        setattr(job, name, at)


def _times(job: Job) -> dict[str, float | None]:
    moments = {name: getattr(job, name) for name in _TIMES}
    return {name: None if at is None else at.timestamp() for name, at in moments.items()}


def publish(job: Job, *, is_one_of_many: bool = False) -> None:
    """Tell the watchers of ``job`` and of its ancestors how it stands, after the commit.

    Of one of many changes at once the ancestors' watchers hear by one ``publish_tree`` instead:
    hundreds of messages at a time would overflow their channels.
    """
    kind = "job.finished" if job.is_finished else "job.progress"
    message: JobMessage = {
        "type": kind,
        "order": order_of(job),
        "event": describe(job),
        "times": _times(job),
    }
    ancestors = [] if is_one_of_many else _ancestor_groups(job)
    _send_on_commit([group_of(job.uuid), *ancestors], message)


def publish_tree(job: Job) -> None:
    """Tell the watchers of ``job`` and of its ancestors that many jobs changed: look again."""
    _send_on_commit([group_of(job.uuid), *_ancestor_groups(job)], {"type": "job.tree"})


def notifications_group(owner_id: object) -> str:
    return f"notifications.{owner_id}"


def publish_notification(owner_id: UUID, event: dict[str, Any]) -> None:
    """Tell the windows of a user of a new notification, after the commit."""
    message = {"type": "notification.created", "event": event}
    _send_on_commit([notifications_group(owner_id)], message)


def publish_notifications_read(owner_id: UUID) -> None:
    """Tell the windows of a user that some were read: count again."""
    _send_on_commit([notifications_group(owner_id)], {"type": "notification.read"})


def _ancestor_groups(job: Job) -> Iterator[str]:
    node = job.parent
    while node is not None:
        yield group_of(node.uuid)
        node = node.parent


def _send_on_commit(groups: list[str], message: Mapping[str, object]) -> None:
    for group in groups:
        transaction.on_commit(partial(_sender.send, group, message), robust=True)


def bind_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Send from this event loop from now on: that of the server, whose sockets live on it.

    The in-memory channel layer works on no other loop. ``None``: back to a loop of our own.
    """
    _sender.bind(loop)


class _Sender:
    """Hands messages from any thread to one event loop.

    In a server process that is the server's loop. A worker process has none, so a thread with a
    loop is started at the first message (after a fork, not before: threads do not survive it).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bound: asyncio.AbstractEventLoop | None = None
        self._own: asyncio.AbstractEventLoop | None = None
        self._own_pid = 0
        self._slots = threading.BoundedSemaphore(_MAX_IN_FLIGHT)

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._bound = loop

    def send(self, group: str, message: Mapping[str, object]) -> None:
        loop = self._loop()
        if not self._slots.acquire(blocking=False):
            logger.warning("the channel layer is slow: news for %s dropped", group)
            return
        coroutine = self._deliver(group, message)
        try:
            asyncio.run_coroutine_threadsafe(coroutine, loop)
        except RuntimeError:  # the loop was closed: the server is going down
            coroutine.close()
            self._slots.release()

    async def _deliver(self, group: str, message: Mapping[str, object]) -> None:
        try:
            layer = get_channel_layer()
            if layer is not None:
                await layer.group_send(group, message)
        except Exception as error:
            # That Redis is away is logged once, not for each message.
            level = logging.DEBUG if redis_away.is_away() else logging.WARNING
            logger.log(level, "news for %s not sent: %r", group, error)
        finally:
            self._slots.release()

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._bound is not None:
            return self._bound
        with self._lock:
            if self._own is None or self._own_pid != os.getpid():
                self._own = asyncio.new_event_loop()
                self._own_pid = os.getpid()
                self._slots = threading.BoundedSemaphore(_MAX_IN_FLIGHT)
                threading.Thread(
                    target=self._own.run_forever, name="job-events", daemon=True
                ).start()
            return self._own


_sender = _Sender()
