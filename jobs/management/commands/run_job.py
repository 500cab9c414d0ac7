"""Run a job in the foreground: to see with one's own eyes why it fails."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from gts.web.database import database_now
from gts.web.errors import AppError
from jobs.models import Job, JobState
from jobs.queue import lifecycle
from jobs.queue.runner import run_job
from jobs.queue.stopping import shutdown
from jobs.selectors import job_root, job_tree
from jobs.services import job_retry

_PAUSE_S: Final = 0.5


class Command(BaseCommand):
    help = (
        "Run a queued job here, and whatever its tree needs, until the whole has ended. Workers "
        "may take parts of it meanwhile: each runs once. Ctrl+C hands back what is running."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=UUID)
        parser.add_argument(
            "--retry", action="store_true", help="one that failed or was cancelled, from the start"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        job = Job.objects.filter(uuid=options["id"]).first()
        if job is None:
            raise CommandError(f"There is no job {options['id']}.")
        root = job_root(job)
        if options["retry"]:
            try:
                root = job_retry(job=root)
            except AppError as refusal:
                raise CommandError(refusal.message) from refusal
        if root.is_finished:
            raise CommandError(f"It has ended already ({root.state}). --retry runs it again.")
        with _stoppable():
            self._run_tree(root)
        root.refresh_from_db()
        if not root.is_finished:
            self.stdout.write("Stopped. What was running is back in the queue.")
            return
        self.stdout.write(f"{root.kind} {root.uuid}: {root.state}")
        if root.state != JobState.COMPLETED:
            raise CommandError(
                f"{root.error_code} {root.error_message}\n{root.error_detail}".strip()
            )

    def _run_tree(self, root: Job) -> None:
        while not shutdown.is_set() and not root.is_finished:
            if not self._run_next(root):
                time.sleep(_PAUSE_S)  # another runs it, or it waits for its next try
            root.refresh_from_db()

    def _run_next(self, root: Job) -> bool:
        for job in job_tree(root):
            is_due = job.not_before is not None and job.not_before <= database_now()
            if job.state == JobState.RETRYING and is_due:
                lifecycle.requeue(job)
            if job.state == JobState.QUEUED:
                self.stdout.write(f"{job.kind} “{job.label}” …")
                self.stdout.flush()
                if run_job(job.uuid):
                    self._tell(job)
                    return True
        return False

    def _tell(self, job: Job) -> None:
        job.refresh_from_db()
        took = f" after {job.duration_s:.1f} s" if job.duration_s is not None else ""
        why = f": {job.error_code} {job.error_message}" if job.error_code else ""
        self.stdout.write(f"  {job.state}{took}{why}")


@contextmanager
def _stoppable() -> Iterator[None]:
    """In the block a signal lets the job at hand be handed back, at its next report."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: shutdown.announce())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        shutdown.revoke()
