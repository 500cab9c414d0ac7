"""Workers die by SIGKILL, again and again: every shootout is rendered all the same, and once."""

from __future__ import annotations

import hashlib
import random
import time
from contextlib import ExitStack

import pytest

from gts.tests.faults.conftest import Figures
from gts.tests.faults.installation import Installation, Process, kill_now

NUM_SHOOTOUTS, NUM_CONTENDERS, NUM_KILLS = 20, 3, 20


@pytest.mark.timeout(900)
def test_twenty_shootouts_survive_twenty_kills(
    place: Installation, chance: random.Random, figures: Figures
) -> None:
    place.start()
    alice = place.person("alice")
    di, amp, cab = alice.upload_di(8.0), alice.upload_amp(), alice.upload_cab()
    shootouts = []
    for _ in range(NUM_SHOOTOUTS):
        chains = [alice.chain(amp, cab) for _ in range(NUM_CONTENDERS)]
        shootouts.append(alice.shootout(di, chains))
        alice.render(shootouts[-1])

    began_s = time.monotonic()
    num_killed_at_work = 0
    with ExitStack() as stack:
        # Two, so that there is always one that starts while the other works.
        workers: list[Process] = [stack.enter_context(place.worker()) for _ in range(2)]
        for number in range(NUM_KILLS):
            worker = workers[number % 2]
            place.wait_for_worker(worker)
            time.sleep(chance.uniform(0.0, 2.5))
            num_killed_at_work += _is_at_work(place, worker)
            kill_now(worker)
            workers[number % 2] = stack.enter_context(place.worker())
        figures["kills_s"] = round(time.monotonic() - began_s, 1)
        figures["killed_at_work"] = num_killed_at_work
        figures["left_after_the_kills"] = place.active_jobs()
        place.wait(lambda: not place.active_jobs(), "all is rendered", patience_s=300)
        figures["all_rendered_s"] = round(time.monotonic() - began_s, 1)

        states = [alice.state(shootout) for shootout in shootouts]
        figures["completed"] = states.count("completed")
        figures["lost"] = place.value("SELECT sum(num_lost) FROM jobs_job")
        figures["most_lost_by_one"] = place.value("SELECT max(num_lost) FROM jobs_job")
        figures["orphans"] = len(place.orphans())
        figures["orphaned_files"] = len(place.orphaned_files())

    assert states == ["completed"] * NUM_SHOOTOUTS
    assert place.orphaned_files() == []
    assert num_killed_at_work >= NUM_KILLS // 4  # or the test has proved little
    # At worst every kill hit one file between its being stored and its being named.
    assert len(place.orphans()) <= NUM_KILLS
    _check_that_each_segment_is_published_once(place)


def _is_at_work(place: Installation, worker: Process) -> bool:
    """Whether a job is held by a process of this worker's pool."""
    held = place.rows("SELECT worker FROM jobs_job WHERE state = 'running' AND NOT is_waiting")
    return any(_parent_of(int(row["worker"].split(":")[1])) == worker.pid for row in held)


def _parent_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _check_that_each_segment_is_published_once(place: Installation) -> None:
    num_segments = NUM_SHOOTOUTS * NUM_CONTENDERS
    assert place.value("SELECT count(*) FROM shootouts_manifest") == NUM_SHOOTOUTS
    assert place.value("SELECT count(*) FROM shootouts_render") == NUM_SHOOTOUTS
    published = place.rows(
        "SELECT s.id, count(f.id) AS files, min(f.file) AS name, min(f.sha256) AS sha256 "
        "FROM shootouts_segment s LEFT JOIN shootouts_renderedfile f ON f.segment_id = s.id "
        "GROUP BY s.id"
    )
    assert [row["files"] for row in published] == [1] * num_segments
    for row in published:
        content = (place.media / row["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
    # In the manifests: every segment once, under a name of its own.
    named = place.rows(
        "SELECT s ->> 'media' AS media FROM shootouts_manifest, "
        "jsonb_array_elements(data -> 'segments') s"
    )
    assert len({row["media"] for row in named}) == len(named) == num_segments
    ended = place.rows(
        "SELECT payload ->> 'segment' AS segment, count(*) AS jobs, min(state) AS state "
        "FROM jobs_job WHERE kind = 'shootouts.render_segment' GROUP BY 1"
    )
    assert {(row["jobs"], row["state"]) for row in ended} == {(1, "completed")}
    assert len(ended) == num_segments
