"""Requests that wait for a job, for as long as their client will."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import pytest
from channels.layers import get_channel_layer

from jobs.live.events import group_of
from jobs.live.waiting import MAX_WAIT_S, preferred_wait_s, wait_for_end


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [
        ("wait=2", 2.0),
        ("respond-async, Wait = 1; x", 1.0),
        ("wait=999999", MAX_WAIT_S),
        ("wait=-1", 0.0),
        ("await=2", 0.0),
        ("wait=soon", 0.0),
        ("", 0.0),
    ],
)
def test_a_client_says_how_long_it_will_wait(header: str, expected_s: float) -> None:
    assert preferred_wait_s({"Prefer": header}) == expected_s


async def test_the_news_of_the_end_ends_the_wait() -> None:
    job_id, loop, has_looked = uuid4(), asyncio.get_running_loop(), asyncio.Event()

    def is_over() -> bool:
        loop.call_soon_threadsafe(has_looked.set)
        return False

    waiting = asyncio.create_task(wait_for_end(job_id, is_over, at_most_s=30.0))
    layer = get_channel_layer()
    await has_looked.wait()
    for kind, told in (("job.progress", job_id), ("job.finished", uuid4())):
        await layer.group_send(group_of(job_id), {"type": kind, "event": {"job_id": str(told)}})
    await asyncio.sleep(0)
    assert not waiting.done()
    message = {"type": "job.finished", "event": {"job_id": str(job_id)}}
    await layer.group_send(group_of(job_id), message)
    await asyncio.wait_for(waiting, 5.0)
    assert layer.groups.get(group_of(job_id), {}) == {}


async def test_what_has_ended_before_is_not_waited_for() -> None:
    started_s = time.monotonic()
    await wait_for_end(uuid4(), lambda: True, at_most_s=30.0)
    assert time.monotonic() - started_s < 5.0


async def test_lost_news_are_found_by_looking() -> None:
    looks = iter([False, True])
    await asyncio.wait_for(wait_for_end(uuid4(), lambda: next(looks), at_most_s=30.0), 10.0)


async def test_a_wait_comes_to_its_end() -> None:
    started_s = time.monotonic()
    await wait_for_end(uuid4(), lambda: False, at_most_s=0.2)
    assert 0.15 < time.monotonic() - started_s < 5.0


async def test_without_a_channel_layer_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise ConnectionError

    monkeypatch.setattr("jobs.live.waiting.get_channel_layer", away)
    looks = iter([False, True])
    await asyncio.wait_for(wait_for_end(uuid4(), lambda: next(looks), at_most_s=30.0), 10.0)
