from __future__ import annotations

import asyncio
import os
import re
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient
from django.utils import timezone
from pytest_django import Settings

from accounts.tests.migrating import newest_step
from accounts.tests.needs import needs_sqlite
from gts.ops import health
from gts.storage.local import AtomicFileSystemStorage
from gts.web.database import seconds_ago
from jobs.models import Process
from jobs.pipeline.versions import VERSION
from jobs.queue.process_heartbeat import ProcessHeartbeat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_is_known() -> None:
    health._check_storage.forget()
    health._last_look.forget()


async def ready(async_client: AsyncClient) -> tuple[int, dict[str, Any]]:
    """As it is now."""
    health._last_look.forget()
    answer = await async_client.get("/health/ready")
    assert answer["Cache-Control"].startswith("max-age=0")
    return answer.status_code, answer.json()


async def test_it_is_alive(async_client: AsyncClient) -> None:
    answer = await async_client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": VERSION})
    assert (await async_client.post("/health/live")).status_code == 405


PARTS = ["database", "broker", "channel_layer", "storage", "workers", "clocks"]
if not settings.IS_EMBEDDED:
    PARTS.append("beat")


@database_sync_to_async  # type: ignore[untyped-decorator]
def make_worker(*queues: str) -> None:
    """And beat, which production has."""
    ProcessHeartbeat("worker", queues=queues).beat()
    ProcessHeartbeat("beat").beat()


async def test_everything_it_needs_is_up(async_client: AsyncClient) -> None:
    await make_worker("short", "render")
    status, body = await ready(async_client)
    assert status == 200
    assert body == {"status": "ok", "checks": dict.fromkeys(PARTS, "ok")}
    assert not default_storage.listdir(".health")[1]


async def test_a_beat_that_is_missing_is_named(
    async_client: AsyncClient, settings: Settings
) -> None:
    settings.IS_EMBEDDED = False
    await make_worker("short", "render")
    assert (await ready(async_client))[1]["checks"]["beat"] == "ok"
    await age("beat", 89)
    assert (await ready(async_client))[1]["checks"]["beat"] == "ok"  # the sweep is each 30 s
    await age("beat", 91)
    status, body = await ready(async_client)
    assert (status, body["status"]) == (200, "degraded")
    assert [name for name, state in body["checks"].items() if state != "ok"] == ["beat"]


@database_sync_to_async  # type: ignore[untyped-decorator]
def age(role: str, seconds: float) -> None:
    Process.objects.filter(role=role).update(seen_at=seconds_ago(seconds))


