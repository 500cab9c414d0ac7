from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient
from pytest_django import Settings

from gts import health
from jobs.pipeline.version import VERSION
from jobs.presence import Presence

pytestmark = pytest.mark.django_db(transaction=True)


async def ready(async_client: AsyncClient) -> tuple[int, dict[str, Any]]:
    answer = await async_client.get("/health/ready")
    assert answer["Cache-Control"].startswith("max-age=0")
    return answer.status_code, answer.json()


async def test_it_is_alive(async_client: AsyncClient) -> None:
    answer = await async_client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": VERSION})
    assert (await async_client.post("/health/live")).status_code == 405


PARTS = ["database", "broker", "channel_layer", "storage", "workers"]


@database_sync_to_async  # type: ignore[untyped-decorator]
def make_worker(*queues: str) -> None:
    Presence("worker", queues=queues).beat()


async def test_everything_it_needs_is_up(async_client: AsyncClient) -> None:
    await make_worker("short", "render")
    status, body = await ready(async_client)
    assert status == 200
    assert body == {"status": "ok", "checks": dict.fromkeys(PARTS, "ok")}
    assert not default_storage.listdir(".health")[1]


@pytest.mark.parametrize("queues", [(), ("short",)])
async def test_a_queue_without_a_worker_leaves_it_ready_but_degraded(
    async_client: AsyncClient, queues: tuple[str, ...]
) -> None:
    if queues:
        await make_worker(*queues)
    status, body = await ready(async_client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"] == {**dict.fromkeys(PARTS, "ok"), "workers": "down"}


@database_sync_to_async  # type: ignore[untyped-decorator]
def record_newest_of_jobs(*, is_applied: bool) -> None:
    [newest] = MigrationLoader(connection).graph.leaf_nodes("jobs")
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
    # Of workers nobody knows without the table.
    unknown = dict.fromkeys(["database", "workers"], "not migrated")
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
