"""The embedded mode, as ``make run`` starts it: killed in the middle, started again."""

from __future__ import annotations

import random
import time
from pathlib import Path

import httpx
import pytest

from gts.tests.faults.conftest import Figures
from gts.tests.faults.installation import Servers
from gts.tests.faults.people import SLOW_AMP, Person
from gts.tests.processes import environment, free_port, kill, manage, process

NUM_KILLS, PATIENCE_S = 3, 120
# More than can be rendered between the starts and the kills, on the fastest machine too.
NUM_CHAINS, DI_S, KILL_WITHIN_S = 8, 60.0, 1.5


@pytest.mark.timeout(600)
def test_a_render_survives_the_death_of_its_process(
    servers: Servers, tmp_path: Path, chance: random.Random, figures: Figures
) -> None:
    """``servers`` is not needed: it is what says that these tests are wanted."""
    scratch, media, port = tmp_path / "tmp", tmp_path / "var" / "media", free_port()
    scratch.mkdir()
    env = environment(tmp_path / "var", TMPDIR=str(scratch), GTS_WORKER_THREADS="2")
    up = ("manage", "up", "--port", str(port), "--no-demo")
    log = tmp_path / "server.log"

    with process(env, log, *up) as running:
        _wait_until_up(port)
        alice = Person(f"http://127.0.0.1:{port}", manage(env, "create_token", "alice", "--create"))
        di, cab = alice.upload_di(DI_S), alice.upload_cab()
        amp = alice.upload_amp(SLOW_AMP.read_bytes())
        shootout = alice.shootout(di, [alice.chain(amp, cab) for _ in range(NUM_CHAINS)])
        job = alice.render(shootout)
        _wait_until_at_work(alice, job)
        time.sleep(chance.uniform(0.0, KILL_WITHIN_S))
        kill(running)
    progress = []
    for _ in range(NUM_KILLS - 1):
        with process(env, log, *up) as running:
            _wait_until_up(port)
            _wait_until_at_work(alice, job)
            progress.append(alice.job(job)["progress"])
            time.sleep(chance.uniform(0.0, KILL_WITHIN_S))
            kill(running)
    figures["scratch_folders_left_by_the_last_kill"] = len(list(scratch.glob("gts-*")))

    began_s = time.monotonic()
    with process(env, log, *up):
        _wait_until_up(port)
        figures["up_again_after_s"] = round(time.monotonic() - began_s, 1)
        assert alice.wait_for(shootout) == "completed"
        figures["completed_after_s"] = round(time.monotonic() - began_s, 1)
        tree = alice.wait_for_job(job)
        assert {part["state"] for part in (tree, *tree["children"])} == {"completed"}
        manifest = alice.call("GET", f"/shootouts/{shootout}/manifest/")
        assert len(manifest["segments"]) == NUM_CHAINS
        assert list(scratch.glob("gts-*")) == []
        assert [path for path in media.rglob("*.partial") if path.is_file()] == []
    figures["kills"] = NUM_KILLS
    figures["progress_after_each_start"] = progress
    assert progress == sorted(progress)


def _wait_until_up(port: int) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


def _wait_until_at_work(person: Person, job: str) -> None:
    """Until a segment is in the middle."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        tree = person.job(job)
        assert not tree["finished_at"], "all was rendered before it could be killed"
        if any(part["state"] == "running" and part["progress"] > 0 for part in tree["children"]):
            return
        time.sleep(0.05)
    raise AssertionError("no segment is rendered")