@pytest.mark.parametrize("ahead_s", [600.0, -600.0, 6.0])
async def test_a_clock_that_is_wrong_is_named(
    async_client: AsyncClient, caplog: pytest.LogCaptureFixture, ahead_s: float
) -> None:
    await make_worker("short", "render")
    clock_at = timezone.now() + timedelta(seconds=ahead_s)
    await Process.objects.filter(role="worker").aupdate(clock_at=clock_at)
    status, body = await ready(async_client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"] == {**dict.fromkeys(PARTS, "ok"), "clocks": "skewed"}
    [said] = re.findall(r"worker@\S+ by ([-+0-9.]+) s", caplog.text)
    assert abs(float(said) - ahead_s) < 1


async def test_its_own_clock_is_looked_at_too(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_worker("short", "render")
    monkeypatch.setattr(health, "database_now", lambda: timezone.now() + timedelta(seconds=7))
    assert (await ready(async_client))[1]["checks"]["clocks"] == "skewed"


async def test_however_many_ask_it_looks_once(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    async def look() -> None:
        looks.append(1)
        await asyncio.sleep(0)

    monkeypatch.setitem(health.CHECKS, "broker", look)
    answers = await asyncio.gather(*(async_client.get("/health/ready") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await async_client.get("/health/ready")).status_code == 200
    assert len(looks) == 1
    monkeypatch.setattr(health._last_look, "_good_until_s", 0.0)
    await async_client.get("/health/ready")
    assert len(looks) == 2


async def test_the_storage_is_written_to_now_and_then(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = []
    save = AtomicFileSystemStorage._save

    def counted(self: AtomicFileSystemStorage, name: str, content: Any) -> str:
        writes.append(name)
        return save(self, name, content)

    monkeypatch.setattr(AtomicFileSystemStorage, "_save", counted)
    for _ in range(3):
        assert (await ready(async_client))[1]["checks"]["storage"] == "ok"
    assert len(writes) == 1
    monkeypatch.setattr(health._check_storage, "_write_again_at_s", 0.0)
    await ready(async_client)
    assert len(writes) == 2


@pytest.mark.parametrize(
    "found",
    [{"f_bavail": 0, "f_flag": 0}, {"f_bavail": 9, "f_flag": os.ST_RDONLY}],
    ids=["full", "read-only"],
)
async def test_a_disk_is_seen_to_be_full_without_a_write(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch, found: dict[str, int]
) -> None:
    assert (await ready(async_client))[1]["checks"]["storage"] == "ok"
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**found))
    status, body = await ready(async_client)
    assert (status, body["checks"]["storage"]) == (503, "down")


@needs_sqlite
async def test_a_database_that_cannot_grow_or_be_written_is_not_ok(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=health._MIN_FREE_BYTES - 1)
    with monkeypatch.context() as patch:
        patch.setattr("gts.ops.health.shutil.disk_usage", lambda _: usage)
        status, body = await ready(async_client)
    assert (status, body["checks"]["database"]) == (503, "full")
    assert body["message"] == "Not ready: database full."
    [detail] = body["details"]
    assert (detail["pointer"], detail["code"]) == ("/checks/database", "DISK_FULL")
    with monkeypatch.context() as patch:
        patch.setattr("gts.ops.health.os.access", lambda *_: False)
        checks = (await ready(async_client))[1]["checks"]
    assert checks["database"] == "down"
    assert (await ready(async_client))[1]["checks"]["database"] == "ok"


@pytest.mark.parametrize("queues", [(), ("short",)])
async def test_a_queue_without_a_worker_leaves_it_ready_but_degraded(
    async_client: AsyncClient, queues: tuple[str, ...]
) -> None:
    await make_worker(*queues)
    status, body = await ready(async_client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"] == {**dict.fromkeys(PARTS, "ok"), "workers": "down"}


@database_sync_to_async  # type: ignore[untyped-decorator]
def record_newest_of_jobs(*, is_applied: bool) -> None:
    newest = newest_step("jobs")
    recorder = MigrationRecorder(connection)
    (recorder.record_applied if is_applied else recorder.record_unapplied)(*newest)


async def test_a_database_without_its_migrations_is_not_ready(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_seen_migrated", threading.Event())
    await make_worker("short", "render")
    await record_newest_of_jobs(is_applied=False)
    try:
        status, body = await ready(async_client)
    finally:
        await record_newest_of_jobs(is_applied=True)
    assert (status, body["status"]) == (503, "down")
    assert body["message"] == "Not ready: database not migrated."
    # Of processes nothing is known without the table.
    watched = ["workers", "clocks"] if settings.IS_EMBEDDED else ["workers", "clocks", "beat"]
    unknown = dict.fromkeys(["database", *watched], "not migrated")
    assert body["checks"] == {**dict.fromkeys(PARTS, "ok"), **unknown}
    [detail] = body["details"]
    assert (detail["pointer"], detail["code"]) == ("/checks/database", "NOT_MIGRATED")
    assert "manage.py migrate" in detail["message"]

    # Migrated meanwhile: ready again, and never looked at any more.
    assert (await ready(async_client))[0] == 200

    def refuse(*_: Any) -> None:
        raise AssertionError("it looks at the migrations again")

    monkeypatch.setattr(MigrationExecutor, "__init__", refuse)
    assert (await ready(async_client))[0] == 200


async def test_it_says_that_the_storage_is_down(
    async_client: AsyncClient, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "file"}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    await make_worker("short", "render")
    status, body = await ready(async_client)
    assert status == 503
    assert body["checks"] == {**dict.fromkeys(PARTS, "ok"), "storage": "down"}
    assert body["code"] == "NOT_READY"
    assert [detail["pointer"] for detail in body["details"]] == ["/checks/storage"]
    assert str(tmp_path) not in str(body)


async def test_it_says_that_the_channel_layer_is_down(
    async_client: AsyncClient, settings: Settings
) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }
    await make_worker("short", "render")
    status, body = await ready(async_client)
    assert status == 503
    assert [name for name, state in body["checks"].items() if state == "down"] == ["channel_layer"]


async def test_a_check_that_hangs_is_down_and_holds_up_nothing_else(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    monkeypatch.setitem(health.CHECKS, "broker", hang)
    monkeypatch.setattr(health, "CHECK_TIMEOUT_S", 0.05)
    status, body = await ready(async_client)
    assert status == 503
    assert body["checks"]["broker"] == "down"
