"""To which job the work going on here belongs: what every line of the log says.

A job keeps the id of the request that asked for it, and hands it to its children. So one id leads
from a click through every worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from gts.web.request_context import within_request

if TYPE_CHECKING:
    from jobs.models import Job

_job_id: ContextVar[str] = ContextVar("job_id", default="")


def current_job_id() -> str:
    """The id of the job being run here; empty outside of one."""
    return _job_id.get()


@contextmanager
def within_job(job: Job) -> Iterator[None]:
    with within_request(job.request_id):
        token = _job_id.set(str(job.uuid))
        try:
            yield
        finally:
            _job_id.reset(token)
