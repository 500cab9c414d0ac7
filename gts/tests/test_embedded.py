"""The embedded mode as one real server process: live progress, kill, restart, stop."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from gts.tests.processes import (
    answer_to_endless_header,
    answers,
    environment,
    free_port,
    kill,
    manage,
    process,
    serving,
    wait_until,
)
from jobs.pipeline.gate.tests.bad_readers import is_alive

pytestmark = pytest.mark.processes


class Server:
    """One data folder, and the servers that run on it one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = environment(folder / "var")
        self.log = folder / "server.log"
        self.notes = folder / "notes.txt"
        self.port = free_port()

    def start(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        application = "gts.tests.live_server:application"
        return process(self.env, self.log, *serving(application, self.port))

    def wait_until_up(self) -> None:
        wait_until(lambda: answers(self.port), "the server answers")

    def enqueue(self, kind: str, **payload: Any) -> tuple[str, str]:
        """The id of a new job of a new user, and a token of that user."""
        payload = {"log": str(self.notes), **payload}
        code = (
            "from accounts.models import User; from accounts.services import access_token_create;"
            "from jobs.services import job_enqueue; from jobs.tests.live import register_live;"
            "register_live(); user = User.objects.create_user(username='alice');"
            f"job = job_enqueue(kind={kind!r}, owner=user, payload={payload!r});"
            "print(job.uuid, access_token_create(user=user, lifetime_s=600))"
        )
        job_id, token = manage(self.env, "shell", "-v", "0", "-c", code).split()
        return job_id, token

    def look(self, job_id: str) -> dict[str, Any]:
        """The row, read with a connection of this test's own."""
        with sqlite3.connect(self.folder / "var" / "gts.sqlite3", timeout=30) as database:
            database.row_factory = sqlite3.Row
            where = job_id.replace("-", "")
            row = database.execute("SELECT * FROM jobs_job WHERE uuid = ?", (where,)).fetchone()
        return dict(row)

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def connect(self, job_id: str, token: str) -> websockets.connect:
        url = f"ws://127.0.0.1:{self.port}/ws/jobs/{job_id}/"
        return websockets.connect(url, additional_headers={"Authorization": f"Bearer {token}"})

    async def watch(self, job_id: str, token: str) -> tuple[list[dict[str, Any]], int | None]:
        async with self.connect(job_id, token) as websocket:
            messages = [json.loads(text) async for text in websocket]
            return messages, websocket.close_code


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated") / "var"
    manage(environment(folder), "migrate", "-v", "0")
    return folder


@pytest.fixture
def server(tmp_path: Path, migrated: Path) -> Server:
    shutil.copytree(migrated, tmp_path / "var")
    return Server(tmp_path)


def test_a_job_runs_in_the_server_process_and_its_progress_reaches_a_socket(
    server: Server,
) -> None:
    with server.start() as running:
        server.wait_until_up()
        # From another process, whose message reaches no one: the sweep finds the row.
        job_id, token = server.enqueue("test.slow_tree", duration_s=1.5, num_parts=2)
        messages, code = asyncio.run(asyncio.wait_for(server.watch(job_id, token), 60))

        assert code == 1000
        assert messages[-1]["state"] == "completed"
        own = [message["progress"] for message in messages if message["job_id"] == job_id]
        assert own == sorted(own)
        assert len([progress for progress in own if 0 < progress < 100]) >= 3
        assert json.loads(server.look(job_id)["result"]) == {}
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)


def test_a_render_survives_kill_9_and_is_finished_by_the_next_start(server: Server) -> None:
    job_id, _ = server.enqueue("test.slow_tree", duration_s=2.0, num_parts=1)
    with server.start() as running:
        wait_until(lambda: "start part 0 1" in server.noted(), "the part is being rendered")
        kill(running)
    assert server.look(job_id)["state"] == "running"

    with server.start() as running:
        wait_until(lambda: server.look(job_id)["state"] == "completed", "the job is completed")
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)
    assert server.noted() == [
        "start part 0 1", "start part 0 2", "end part 0 2", "start last 1", "end last 1",
    ]  # fmt: skip


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopped_hands_its_jobs_back(
    server: Server, stop_signal: signal.Signals
) -> None:
    job_id, token = server.enqueue("test.slow_render", duration_s=3600.0)
    with server.start() as running:
        wait_until(lambda: len(server.noted()) == 1, "the job runs")
        server.wait_until_up()

        async def stop_while_watching() -> int | None:
            async with server.connect(job_id, token) as websocket:
                await websocket.recv()
                running.send_signal(stop_signal)
                await websocket.wait_closed()
                return websocket.close_code

        code = asyncio.run(asyncio.wait_for(stop_while_watching(), 60))
        assert code == 1012  # service restart
        running.wait(timeout=30)

    row = server.look(job_id)
    assert (row["state"], row["num_failures"], row["num_lost"]) == ("queued", 0, 0)
    assert "did not stop in time" not in server.log.read_text()


