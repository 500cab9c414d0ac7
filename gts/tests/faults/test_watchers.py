"""Five hundred watchers of fifty jobs, and one that does not read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from gts.tests.faults.conftest import Figures
from gts.tests.faults.installation import Installation, percentile
from gts.tests.faults.people import Person

NUM_JOBS, NUM_WATCHERS_PER_JOB, NUM_WORKERS = 50, 10, 6
P99_WITHIN_S, NUM_TRIES = 0.250, 3
JOB_S = 1.5
NUM_PARTS = 40  # of the tree that the one who does not read is told about
_AT_ONCE = 40  # handshakes
_SENT_AWAY = (1006, 1011)  # no answer to a ping; the first when not even that could be told


@dataclass(slots=True)
class Watcher:
    """What one client saw."""

    job: str
    num_messages: int = 0
    last: dict[str, Any] = field(default_factory=dict)
    ended_at_s: float = 0.0
    close_code: int | None = None


class Crowd:
    def __init__(self, place: Installation, token: str) -> None:
        self._place = place
        self._headers = {"Authorization": f"Bearer {token}"}
        self._door = asyncio.Semaphore(_AT_ONCE)
        self.is_inside = asyncio.Event()
        self.num_awaited = NUM_JOBS * NUM_WATCHERS_PER_JOB + 1

    def connect(self, job: str, **options: Any) -> connect:
        url = f"ws://127.0.0.1:{self._place.port}/ws/jobs/{job}/"
        return connect(url, additional_headers=self._headers, open_timeout=60, **options)

    async def watch(self, job: str) -> Watcher:
        watcher = Watcher(job)
        async with self._door:
            connection = await self.connect(job)
            text = await connection.recv()
        self.num_awaited -= 1
        if not self.num_awaited:
            self.is_inside.set()
        async with connection:
            self._note(watcher, text)
            async for text in connection:
                self._note(watcher, text)
            watcher.close_code = connection.close_code
        return watcher

    async def read_at_last(self, connection: ClientConnection, job: str) -> Watcher:
        """All that has waited for a client which reads only now. It may have been sent away."""
        watcher = Watcher(job)
        with contextlib.suppress(ConnectionClosedError):
            async for text in connection:
                self._note(watcher, text)
        watcher.close_code = connection.close_code
        return watcher

    def _note(self, watcher: Watcher, text: str | bytes) -> None:
        now_s = time.time()
        message = json.loads(text)
        watcher.num_messages += 1
        if message["job_id"] == watcher.job:
            watcher.last = message
            if message["state"] == "completed":
                watcher.ended_at_s = watcher.ended_at_s or now_s


@pytest.mark.in_time
@pytest.mark.timeout(600)
def test_every_watcher_sees_every_end_in_time(place: Installation, figures: Figures) -> None:
    place.env["GTS_MAX_SOCKETS_PER_USER"] = "0"  # all of them are one person's
    place.start(num_web=2)
    alice = place.person("alice")
    p99_s = [_measure(place, alice, figures)]
    # What else this machine does at the moment is not what is measured.
    while p99_s[-1] >= P99_WITHIN_S and len(p99_s) < NUM_TRIES:
        p99_s.append(_measure(place, alice, figures))
    figures["p99_ms_of_each_try"] = [round(1000 * seconds) for seconds in p99_s]
    assert p99_s[-1] < P99_WITHIN_S


def _measure(place: Installation, alice: Person, figures: Figures) -> float:
    """Within how many seconds 99 % of all watchers heard of the end, and the neighbor of the one
    that does not read. All of them do hear of it."""
    payload = {"log": "/dev/null", "duration_s": JOB_S}
    jobs = place.enqueue("test.slow_render", "alice", *[payload] * NUM_JOBS)
    parts = {"log": "/dev/null", "duration_s": 0.1, "num_parts": NUM_PARTS}
    (tree,) = place.enqueue("test.slow_tree", "alice", parts)

    watchers, reader, deaf = asyncio.run(_watch_all(place, alice.token, jobs, tree))

    committed_at_s = {
        row["job"]: row["at"]
        for row in place.rows(
            "SELECT uuid::text AS job, "
            "extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at FROM jobs_job"
        )
    }
    late_s = [watcher.ended_at_s - committed_at_s[watcher.job] for watcher in watchers]
    neighbor_late_s = reader.ended_at_s - committed_at_s[tree]
    figures["watchers"] = len(watchers)
    figures["saw_the_end"] = sum(watcher.last["state"] == "completed" for watcher in watchers)
    figures["messages"] = sum(watcher.num_messages for watcher in watchers)
    figures["p50_ms"] = round(1000 * percentile(late_s, 0.50))
    figures["p99_ms"] = round(1000 * percentile(late_s, 0.99))
    figures["max_ms"] = round(1000 * max(late_s))
    figures["neighbor_ms"] = round(1000 * neighbor_late_s)
    figures["messages_of_the_deaf_one"] = deaf.num_messages
    figures["messages_of_its_neighbor"] = reader.num_messages
    figures["deaf_close_code"] = deaf.close_code

    assert figures["saw_the_end"] == len(watchers) == NUM_JOBS * NUM_WATCHERS_PER_JOB
    assert {watcher.close_code for watcher in watchers} == {1000}
    assert min(late_s) > 0.0
    assert (reader.last["state"], reader.close_code) == ("completed", 1000)
    # The one that did not read was told the end, or sent away for not answering (it would connect
    # again, and be told then). Who watched the same job waited no longer than anybody else.
    assert deaf.close_code in _SENT_AWAY or deaf.last["state"] == "completed"
    return float(max(percentile(late_s, 0.99), neighbor_late_s))


async def _watch_all(
    place: Installation, token: str, jobs: list[str], tree: str
) -> tuple[list[Watcher], Watcher, Watcher]:
    """All watchers but the deaf one; one that watches the same as the deaf one; that one."""
    crowd = Crowd(place, token)
    watching = [
        asyncio.create_task(crowd.watch(job)) for job in jobs for _ in range(NUM_WATCHERS_PER_JOB)
    ]
    neighbor = asyncio.create_task(crowd.watch(tree))
    async with await _deaf(crowd, place.port, tree) as deaf:
        await asyncio.wait_for(crowd.is_inside.wait(), 240)
        # The jobs begin now that everybody is there.
        with place.worker(concurrency=NUM_WORKERS):
            watchers = await asyncio.wait_for(asyncio.gather(*watching), 240)
            reader = await asyncio.wait_for(neighbor, 120)
        late = await crowd.read_at_last(deaf, tree)
    return watchers, reader, late


async def _deaf(crowd: Crowd, port: int, job: str) -> ClientConnection:
    """A client that takes as little as it can, and does not read it."""
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    plug.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", port))
    return await crowd.connect(job, sock=plug, max_queue=1, ping_interval=None)
