"""A process that cannot write where TMPDIR says tells so, and so does the doctor."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from pytest_django import Settings

from gts.ops import work_folder as module
from gts.ops.work_folder import work_folder, work_folder_from, work_folder_look
from gts.tests.processes import ROOT, environment
from gts.tests.test_commands import doctor
from jobs.models import Process, ProcessRole
from jobs.queue.process_heartbeat import ProcessHeartbeat


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file where the folder should be: this also stops root, whom permissions do not."""
    path = tmp_path / "full"
    path.write_text("in the way")
    monkeypatch.setenv("TMPDIR", str(path))
    monkeypatch.setattr(tempfile, "tempdir", None)  # as in a new process
    return path


def test_a_process_says_by_name_what_it_could_not_take(
    refused: Path, caplog: pytest.LogCaptureFixture
) -> None:
    work_folder_look()
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert f"TMPDIR names {refused}, which cannot be written to" in record.getMessage()
    assert f"work in progress goes to {tempfile.gettempdir()}" in record.getMessage()


def test_a_process_that_could_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TMPDIR", f"{tmp_path}/")
    monkeypatch.setattr(tempfile, "tempdir", None)
    work_folder_look()
    assert caplog.records == []
    assert work_folder().folder == str(tmp_path)


def test_no_folder_at_all_is_said_too(refused: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_usable() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none_usable)
    assert "work in progress has no place" in work_folder().problem
    monkeypatch.delenv("TMPDIR")
    for name in ("TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    assert "No folder for temporary files can be written to" in work_folder().problem


def test_a_folder_that_went_later_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert f"TMPDIR names {folder}, which cannot be written to" in work_folder().problem


@pytest.mark.parametrize("figures", [{}, {"work_folder": {"more": 1}}, {"work_folder": None}])
def test_what_other_versions_say_is_passed_over(figures: dict[str, object]) -> None:
    assert work_folder_from(figures) is None


STARTS = {
    "web": "import asyncio\nfrom gts.asgi import application\n"
    "async def receive(): return {'type': 'lifespan.startup'}\n"
    "async def send(message): raise SystemExit\n"
    "asyncio.run(application({'type': 'lifespan'}, receive, send))",
    "worker": "import django; django.setup()\nfrom celery.signals import worker_init\n"
    "from gts.celery import app\nworker_init.send(sender=None)",
}


@pytest.mark.parametrize("role", STARTS)
def test_each_kind_of_process_looks_when_it_starts(role: str, tmp_path: Path) -> None:
    path = tmp_path / "full"
    path.write_text("in the way")
    settings = {"DJANGO_SETTINGS_MODULE": "gts.settings", "TMPDIR": str(path)}
    done = subprocess.run(
        [sys.executable, "-c", STARTS[role]],
        cwd=ROOT,
        env=environment(tmp_path / "var", **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    log = done.stdout + done.stderr + "".join(p.read_text() for p in tmp_path.rglob("*.log"))
    assert f"TMPDIR names {path}, which cannot be written to" in log


@pytest.mark.django_db(transaction=True)
def test_the_doctor_names_its_own(refused: Path, tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR, settings.IS_EMBEDDED = tmp_path, True
    said, is_content = doctor()
    assert not is_content
    assert "✗ work in progress of commands like this one: not where it should be" in said
    assert f"→ TMPDIR names {refused}, which cannot be written to" in said


@pytest.mark.django_db(transaction=True)
def test_the_doctor_names_that_of_a_worker(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR, settings.IS_EMBEDDED = tmp_path, True
    told = {"folder": "/", "free_bytes": 7 * 1024**3, "variable": "TMPDIR", "wanted": "/full"}
    process_heartbeat = ProcessHeartbeat(
        ProcessRole.WORKER, queues=["render"], figures=lambda: {module.KEY: told}
    )
    process_heartbeat.beat()
    name = f"worker@{socket.gethostname()[:100]}:{os.getpid()}"
    said, is_content = doctor()
    assert not is_content
    assert f"✗ work in progress of {name}: not where it should be" in said
    assert "→ TMPDIR names /full, which cannot be written to" in said
    told.update(variable="", wanted="")
    process_heartbeat.beat()
    assert f"✓ 7.0 GiB free for work in progress of {name} in /" in doctor()[0]
    told.update(free_bytes=5)
    process_heartbeat.beat()
    assert f"✗ 0.0 GiB free for work in progress of {name} in /" in doctor()[0]


@pytest.mark.django_db(transaction=True)
def test_the_doctor_ends_with_how_many_things_need_attention(
    refused: Path, tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR, settings.IS_EMBEDDED = tmp_path, True
    settings.SECURE_SSL_REDIRECT = True  # off in tests on real services, and the doctor sees it
    with pytest.raises(CommandError, match="1 thing needs attention: see what is marked ✗ above"):
        call_command("doctor", stdout=StringIO())


@pytest.mark.django_db(transaction=True)
def test_the_doctor_passes_over_processes_that_say_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR, settings.IS_EMBEDDED = tmp_path, True
    Process.objects.create(
        name="beat@a:1", role="beat", host="a", started_at=Now(), seen_at=Now(), clock_at=Now()
    )
    assert "beat@a:1" not in doctor()[0]
