"""Who is there: written by every process, asked by operators and health checks."""

from __future__ import annotations

import os
import socket
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from jobs.models import Process
from jobs.queue.process_heartbeat import ProcessHeartbeat
from jobs.selectors import queues_without_workers

pytestmark = pytest.mark.django_db(transaction=True)


def age(process: Process, **ago: float) -> None:
    Process.objects.filter(pk=process.pk).update(seen_at=timezone.now() - timedelta(**ago))


def test_a_process_is_there_from_its_start_to_its_end() -> None:
    is_counted = threading.Event()

    def figures() -> dict[str, int]:
        is_counted.set()
        return {"num_sockets": 3}

    process_heartbeat = ProcessHeartbeat("worker", queues=["short", "render"], figures=figures)
    process_heartbeat.start()
    assert is_counted.wait(10)
    while not Process.objects.alive().exists():
        pass
    process = Process.objects.get()
    assert process.name == f"worker@{socket.gethostname()}:{os.getpid()}"
    assert (process.queues, process.figures) == (["render", "short"], {"num_sockets": 3})
    process_heartbeat.stop()
    assert not Process.objects.exists()


def test_a_process_that_starts_forgets_those_long_gone() -> None:
    for name, days in (("long", 2.0), ("lately", 0.5)):
        ProcessHeartbeat("worker").beat()
        Process.objects.filter(name__contains="@").update(name=name)
        age(Process.objects.get(name=name), days=days)
    process_heartbeat = ProcessHeartbeat("beat")
    process_heartbeat.start()
    while not Process.objects.filter(role="beat").exists():
        pass
    process_heartbeat.stop()
    assert [process.name for process in Process.objects.all()] == ["lately"]


def test_beating_twice_is_one_row_that_is_alive_again() -> None:
    process_heartbeat = ProcessHeartbeat("worker", queues=["short"])
    process_heartbeat.beat()
    age(Process.objects.get(), seconds=61)
    assert not Process.objects.alive().exists()
    process_heartbeat.beat()
    assert Process.objects.alive().count() == Process.objects.count() == 1


def test_a_database_that_is_away_stops_no_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(Process.objects, "update_or_create", refuse)
    ProcessHeartbeat("worker").beat()
    assert "away" in caplog.text


def test_a_queue_is_served_by_workers_that_are_alive() -> None:
    assert queues_without_workers() == ["short", "render"]
    ProcessHeartbeat("worker", queues=["short"]).beat()
    assert queues_without_workers() == ["render"]
    Process.objects.update(queues=["short", "render"])
    assert queues_without_workers() == []
    Process.objects.update(role="web")
    assert queues_without_workers() == ["short", "render"]


def test_the_check_of_a_container_fails_unless_its_own_process_is_alive() -> None:
    with pytest.raises(CommandError, match="No worker on"):
        call_command("check_process", "worker")
    ProcessHeartbeat("worker").beat()
    out = StringIO()
    call_command("check_process", "worker", stdout=out)
    assert "is alive" in out.getvalue()
    with pytest.raises(CommandError):
        call_command("check_process", "beat")
    Process.objects.update(host="another")
    with pytest.raises(CommandError):
        call_command("check_process", "worker")
