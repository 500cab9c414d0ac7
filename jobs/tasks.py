"""The Celery tasks: each takes an id, or nothing, and calls what does the work."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import close_old_connections

from jobs.queue import runner
from jobs.queue.cleanup import sweep
from jobs.queue.dispatch import RUN_TASK


@shared_task(name=RUN_TASK, acks_late=True)
def run(job_id: str) -> None:
    """A message is a ticket for one turn in the queue of the job that it names."""
    # The threads of a pool live long, and a connection may have died since the last job.
    close_old_connections()
    try:
        runner.run_next(UUID(job_id))
    finally:
        close_old_connections()


@shared_task(name="jobs.sweep")
def run_sweep() -> None:
    close_old_connections()
    try:
        sweep()
    finally:
        close_old_connections()
