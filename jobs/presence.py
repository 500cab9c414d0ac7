"""The sign of life of a process: a row in ``jobs_process``, written every few seconds.

Operators, health checks and metrics read who is there from it, and whose clock is wrong: the row
has the time of the database and, beside it, that of the process. Losing the database for a while
loses nothing else.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts.clock import seconds_ago
from jobs.models import Process

logger = logging.getLogger(__name__)

BEAT_S: Final = 15.0


def _no_figures() -> Mapping[str, Any]:
    return {}


class Presence:
    """From ``start`` to ``stop`` this process is there for everybody to see."""

    def __init__(
        self,
        role: str,
        *,
        queues: Collection[str] = (),
        figures: Callable[[], Mapping[str, Any]] = _no_figures,
    ) -> None:
        self._role = role
        self._queues = sorted(queues)
        self._figures = figures
        self._host = socket.gethostname()[:100]
        self._name = f"{role}@{self._host}:{os.getpid()}"
        self._started_s = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, name=f"presence-{role}", daemon=True)

    def start(self) -> None:
        """Write every few seconds, from a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye. Returns within a second or two, even without a database."""
        self._stopping.set()
        self._thread.join(timeout=2.0)

    def beat(self) -> None:
        """Write once, from any thread. Never raises for a database that is away."""
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
