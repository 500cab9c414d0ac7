"""The job that is being run here: what every line of the log says, and whether it is still wanted.

A job keeps the id of the request that asked for it, and hands it to its children. So one id leads
from a click through every worker.

Some work reports no progress: copying a long file to a storage knows nothing of the job that it
belongs to, and still has to stop when its owner cancels. It calls ``cancellation_check``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from gts.web.request_id import within_request

if TYPE_CHECKING:
    from jobs.models import Job


def _never() -> None:
    """Outside of a job there is no one who could cancel."""


_job_id: ContextVar[str] = ContextVar("job_id", default="")
_check: ContextVar[Callable[[], None]] = ContextVar("cancellation_check", default=_never)


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
