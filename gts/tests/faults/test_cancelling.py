"""Cancelled in the middle, at any moment; and one contender that cannot be rendered."""

from __future__ import annotations

import itertools
import random
import time
from functools import partial

import pytest

from gts.tests.faults.conftest import Figures
from gts.tests.faults.installation import Installation
from gts.tests.faults.people import SLOW_AMP, Person

pytestmark = pytest.mark.timeout(600)

NUM_CANCELS, CANCEL_WITHIN_S = 10, 2.0
MAX_TRIES = 4 * NUM_CANCELS  # some are over before they are cancelled
SONG_S = 30.0


@pytest.mark.in_time
def test_ten_cancels_at_random_moments(
    place: Installation, chance: random.Random, figures: Figures
) -> None:
    place.start()
    alice, bob = place.person("alice"), place.person("bob")
    riff, song, amp, cab = alice.upload_di(8.0), alice.upload_di(SONG_S), *_gear(alice)

    def new_victim(di: str) -> str:
        """Most of its time goes into the video of a riff, or into the segments of a song."""
        chains = [alice.chain(amp, cab) for _ in range(2)]
        return alice.shootout(di, chains, has_video=di == riff)

    took_s: list[float] = []
    phases: list[str] = []
    with place.worker(concurrency=2) as worker:
        place.wait_for_worker(worker)
        whole_s = {di: _whole_render_s(place, alice, new_victim(di)) for di in (riff, song)}
        sibling = _sibling(bob)
        bob.render(sibling)
        for di in itertools.islice(itertools.cycle((riff, song)), MAX_TRIES):
            victim = new_victim(di)
            job = alice.render(victim)
            time.sleep(chance.uniform(0.0, whole_s[di]))
            phase = _phase(place, job)
            began_s = time.monotonic()
            answer = alice.http.post(f"/jobs/{job}/cancel/")
            if answer.status_code == 409:  # it was over before
                continue
            place.wait(partial(_has_stopped, place, job), "all of it has stopped")
            took_s.append(time.monotonic() - began_s)
            phases.append(phase)
            assert alice.job(job)["state"] == "cancelled"
            if len(took_s) == NUM_CANCELS:
                break
        figures["cancelled_at"] = phases
        figures["took_s_each"] = [round(seconds, 2) for seconds in took_s]
        figures["slowest_s"] = round(max(took_s), 2)
        assert bob.wait_for(sibling, patience_s=300) == "completed"

        # What was finished before the last cancel is not rendered again.
        figures["finished_before"] = _finished_segments(place, victim)
        if alice.state(victim) == "cancelled":
            alice.call("POST", f"/shootouts/{victim}/retry/")
            assert alice.wait_for(victim) == "completed"
            assert _rendered_by_the_retry(place, victim) == 2 - figures["finished_before"]
        # Nothing below a cancelled job is alive, and what goes on comes to its end.
        place.wait_until_idle()

    assert len(took_s) == NUM_CANCELS
    assert figures["slowest_s"] <= CANCEL_WITHIN_S
    # Nothing is left on any disk.
    assert place.orphaned_files() == []
    assert place.orphans() == []
    # The sibling ran as if nothing had been.
    untouched = place.rows(
        "SELECT DISTINCT j.state, j.attempt, j.num_failures, j.num_lost FROM jobs_job j "
        "JOIN accounts_user u ON u.id = j.owner_id WHERE u.username = 'bob'"
    )
    assert [tuple(row.values()) for row in untouched] == [("completed", 1, 0, 0)]


@pytest.mark.in_time
def test_one_segment_is_cancelled_and_its_siblings_play(
    place: Installation, figures: Figures
) -> None:
    place.start()
    alice = place.person("alice")
    di, amp, cab = alice.upload_di(8.0), *_gear(alice)
    shootout = alice.shootout(di, [alice.chain(amp, cab) for _ in range(3)])
    with place.worker() as worker:
        place.wait_for_worker(worker)
        job = alice.render(shootout)
        place.wait(lambda: place.running("shootouts.render_segment") == 1, "a segment is rendered")
        children = alice.job(job)["children"]
        running = next(child for child in children if child["state"] == "running")
        began_s = time.monotonic()
        alice.call("POST", f"/jobs/{running['id']}/cancel/")
        place.wait(lambda: alice.job(running["id"])["state"] == "cancelled", "it is cancelled")
        figures["cancel_s"] = round(time.monotonic() - began_s, 2)
        assert alice.wait_for(shootout) == "partial"
    assert figures["cancel_s"] <= CANCEL_WITHIN_S
    assert num_that_play(alice, shootout) == 2


