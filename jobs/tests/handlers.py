"""Job kinds that exist in tests only. What they do is set by each test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobs.models import Job
from jobs.registry import JobContext, Queue, register

Work = Callable[[JobContext], Mapping[str, Any]]


def succeed(context: JobContext) -> Mapping[str, Any]:
    return {"ok": True}


def accept(job: Job) -> None:
    """A handler that has nothing to do at the end."""


class ScriptedHandler:
    """Does what the test says and remembers which ends it was told."""

    def __init__(self, kind: str, queue: Queue = "short") -> None:
        self.kind = kind
        self.queue = queue
        self.reset()

    def reset(self) -> None:
        self.work: Work = succeed
        self.on_finished: Callable[[Job], None] = accept
        self.ends: list[tuple[str, str]] = []

    def run(self, context: JobContext) -> Mapping[str, Any]:
        return self.work(context)

    def finished(self, job: Job) -> None:
        self.on_finished(job)
        self.ends.append((job.label, job.state))


LEAF = ScriptedHandler("test.leaf")
RENDER = ScriptedHandler("test.render", "render")
PARENT = ScriptedHandler("test.parent")
ALL = (LEAF, RENDER, PARENT)


def register_all() -> None:
    for handler in ALL:
        register(handler)
