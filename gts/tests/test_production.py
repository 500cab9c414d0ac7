"""Real Celery workers on PostgreSQL and Redis: killed, forgotten, listened to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import redis
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.services import access_token_create
from accounts.tests.factories import make_user
from accounts.tests.needs import needs_services
from gts.celery import app
from gts.tests.processes import environment, kill, process, wait_until
from gts.tests.websocket import WebSocket
from jobs.live import events
from jobs.models import Job
from jobs.pipeline.gate.tests.bad_readers import is_alive
from jobs.queue.cleanup import sweep
from jobs.services import job_cancel, job_enqueue
from jobs.tests.live import register_live

pytestmark = [
    pytest.mark.services,
    needs_services,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Workers of another test process on the same Redis would take this test's messages."""
    register_live()
    client = redis.Redis.from_url(settings.REDIS_URL)
    with client.lock("gts-test-workers", timeout=600):
        app.control.purge()
        yield


class Workers:
    def __init__(self, folder: Path) -> None:
        database = connection.settings_dict
        self.notes = folder / "notes.txt"
        self.log = folder / "worker.log"
        host = f"{database['HOST']}:{database['PORT'] or 5432}"
        self.env = environment(
            folder / "var",
            DATABASE_URL=f"postgresql://{database['USER']}:{database['PASSWORD']}@{host}"
            f"/{database['NAME']}",
            REDIS_URL=settings.REDIS_URL,
            GTS_SECRET_KEY=settings.SECRET_KEY,
            GTS_TOKEN_KEYS=" ".join(settings.GTS_TOKEN_KEYS),
            GTS_ALLOWED_HOSTS="localhost",
            GTS_LOG_LEVEL="INFO",
        )

    def start(self, queue: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
        command = ("celery", "-A", "gts.tests.live_server", "worker", "--queues", queue)
        name = ("--hostname", f"{queue}-{os.getpid()}@localhost")
        return process(self.env, self.log, *command, *name, "--concurrency", "2")

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def enqueue(self, kind: str, **payload: Any) -> Job:
        payload = {"log": str(self.notes), **payload}
        return job_enqueue(kind=kind, owner=make_user(), payload=payload, label="work")


@pytest.fixture
def workers(tmp_path: Path) -> Workers:
    return Workers(tmp_path)


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_a_tree_runs_on_two_kinds_of_worker_and_a_socket_hears_of_it(workers: Workers) -> None:
    job = workers.enqueue("test.slow_tree", duration_s=1.0, num_parts=2)
    token = access_token_create(user=job.owner, lifetime_s=600)

    async def watch() -> tuple[list[dict[str, Any]], int]:
        header = (b"authorization", f"Bearer {token}".encode())
        websocket = WebSocket(f"/ws/jobs/{job.uuid}/", header, timeout_s=60)
        await websocket.connect()
        return await websocket.receive_rest()

    with workers.start("short"), workers.start("render"):
        messages, code = asyncio.run(watch())
    assert code == 1000
    assert messages[-1]["state"] == "completed"
    own = [message["progress"] for message in messages if message["job_id"] == str(job.uuid)]
    assert own == sorted(own)
    assert len([progress for progress in own if 0 < progress < 100]) >= 2


def test_a_worker_killed_half_way_is_found_and_its_job_done_by_another(workers: Workers) -> None:
    job = workers.enqueue("test.slow_render", duration_s=2.0)
    with workers.start("render") as first:
        wait_until(lambda: len(workers.noted()) == 1, "the job runs")
        kill(first)
    assert state_of(job) == "running"

    with workers.start("render"):
        assert sweep(lost_before=timezone.now()).num_lost == 1
        wait_until(lambda: state_of(job) == "completed", "the job is completed")
    assert workers.noted() == ["start work 1", "start work 2", "end work 2"]
    assert (job.attempt, job.num_lost, job.num_failures) == (2, 1, 0)


def test_a_queue_that_redis_forgot_is_sent_again(workers: Workers) -> None:
    job = workers.enqueue("test.slow", duration_s=0.1)
    app.control.purge()
    with workers.start("short"):
        sweep(stranded_before=timezone.now())
        wait_until(lambda: state_of(job) == "completed", "the job is completed")


def test_a_message_delivered_three_times_runs_once(workers: Workers) -> None:
    job = workers.enqueue("test.slow", duration_s=0.5)
    for _ in range(2):
        app.send_task("jobs.run", args=[str(job.uuid)], queue="short")
    with workers.start("short") as running:
        wait_until(lambda: state_of(job) == "completed", "the job is completed")
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)
    assert workers.noted() == ["start work 1", "end work 1"]


def test_a_running_render_is_cancelled(workers: Workers) -> None:
    job = workers.enqueue("test.slow_render", duration_s=3600.0)
    with workers.start("render"):
        wait_until(lambda: len(workers.noted()) == 1, "the job runs")
        job_cancel(job=job)
        wait_until(lambda: state_of(job) == "cancelled", "the job is cancelled")
    assert job.finished_at is not None
    assert job.cancel_requested_at is not None
    assert (job.finished_at - job.cancel_requested_at).total_seconds() < 2.0


def test_a_file_that_hangs_is_given_up_within_two_seconds_of_a_cancel(workers: Workers) -> None:
    note = workers.notes.with_name("pid")
    job = workers.enqueue("test.read", reader="hang_in_c", note=str(note))
    with workers.start("short"):
        wait_until(lambda: note.exists() and note.read_text() != "", "the file is being read")
        job_cancel(job=job)
        wait_until(lambda: state_of(job) == "cancelled", "the job is cancelled")
        wait_until(lambda: not is_alive(int(note.read_text())), "its reader is gone")
    assert job.finished_at is not None
    assert job.cancel_requested_at is not None
    assert (job.finished_at - job.cancel_requested_at).total_seconds() < 2.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_reader_outlives_its_worker(workers: Workers, number: signal.Signals) -> None:
    note = workers.notes.with_name("pid")
    job = workers.enqueue("test.read", reader="hang_in_c", note=str(note))
    with workers.start("short") as running:
        wait_until(lambda: note.exists() and note.read_text() != "", "the file is being read")
        if number == signal.SIGTERM:
            running.send_signal(number)
            running.wait(timeout=settings.GTS_STOP_GRACE_S + 10)
        else:
            kill(running)
        wait_until(lambda: not is_alive(int(note.read_text())), "its reader is gone")
    assert state_of(job) == ("queued" if number == signal.SIGTERM else "running")
    assert (job.num_failures, job.num_lost) == (0, 0)


def test_news_sent_from_any_thread_reaches_a_socket(workers: Workers) -> None:
    """Without a bound loop, as in a worker: over the loop that the sender starts for itself."""
    job = workers.enqueue("test.slow", duration_s=0.0)
    token = access_token_create(user=job.owner, lifetime_s=600)

    async def watch() -> list[dict[str, Any]]:
        header = (b"authorization", f"Bearer {token}".encode())
        websocket = WebSocket(f"/ws/jobs/{job.uuid}/", header)
        await websocket.connect()
        await websocket.receive()
        job.message = "from a thread"
        await database_sync_to_async(events.publish, thread_sensitive=False)(job)
        message = await websocket.receive()
        await websocket.leave()
        return [message]

    assert [message["message"] for message in asyncio.run(watch())] == ["from a thread"]
