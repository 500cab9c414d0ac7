"""A job kind for servers and workers that tests start as processes of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.models import Job
from jobs.pipeline.gate import gate
from jobs.pipeline.gate.tests.bad_readers import task
from jobs.queue.current_job import cancellation_check
from jobs.registry import ChildJob, JobContext, Queue, register


class SlowHandler:
    """Works for ``payload["duration_s"]`` and writes down in a file that it started and ended."""

    def __init__(self, kind: str, queue: Queue) -> None:
        self.kind = kind
        self.queue = queue

    def run(self, context: JobContext) -> Mapping[str, Any]:
        payload = context.job.payload
        log = Path(payload["log"])
        _note(log, "start", context.job)
        if payload.get("is_deaf"):
            time.sleep(payload["duration_s"])
        num_steps = int(payload["duration_s"] / 0.05)
        for step in range(num_steps):
            context.report(step / num_steps, f"step {step}")
            time.sleep(0.05)
        _note(log, "end", context.job)
        return {"pid": os.getpid()}

    def finished(self, job: Job) -> None:
        """Nothing else has to know."""


class SlowTree:
    """``num_parts`` slow renders, then a short job."""

    kind = "test.slow_tree"
    queue: Queue = "short"

    def run(self, context: JobContext) -> Mapping[str, Any]:
        payload = context.job.payload
        parts = [
            ChildJob("test.slow_render", payload, label=f"part {number}")
            for number in range(payload["num_parts"])
        ]
        last = ChildJob("test.slow", {**payload, "duration_s": 0.1}, label="last", stage=1)
        context.spawn([*parts, last])
        return {}

    def finished(self, job: Job) -> None:
        """Nothing else has to know."""


class ReadingHandler:
    """Has a file read by ``payload["reader"]`` of ``bad_readers``, which notes its process id."""

    kind = "test.read"
    queue: Queue = "short"

    def run(self, context: JobContext) -> Mapping[str, Any]:
        payload = context.job.payload
        _note(Path(payload["log"]), "start", context.job)
        gate.read(task(payload["reader"]), {"note": payload["note"]}, check=cancellation_check())
        return {}

    def finished(self, job: Job) -> None:
        """Nothing else has to know."""


def _note(log: Path, what: str, job: Job) -> None:
    line = f"{what} {job.label or job.kind} {job.attempt}\n"
    with log.open("a") as file:
        file.write(line)


def register_live() -> None:
    register(SlowHandler("test.slow", "short"))
    register(SlowHandler("test.slow_render", "render"))
    register(SlowTree())
    register(ReadingHandler())
