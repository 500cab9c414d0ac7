"""Work that reports no progress stops when its job is cancelled: storage, and each long step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from jobs.files.storage import store_local_file
from jobs.models import JobState
from jobs.pipeline.errors import CancelledError
from jobs.pipeline.files import sha256_of
from jobs.queue.current_job import cancellation_check, checked_by
from jobs.queue.runner import run_job
from jobs.registry import JobContext
from jobs.services import job_cancel
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF

_MIB = 1024 * 1024


def stop_at(number: int) -> Callable[[], None]:
    """A check that lets ``number`` calls pass."""
    calls = iter(range(number))

    def check() -> None:
        if next(calls, None) is None:
            raise CancelledError

    return check


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(4 * _MIB))
    return path


def test_outside_of_a_job_nothing_is_cancelled(large_file: Path) -> None:
    cancellation_check()()
    stored = store_local_file(large_file, "cancellation/outside.bin")
    assert stored.size_bytes == 4 * _MIB
    default_storage.delete(stored.name)


@pytest.mark.parametrize("num_passed", [0, 3, 5, 9])
def test_storing_a_long_file_stops_and_leaves_nothing(large_file: Path, num_passed: int) -> None:
    with checked_by(stop_at(num_passed)), pytest.raises(CancelledError):
        store_local_file(large_file, "cancellation/stopped.bin")
    assert not default_storage.exists("cancellation/stopped.bin")


def test_a_digest_stops(large_file: Path) -> None:
    with pytest.raises(CancelledError):
        sha256_of(large_file, between=stop_at(2))


@pytest.mark.django_db(transaction=True)
def test_a_job_that_only_stores_hears_of_the_cancel(large_file: Path) -> None:
    num_stored = 0

    def work(context: JobContext) -> dict[str, Any]:
        nonlocal num_stored
        job_cancel(job=context.job)
        for _ in range(10_000):
            default_storage.delete(store_local_file(large_file, "cancellation/again.bin").name)
            num_stored += 1
        return {}

    LEAF.work = work
    job = make_job()
    run_job(job.uuid)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert num_stored < 10_000
