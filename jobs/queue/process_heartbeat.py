"""The sign of life of a process: a row in ``jobs_process``, written every few seconds.

Operators, health checks and metrics read who is there from it, and whose clock is wrong: the row
has the time of the database and, beside it, that of the process. Losing the database for a while
loses nothing else. The health check of a container, which must cost nothing, looks at a file beside
it: its time says when the row was last written by a process that does its work.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.utils import timezone

from gts.web.database import seconds_ago
from jobs.models import Process

logger = logging.getLogger(__name__)

BEAT_S: Final = 15.0


def _no_figures() -> Mapping[str, object]:
    return {}


def _always() -> bool:
    return True


class ProcessHeartbeat:
    """From ``start`` to ``stop`` this process is there for everybody to see.

    ``alive_file``: touched with every row that could be written while ``is_working``.
    """

    def __init__(
        self,
        role: str,
        *,
        queues: Collection[str] = (),
        figures: Callable[[], Mapping[str, object]] = _no_figures,
        alive_file: Path | None = None,
        is_working: Callable[[], bool] = _always,
    ) -> None:
        self._role = role
        self._queues = sorted(queues)
        self._figures = figures
        self._alive_file = alive_file
        self._is_working = is_working
        self._host = socket.gethostname()[:100]
        self._name = f"{role}@{self._host}:{os.getpid()}"
        self._started_s = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._live, name=f"process_heartbeat-{role}", daemon=True
        )

    def start(self) -> None:
        """Write every few seconds, from a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye. Returns within a second or two, even without a database."""
        self._stopping.set()
        self._thread.join(timeout=2.0)

    def beat(self) -> None:
        """Write once, from any thread. Never raises for a database or a folder that is away."""
        try:
            Process.objects.update_or_create(
                name=self._name,
                defaults={
                    "role": self._role,
                    "host": self._host,
                    "queues": self._queues,
                    "figures": dict(self._figures()),
                    "started_at": seconds_ago(time.monotonic() - self._started_s),
                    "seen_at": Now(),
                    "clock_at": timezone.now(),
                },
            )
        except DatabaseError as error:
            logger.warning("%s could not say that it lives: %s", self._name, error)
        else:
            self._touch()

    def _touch(self) -> None:
        if self._alive_file is None:
            return
        if not self._is_working():
            logger.warning("%s hangs: its loop does not turn", self._name)
            return
        try:
            self._alive_file.touch()
        except OSError as error:
            logger.warning("%s could not touch %s: %s", self._name, self._alive_file, error)

    def _live(self) -> None:
        try:
            self._forget_others()
            while True:
                self.beat()
                # Not held meanwhile: a process that forks hands its open connections on.
                connection.close()
                if self._stopping.wait(BEAT_S):
                    break
            self._leave()
        finally:
            connection.close()

    def _forget_others(self) -> None:
        try:
            Process.objects.forgotten().delete()
        except DatabaseError as error:
            logger.warning("old processes could not be forgotten: %s", error)

    def _leave(self) -> None:
        try:
            Process.objects.filter(name=self._name).delete()
        except DatabaseError as error:
            logger.warning("%s could not say goodbye: %s", self._name, error)
