"""The WebSocket of a job, through the whole ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async

from accounts.models import User
from accounts.services import access_token_create
from accounts.tests.factories import make_user
from gts.tests.websocket import ORIGIN, WebSocket, close_code_of, cookie_of
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.live import consumers, events
from jobs.models import Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.queue import lifecycle
from jobs.queue.runner import run_job
from jobs.registry import ChildJob, JobContext
from jobs.services import job_cancel
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF, PARENT
from jobs.tests.running import run_until_idle

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
    pytest.mark.usefixtures("news_come_to_this_loop"),
]


@database_sync_to_async  # type: ignore[untyped-decorator]
def token_of(user: User) -> str:
    return str(access_token_create(user=user, lifetime_s=600))


def socket(job: Job, *headers: tuple[bytes, bytes], **options: Any) -> WebSocket:
    return WebSocket(f"/ws/jobs/{job.uuid}/", *headers, **options)


async def watch(job: Job) -> WebSocket:
    owner = await database_sync_to_async(lambda: job.owner)()
    websocket = socket(job, ORIGIN, await cookie_of(owner))
    assert await websocket.connect() == (True, None)
    return websocket


new_user = database_sync_to_async(make_user)
new_job = database_sync_to_async(make_job)


# Who may listen -----------------------------------------------------------------------------------


async def test_the_owner_gets_a_snapshot_by_session() -> None:
    job = await new_job()
    websocket = await watch(job)

    snapshot = await websocket.receive()
    timestamp = snapshot.pop("timestamp")
    assert timestamp.endswith("+00:00")
    assert snapshot == {
        "type": "snapshot",
        "job_id": str(job.uuid),
        "kind": "test.leaf",
        "label": "a riff",
        "state": "queued",
        "state_label": "In queue",
        "progress": 0.0,
        "message": "",
        "error": None,
        "summary": {
            "headline": "In queue",
            "part": "",
            "progress": 0.0,
            "remaining_s": None,
            "time_left": "",
        },
        "children": [],
        "sequence": 1,
    }
    await websocket.leave()


async def test_the_headline_comes_with_every_change_of_state() -> None:
    """Also where only a part of the whole has moved."""
    PARENT.work = _two_leaves
    job = await new_job(kind="test.parent")
    websocket = await watch(job)
    headlines: list[str] = []

    async def hear_until(headline: str) -> None:
        while not headlines or headlines[-1] != headline:
            message = await websocket.receive()
            if message["job_id"] == str(job.uuid):
                headlines.append(message["summary"]["headline"])

    await hear_until("In queue")
    for _ in range(2):  # the job itself, and the first of its parts
        await database_sync_to_async(_run_next)()
    await hear_until("Working")
    await database_sync_to_async(run_until_idle)()
    await hear_until("Done")
    assert set(headlines) == {"In queue", "Working", "Done"}
    await websocket.leave()


def _run_next() -> None:
    run_job(Job.objects.filter(state=JobState.QUEUED).earliest("queued_at", "id").uuid)


def _two_leaves(context: JobContext) -> Mapping[str, Any]:
    context.spawn([ChildJob("test.leaf", {}, label="a"), ChildJob("test.leaf", {}, stage=1)])
    return {}


async def test_the_owner_gets_in_with_a_bearer_token() -> None:
    job = await new_job()
    token = await token_of(await database_sync_to_async(lambda: job.owner)())
    websocket = socket(job, (b"authorization", f"Bearer {token}".encode()))
    assert await websocket.connect() == (True, None)
    assert (await websocket.receive())["type"] == "snapshot"
    await websocket.leave()


async def test_the_owner_gets_in_with_a_token_as_subprotocol() -> None:
    job = await new_job()
    token = await token_of(await database_sync_to_async(lambda: job.owner)())
    websocket = socket(job, ORIGIN, subprotocols=["gts.jwt", token])
    assert await websocket.connect() == (True, "gts.jwt")
    assert (await websocket.receive())["type"] == "snapshot"
    await websocket.leave()


@pytest.mark.parametrize(
    ("headers", "subprotocols"),
    [
        ([], []),
        ([(b"cookie", b"sessionid=forged")], []),
        ([(b"authorization", b"Bearer forged")], []),
        ([(b"authorization", b"Bearer ")], []),
        ([(b"authorization", b"Bearer \xff\xfe")], []),
        ([], ["gts.jwt", "forged"]),
        ([], ["gts.jwt"]),
    ],
)
async def test_no_one_is_turned_away_with_4001(headers: list[Any], subprotocols: list[str]) -> None:
    job = await new_job()
    websocket = socket(job, ORIGIN, *headers, subprotocols=subprotocols)
    assert await close_code_of(websocket) == 4001


async def test_a_token_in_the_url_is_no_token() -> None:
    job = await new_job()
    token = await token_of(await database_sync_to_async(lambda: job.owner)())
    assert await close_code_of(WebSocket(f"/ws/jobs/{job.uuid}/?token={token}", ORIGIN)) == 4001


async def test_another_users_job_does_not_exist() -> None:
    job = await new_job()
    charlie = await cookie_of(await new_user("charlie"))
    assert await close_code_of(socket(job, ORIGIN, charlie)) == 4004
    assert await close_code_of(WebSocket(f"/ws/jobs/{uuid4()}/", ORIGIN, charlie)) == 4004


@pytest.mark.parametrize("path", ["/ws/jobs/nonsense/", "/ws/", "/", "/ws/jobs/"])
async def test_an_address_that_does_not_exist_is_4004(path: str) -> None:
    assert await close_code_of(WebSocket(path, ORIGIN)) == 4004


@pytest.mark.parametrize(
    "origin", [b"https://evil.example", b"null", b"http://localhost.evil.example", b"http://["]
)
async def test_a_foreign_page_cannot_use_the_session(origin: bytes) -> None:
    job = await new_job()
    cookie = await cookie_of(await database_sync_to_async(lambda: job.owner)())
    is_connected, _ = await socket(job, (b"origin", origin), cookie).connect()
    assert not is_connected


async def test_strangers_get_nothing_of_what_happens() -> None:
    job = await new_job()
    charlies = await new_job(await new_user("charlie"))
    websocket = await watch(charlies)
    await websocket.receive()

    await database_sync_to_async(run_job)(job.uuid)
    assert await websocket.is_silent()
    await websocket.leave()


# What is to be heard ------------------------------------------------------------------------------


async def test_a_job_is_watched_from_its_start_to_its_end() -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        context.report(0.42, "Rendering A")
        return {}

    LEAF.work = work
    job = await new_job()
    websocket = await watch(job)
    running = asyncio.create_task(database_sync_to_async(run_job, thread_sensitive=False)(job.uuid))
    messages, code = await websocket.receive_rest()
    await running

    assert code == 1000
    assert messages[0]["type"] == "snapshot"
    assert {message["type"] for message in messages[1:]} <= {"progress"}
    assert [message["sequence"] for message in messages] == list(range(1, len(messages) + 1))
    assert (messages[-1]["state"], messages[-1]["progress"]) == ("completed", 100.0)
    progress = [message["progress"] for message in messages]
    assert progress == sorted(progress)


async def test_a_job_that_has_ended_says_so_and_goodbye() -> None:
    job = await new_job(state="failed", error_code="DI_SILENT", error_message="Nothing to hear.")
    messages, code = await (await watch(job)).receive_rest()
    assert code == 1000
    assert [message["state"] for message in messages] == ["failed"]
    assert messages[0]["error"] == {"code": "DI_SILENT", "message": "Nothing to hear."}


async def test_a_failure_tells_people_and_not_what_is_for_operators() -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        raise PipelineError("NAM_INVALID", "This is no capture.", detail="/srv/secret.nam")

    LEAF.work = work
    job = await new_job()
    websocket = await watch(job)
    await database_sync_to_async(run_job)(job.uuid)
    messages, _ = await websocket.receive_rest()
    assert messages[-1]["error"] == {"code": "NAM_INVALID", "message": "This is no capture."}
    assert "secret" not in str(messages)


async def test_the_watcher_of_a_tree_hears_of_every_child() -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        children = [ChildJob("test.leaf", {}, label=f"part {n}") for n in range(30)]
        context.spawn([*children, ChildJob("test.leaf", {}, label="level", stage=1)])
        return {}

    PARENT.work = work
    job = await new_job(kind="test.parent")
    websocket = await watch(job)
    running = asyncio.create_task(database_sync_to_async(run_until_idle, thread_sensitive=False)())
    messages, code = await websocket.receive_rest()
    await running

    assert code == 1000
    final: dict[str, dict[str, Any]] = {}
    for message in messages:
        final[message["job_id"]] = message
        final |= {child["job_id"]: child for child in message.get("children", [])}
    assert len(final) == 32
    assert {message["state"] for message in final.values()} == {"completed"}
    own = [message["progress"] for message in messages if message["job_id"] == str(job.uuid)]
    assert own == sorted(own)
    assert own[-1] == 100.0


async def test_cancelling_hundreds_of_children_reaches_the_watcher_in_one_look() -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        context.spawn([ChildJob("test.leaf", {}, label=f"part {n}") for n in range(216)])
        return {}

    PARENT.work = work
    job = await new_job(kind="test.parent")
    await database_sync_to_async(run_job)(job.uuid)
    websocket = await watch(job)
    first = await websocket.receive()
    assert {child["state"] for child in first["children"]} == {"queued"}

    await database_sync_to_async(lambda: job_cancel(job=job))()
    messages, code = await websocket.receive_rest()
    assert code == 1000
    assert len(messages) <= 3
    assert messages[-1]["state"] == "cancelled"
    assert {child["state"] for child in messages[-1]["children"]} == {"cancelled"}


async def test_bursts_are_thinned_but_the_last_word_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumers, "_MIN_JOB_INTERVAL_S", 0.2)
    job = await new_job()
    claimed = await database_sync_to_async(lambda: lifecycle.claim(job.uuid, worker="w"))()
    assert claimed is not None
    websocket = await watch(job)
    await websocket.receive()
    for percent in range(1, 51):
        await database_sync_to_async(lifecycle.write_progress)(
            claimed, progress=float(percent), message=f"{percent}"
        )
    await database_sync_to_async(lifecycle.complete)(claimed, {})
    messages, code = await websocket.receive_rest()
    assert code == 1000
    assert len(messages) < 25
    assert messages[-1]["state"] == "completed"


async def test_news_that_comes_late_does_not_turn_back_the_clock() -> None:
    job = await new_job()
    websocket = await watch(job)
    await websocket.receive()
    claimed = await database_sync_to_async(lambda: lifecycle.claim(job.uuid, worker="w"))()
    assert claimed is not None
    claimed.progress = 40.0
    await database_sync_to_async(events.publish)(claimed)
    claimed.progress = 30.0  # sent earlier by another worker, arrives later
    await database_sync_to_async(events.publish)(claimed)
    await database_sync_to_async(lifecycle.complete)(claimed, {})
    messages, _ = await websocket.receive_rest()
    assert 30.0 not in [message["progress"] for message in messages]


async def test_a_watcher_finds_the_end_though_the_news_was_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumers.JobConsumer, "look_again_s", 0.2)
    job = await new_job()
    websocket = await watch(job)
    await websocket.receive()
    end = database_sync_to_async(Job.objects.filter(pk=job.pk).update)
    await end(state="completed", progress=100.0)
    messages, code = await websocket.receive_rest()
    assert (messages[-1]["type"], messages[-1]["state"], code) == ("snapshot", "completed", 1000)


async def test_a_watcher_of_a_job_that_is_deleted_is_let_go() -> None:
    job = await new_job()
    websocket = await watch(job)
    await websocket.receive()
    await database_sync_to_async(events.publish_tree)(job)
    await database_sync_to_async(Job.objects.filter(pk=job.pk).delete)()
    _, code = await websocket.receive_rest()
    assert code == 4004


async def test_what_a_client_sends_changes_nothing() -> None:
    job = await new_job()
    websocket = await watch(job)
    await websocket.receive()
    await websocket.send(text="{nonsense")
    await websocket.send(bytes=b"\x00\x01")
    assert await websocket.is_silent()
    await database_sync_to_async(run_job)(job.uuid)
    _, code = await websocket.receive_rest()
    assert code == 1000


async def test_a_client_that_stops_reading_misses_only_what_is_in_between() -> None:
    job = await new_job()
    claimed = await database_sync_to_async(lambda: lifecycle.claim(job.uuid, worker="w"))()
    assert claimed is not None
    owner = await database_sync_to_async(lambda: job.owner)()
    may_read = asyncio.Event()
    websocket = socket(job, ORIGIN, await cookie_of(owner), read_when=may_read)
    may_read.set()
    await websocket.connect()
    await websocket.receive()
    may_read.clear()
    for percent in range(1, 301):  # more than a channel holds
        claimed.progress = percent / 4
        await database_sync_to_async(events.publish)(claimed)
    await database_sync_to_async(lifecycle.complete)(claimed, {})
    may_read.set()
    messages, code = await websocket.receive_rest()
    assert code == 1000
    assert len(messages) < 20
    assert messages[-1]["state"] == "completed"
