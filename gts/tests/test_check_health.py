"""The health checks of containers, which start no Python, and what they look at."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError

from gts import celery_heartbeat
from gts.celery_heartbeat import LoopWatch
from gts.tests.processes import ROOT
from jobs.models import ALIVE_WITHIN_S, Process
from jobs.queue.process_heartbeat import ProcessHeartbeat


def check(*words: str, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        [ROOT / "bin/check_health", *words],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_asked = (self.path, self.headers["Host"]) == ("/health/live", "gts.example")
        self.send_response(200 if is_asked else 400)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def server() -> Iterator[str]:
    """A web process, by its port."""
    http = HTTPServer(("127.0.0.1", 0), _Answer)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield str(http.server_port)
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def test_web_is_asked_by_the_first_of_its_names() -> None:
    with server() as port:
        for hosts in ("gts.example", ".gts.example, other.example", "gts.example other.example"):
            assert check("web", port, GTS_ALLOWED_HOSTS=hosts) == (0, "")
        status, said = check("web", port, GTS_ALLOWED_HOSTS="other.example")
        assert (status, said) == (1, "web answers 400 Bad Request\n")
    assert check("web", port, GTS_ALLOWED_HOSTS="gts.example")[0] == 1


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_worker_and_beat_are_well_while_their_file_is_young(tmp_path: Path, role: str) -> None:
    path = tmp_path / "alive"
    assert check(role, GTS_ALIVE_FILE=str(path)) == (1, f"no {role} was seen yet\n")
    path.touch()
    assert check(role, GTS_ALIVE_FILE=str(path)) == (0, "")
    old_s = time.time() - ALIVE_WITHIN_S - 1
    os.utime(path, (old_s, old_s))
    status, said = check(role, GTS_ALIVE_FILE=str(path))
    assert status == 1
    assert said.startswith(f"the {role} was last seen 6")
    assert check(role)[0] == 1


def test_what_is_no_role_is_told() -> None:
    assert check("postgres")[0] == 2


@pytest.mark.django_db
def test_the_file_is_touched_by_who_works_and_reaches_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "alive"
    watch = LoopWatch()
    process_heartbeat = ProcessHeartbeat("worker", alive_file=path, is_working=watch.is_turning)

    def is_touched() -> bool:
        path.unlink(missing_ok=True)
        process_heartbeat.beat()
        return path.exists()

    assert is_touched()  # the loop waits for its broker
    watch.come_by()
    assert is_touched()
    monkeypatch.setattr(watch, "_seen_s", time.monotonic() - 31.0)
    assert not is_touched()
    assert "its loop does not turn" in caplog.text
    watch.pause()
    assert is_touched()

    def refuse(**_: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(Process.objects, "update_or_create", refuse)
    assert not is_touched()


@pytest.mark.django_db
def test_a_folder_that_is_away_stops_no_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ProcessHeartbeat("worker", alive_file=tmp_path / "away" / "alive").beat()
    assert "could not touch" in caplog.text
    assert Process.objects.count() == 1


def test_the_loop_of_a_worker_comes_by_as_long_as_it_is_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = LoopWatch()
    monkeypatch.setattr(celery_heartbeat, "loop_watch", watch)
    steps: dict[str, set[Any]] = {"consumer": set()}
    celery_heartbeat._watch_the_loop(
        sender="worker@here", instance=SimpleNamespace(app=SimpleNamespace(steps=steps))
    )
    [step] = steps["consumer"]
    timers: list[tuple[float, Any]] = []
    timer = SimpleNamespace(call_repeatedly=lambda every_s, call: timers.append((every_s, call)))
    consumer = SimpleNamespace(timer=timer)
    watched = step(consumer)
    watched.start(consumer)
    [(every_s, come_by)] = timers
    assert every_s < ALIVE_WITHIN_S / 4
    monkeypatch.setattr(watch, "_seen_s", time.monotonic() - 31.0)
    assert not watch.is_turning()
    come_by()
    assert watch.is_turning()
    watched.stop(consumer)
    assert watch.is_turning()