def test_one_bad_capture_leaves_the_others_to_play(place: Installation, figures: Figures) -> None:
    place.start()
    alice = place.person("alice")
    di, good, cab = alice.upload_di(4.0), alice.upload_amp(), alice.upload_cab()
    bad = alice.upload_amp(SLOW_AMP.read_bytes())
    chains = [alice.chain(amp, cab) for amp in (good, bad, good)]
    shootout = alice.shootout(di, chains)
    (row,) = place.rows("SELECT file FROM gear_capture WHERE uuid = %s", bad)
    stored = place.media / row["file"]
    content = stored.read_bytes()
    stored.write_bytes(content[: len(content) // 2])  # what a disk does in its last days
    with place.worker():
        job = alice.render(shootout)
        assert alice.wait_for(shootout) == "partial"
        failed = [child for child in alice.job(job)["children"] if child["state"] == "failed"]
        figures["reason"] = [child["error"]["code"] for child in failed]
        assert len(failed) == 1
        assert num_that_play(alice, shootout) == 2
        manifest = alice.call("GET", f"/shootouts/{shootout}/manifest/")
        assert [part["contender"] for part in manifest["failed_segments"]] == [1]

        stored.write_bytes(content)
        again = alice.call("POST", f"/shootouts/{shootout}/retry/")["id"]
        assert alice.wait_for(shootout) == "completed"
        place.wait_until_idle()
        kinds = [child["kind"] for child in alice.job(again)["children"]]
        assert kinds == ["shootouts.render_segment", "shootouts.finalize_shootout"]
        assert num_that_play(alice, shootout) == 3
    assert place.orphans() == []


def _whole_render_s(place: Installation, person: Person, shootout: str) -> float:
    """How long it takes here when no one cancels it."""
    began_s = time.monotonic()
    job = person.render(shootout)
    place.wait(partial(_has_stopped, place, job), "it is rendered")
    return time.monotonic() - began_s


def _gear(person: Person) -> tuple[str, str]:
    return person.upload_amp(SLOW_AMP.read_bytes()), person.upload_cab()


def _sibling(person: Person) -> str:
    di, amp, cab = person.upload_di(SONG_S), *_gear(person)
    return person.shootout(di, [person.chain(amp, cab) for _ in range(8)])


def num_that_play(person: Person, shootout: str) -> int:
    """How many segments of the manifest are there to be heard, asked for as players do."""
    manifest = person.call("GET", f"/shootouts/{shootout}/manifest/")
    answers = [
        person.http.get(f"/media/{segment['media']}/", headers={"Range": "bytes=0-3"})
        for segment in manifest["segments"]
    ]
    return sum(answer.status_code == 206 and answer.content == b"fLaC" for answer in answers)


_TREE = (
    "WITH RECURSIVE tree AS (SELECT * FROM jobs_job WHERE uuid = %s UNION ALL "
    "SELECT j.* FROM jobs_job j JOIN tree t ON j.parent_id = t.id) "
)


def _has_stopped(place: Installation, job: str) -> bool:
    return _num_active(place, job) == 0


def _num_active(place: Installation, job: str) -> int:
    states = "('pending', 'queued', 'running', 'retrying')"
    return int(place.value(f"{_TREE} SELECT count(*) FROM tree WHERE state IN {states}", job))


def _phase(place: Installation, job: str) -> str:
    """The kinds of job that are at work at this moment."""
    query = f"{_TREE} SELECT DISTINCT kind FROM tree WHERE state = 'running' AND NOT is_waiting"
    return " ".join(sorted(row["kind"] for row in place.rows(query, job))) or "nothing yet"


def _finished_segments(place: Installation, shootout: str) -> int:
    query = (
        "SELECT count(*) FROM shootouts_segment s JOIN shootouts_render r ON r.id = s.render_id "
        "JOIN shootouts_shootout o ON o.latest_render_id = r.id "
        "WHERE o.uuid = %s AND s.state = 'completed'"
    )
    return int(place.value(query, shootout))


def _rendered_by_the_retry(place: Installation, shootout: str) -> int:
    query = (
        "SELECT count(*) FROM jobs_job j JOIN jobs_job p ON p.id = j.parent_id "
        "JOIN shootouts_render r ON r.job_id = p.id "
        "JOIN shootouts_shootout o ON o.latest_render_id = r.id "
        "WHERE o.uuid = %s AND j.kind = 'shootouts.render_segment'"
    )
    return int(place.value(query, shootout))
