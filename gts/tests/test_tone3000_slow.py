"""However slow Tone 3000 is, no one else waits: a real server, and fifty calls that hang there."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gts.tests.processes import environment, free_port, manage, process, wait_until
from tools.tone3000_server import FakeServer, running_fake_tone3000

pytestmark = pytest.mark.processes

NUM_CALLS = 50
# Of health, while the others hang. Blocked by one of them it would take seconds.
HEALTH_WITHIN_S = 0.2
HANG_S = 6.0

# Someone who is connected, and a token of ours to ask with.
_SET_UP = """
import json, sys
from accounts.services import access_token_create
from accounts.tests.factories import connect_tone3000, make_user
from accounts.tone3000.calls import TokenAnswer
pair = json.loads('''{pair}''')
user = make_user("alice")
connect_tone3000(user, TokenAnswer(pair["access_token"], pair["refresh_token"], 3600))
print(access_token_create(user=user, lifetime_s=600))
"""


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with running_fake_tone3000() as fake:
        yield fake


async def test_fifty_slow_calls_hold_up_no_one(tmp_path: Path, fake: FakeServer) -> None:
    env = environment(
        tmp_path / "var",
        GTS_TONE3000_API=f"{fake.base}/api/v1",
        GTS_TONE3000_KEY=fake.client_id,
    )
    port, log = free_port(), tmp_path / "log"
    base = f"http://127.0.0.1:{port}"
    with process(env, log, "manage", "up", "--no-demo", "--port", str(port)):
        wait_until(lambda: "GTS is on" in log.read_text(), "the server is there")
        token = manage(
            env, "shell", "-v", "0", "-c", _SET_UP.format(pair=json.dumps(fake.tokens()))
        )
        fake.fail("/api/v1/tones/latest", times=NUM_CALLS, delay_s=HANG_S)
        headers = {"Authorization": f"Bearer {token}"}
        limits = httpx.Limits(max_connections=NUM_CALLS + 5)
        async with httpx.AsyncClient(base_url=base, timeout=60, limits=limits) as client:
            calls = [
                asyncio.create_task(client.get("/api/v1/tone3000/latest/", headers=headers))
                for _ in range(NUM_CALLS)
            ]
            await _until_all_hang(fake)
            times_s = []
            for _ in range(10):
                for address in ("/health/live", "/health/ready"):
                    started_s = time.monotonic()
                    assert (await client.get(address)).status_code == 200
                    times_s.append(time.monotonic() - started_s)
            assert not any(call.done() for call in calls)
            assert (await client.get("/login/")).status_code == 200
            answers = await asyncio.gather(*calls)
    assert statistics.median(times_s) < HEALTH_WITHIN_S, times_s
    assert [answer.status_code for answer in answers] == [200] * NUM_CALLS
    assert all(len(answer.json()["results"]) == 10 for answer in answers)


async def _until_all_hang(fake: FakeServer) -> None:
    for _ in range(200):
        asked = await asyncio.to_thread(fake.requests, "/api/v1/tones/latest")
        if len(asked) == NUM_CALLS:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"only {len(asked)} calls have arrived")
