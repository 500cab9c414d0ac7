"""A user with 27 contenders in the queue, and another who wants to compare two."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import pytest

from gts.tests.faults.conftest import Figures
from gts.tests.faults.installation import Installation
from gts.tests.faults.people import SLOW_AMP, Person

DI_S = 8.0
# From the time in a row to its commit: who takes a job in between cannot know of it yet.
_COMMIT_S = 1.0


@pytest.mark.in_time
@pytest.mark.timeout(600)
@pytest.mark.parametrize("num_workers", [1, 2])
def test_27_contenders_delay_two_by_no_more_than_one_segment(
    place: Installation, figures: Figures, num_workers: int
) -> None:
    place.start()
    alice, bob = place.person("alice"), place.person("bob")
    large, small, alone = (
        _shootout(person, num) for person, num in ((alice, 27), (bob, 2), (bob, 2))
    )
    with ExitStack() as stack:
        for _ in range(num_workers):
            place.wait_for_worker(stack.enter_context(place.worker()))
        figures["alone_s"] = _render(bob, alone)

        job = alice.render(large)
        place.wait(lambda: _num_done(alice, job) >= 2, "two of the 27 are rendered")
        figures["beside_27_s"] = _render(bob, small)
        figures["done_of_27"] = _num_done(alice, job)
        place.wait(lambda: _num_done(alice, job) > figures["done_of_27"], "the large one goes on")
        alice.http.post(f"/jobs/{job}/cancel/")
        place.wait(lambda: not place.active_jobs(), "all has stopped")

    bobs, alices = _turns(place, "bob", small), _turns(place, "alice", large)
    longest = max(turn["duration_s"] for turn in alices if turn["state"] == "completed")
    figures["one_segment_of_27_s"] = round(longest, 1)
    figures["waits_s"] = [round(turn["wait_s"], 1) for turn in bobs]
    # While something of the small one waited, no one began anything of the large one.
    overtaken = [
        (mine["label"], theirs["label"])
        for mine in bobs
        for theirs in alices
        if mine["queued_s"] + _COMMIT_S < theirs["started_s"] < mine["started_s"]
    ]
    figures["overtaken_by"] = len(overtaken)
    assert overtaken == []
    assert figures["done_of_27"] < 20  # or there was nothing to wait for


def _shootout(person: Person, num_contenders: int) -> str:
    di, cab = _once(person, "di"), _once(person, "cab")
    amp = _once(person, "amp")
    return person.shootout(di, [person.chain(amp, cab) for _ in range(num_contenders)])


_uploaded: dict[tuple[Person, str], str] = {}


def _once(person: Person, what: str) -> str:
    if (person, what) not in _uploaded:
        upload = {
            "di": lambda: person.upload_di(DI_S),
            "amp": lambda: person.upload_amp(SLOW_AMP.read_bytes()),
            "cab": person.upload_cab,
        }[what]
        _uploaded[person, what] = upload()
    return _uploaded[person, what]


def _render(person: Person, shootout: str) -> float:
    began_s = time.monotonic()
    person.render(shootout)
    assert person.wait_for(shootout) == "completed"
    return round(time.monotonic() - began_s, 1)


def _num_done(person: Person, job: str) -> int:
    children = person.job(job)["children"]
    return sum(child["state"] == "completed" for child in children)


def _turns(place: Installation, owner: str, shootout: str) -> list[dict[str, Any]]:
    """When the parts of the last render of a shootout were queued and begun, in seconds."""
    return place.rows(
        "SELECT j.label, j.state, "
        "extract(epoch FROM j.queued_at)::float8 AS queued_s, "
        "extract(epoch FROM j.started_at)::float8 AS started_s, "
        "extract(epoch FROM j.started_at - j.queued_at)::float8 AS wait_s, "
        "extract(epoch FROM j.finished_at - j.started_at)::float8 AS duration_s "
        "FROM jobs_job j JOIN jobs_job p ON p.id = j.parent_id "
        "JOIN accounts_user u ON u.id = j.owner_id "
        "WHERE u.username = %s AND p.payload ->> 'shootout' = %s AND j.started_at IS NOT NULL "
        "ORDER BY j.started_at",
        owner,
        shootout,
    )