def test_a_job_that_never_reports_cannot_hold_up_the_stop(server: Server) -> None:
    job_id, _ = server.enqueue("test.slow_render", duration_s=3600.0, is_deaf=True)
    with server.start() as running:
        wait_until(lambda: len(server.noted()) == 1, "the job runs")
        server.wait_until_up()
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)
    row = server.look(job_id)
    assert (row["state"], row["num_failures"], row["num_lost"]) == ("queued", 0, 0)
    assert "did not stop in time" in server.log.read_text()


def test_a_file_that_hangs_cannot_hold_up_the_stop(server: Server) -> None:
    note = server.folder / "pid"
    job_id, _ = server.enqueue("test.read", reader="hang_in_c", note=str(note))
    with server.start() as running:
        wait_until(lambda: note.exists() and note.read_text() != "", "the file is being read")
        server.wait_until_up()
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)
        wait_until(lambda: not is_alive(int(note.read_text())), "its reader is gone")
    row = server.look(job_id)
    assert (row["state"], row["num_failures"], row["num_lost"]) == ("queued", 0, 0)
    assert "did not stop in time" not in server.log.read_text()


def test_short_work_does_not_wait_behind_renders(server: Server) -> None:
    server.env["GTS_WORKER_THREADS"] = "1"
    render_id, _ = server.enqueue("test.slow_tree", duration_s=3600.0, num_parts=5)
    with server.start():
        wait_until(lambda: "start part 0 1" in server.noted(), "a part is being rendered")
        server.wait_until_up()
        code = (
            "from accounts.models import User; from jobs.services import job_enqueue;"
            "from jobs.tests.live import register_live; register_live();"
            "print(job_enqueue(kind='test.slow', owner=User.objects.get(),"
            f"payload={{'log': {str(server.notes)!r}, 'duration_s': 0.1}}).uuid)"
        )
        short_id = manage(server.env, "shell", "-v", "0", "-c", code)
        wait_until(lambda: server.look(short_id)["state"] == "completed", "the short job is done")
    assert server.look(render_id)["state"] == "running"


def test_cleanup_is_done_soon_after_the_start(server: Server) -> None:
    with server.start():
        wait_until(
            lambda: "accounts.tasks cleanup:" in server.log.read_text(), "the cleanup is done"
        )


def test_a_server_is_seen_and_keeps_itself_tidy(server: Server) -> None:
    left = server.folder / "var" / "media" / "renders" / "x" / "v1" / "left.flac"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of a process that was killed")
    os.utime(left, (0, 0))

    def state() -> str:
        answer = httpx.get(f"http://127.0.0.1:{server.port}/health/ready", timeout=10)
        return str(answer.json()["status"])

    with server.start():
        server.wait_until_up()
        wait_until(lambda: state() == "ok", "its workers are seen")
        wait_until(lambda: not left.exists(), "the file is gone")


def test_a_web_process_bounds_what_it_reads(server: Server) -> None:
    with server.start():
        server.wait_until_up()
        assert answer_to_endless_header(server.port).startswith(b"HTTP/1.1 431 ")


def test_two_servers_do_not_share_a_data_folder(server: Server) -> None:
    with server.start() as first:
        server.wait_until_up()
        second = Server(server.folder)
        second.log = server.folder / "second.log"
        with second.start() as refused:
            assert refused.wait(timeout=60) != 0
        assert f"(process {first.pid})" in second.log.read_text()
        assert "GTS_DATA_DIR" in second.log.read_text()
        assert first.poll() is None


def test_a_database_that_was_not_migrated_is_named(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with server.start() as refused:
        assert refused.wait(timeout=60) != 0
    assert "manage.py migrate" in server.log.read_text()
