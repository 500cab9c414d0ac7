"""To which job the work going on here belongs: what every line of the log says.

A job keeps the id of the request that asked for it, and hands it to its children. So one id leads
from a click through every worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from gts.web.request_id import within_request

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


# MERGED Whether the job that is being run here is still wanted, for work that reports no progress.
# MERGED
# MERGED Copying a long file to a storage knows nothing of the job that it belongs to, and still has to stop
# MERGED when its owner cancels.


def _never() -> None:
    """Outside of a job there is no one who could cancel."""


_check: ContextVar[Callable[[], None]] = ContextVar("cancellation_check", default=_never)


def cancellation_check() -> Callable[[], None]:
    """Raises ``CancelledError`` when the job is to stop. May be called from any thread."""
    return _check.get()


@contextmanager
def checked_by(check: Callable[[], None]) -> Iterator[None]:
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)
