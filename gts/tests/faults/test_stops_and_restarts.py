"""Workers are asked to stop, Redis forgets everything, PostgreSQL goes away: work goes on."""

from __future__ import annotations

import signal
import time

import pytest

from gts.tests.faults.conftest import Figures
from gts.tests.faults.installation import GRACE_S, Installation, Process
from gts.tests.faults.people import SLOW_AMP, Person

pytestmark = pytest.mark.timeout(600)

# Python itself takes this long to end on a machine that is busy.
_EXIT_S = 2.0
RENDER_SEGMENT = "shootouts.render_segment"


def slow_shootout(person: Person, *, num_contenders: int, di_s: float = 20.0) -> str:
    """Rendering it takes seconds for every contender."""
    di, cab = person.upload_di(di_s), person.upload_cab()
    amp = person.upload_amp(SLOW_AMP.read_bytes())
    return person.shootout(di, [person.chain(amp, cab) for _ in range(num_contenders)])


def quick_shootouts(person: Person, num: int, *, num_contenders: int = 3) -> list[str]:
    di, amp, cab = person.upload_di(8.0), person.upload_amp(), person.upload_cab()
    return [
        person.shootout(di, [person.chain(amp, cab) for _ in range(num_contenders)])
        for _ in range(num)
    ]


def stop(worker: Process) -> float:
    """SIGTERM; how long it took to end."""
    began_s = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=60)
    return time.monotonic() - began_s


@pytest.mark.in_time
def test_a_worker_that_is_asked_to_stop_hands_back_in_time(
    place: Installation, figures: Figures
) -> None:
    place.start()
    alice = place.person("alice")
    shootout = slow_shootout(alice, num_contenders=3)
    with place.worker(concurrency=2) as worker:
        alice.render(shootout)
        place.wait(
            lambda: place.running("shootouts.render_segment") == 2, "two segments are rendered"
        )
        time.sleep(0.5)
        figures["stop_s"] = round(stop(worker), 2)
        assert worker.returncode == 0
    assert figures["stop_s"] <= GRACE_S + _EXIT_S
    segments = place.rows(
        "SELECT state, num_failures, num_lost FROM jobs_job WHERE kind = 'shootouts.render_segment'"
    )
    figures["states_after_the_stop"] = sorted(row["state"] for row in segments)
    assert set(figures["states_after_the_stop"]) <= {"queued", "completed"}
    assert {(row["num_failures"], row["num_lost"]) for row in segments} == {(0, 0)}
    assert place.orphaned_files() == []

    with place.worker(concurrency=2):
        assert alice.wait_for(shootout) == "completed"
        place.wait_until_idle()
    assert place.value("SELECT sum(num_lost + num_failures) FROM jobs_job") == 0


@pytest.mark.in_time
def test_work_that_does_not_listen_is_handed_back_over_its_head(
    place: Installation, figures: Figures
) -> None:
    place.start()
    place.person("alice")
    notes = place.folder / "notes.txt"
    deaf = {"log": str(notes), "duration_s": 600.0, "is_deaf": True}
    with place.worker() as worker:
        place.wait_for_worker(worker)
        place.enqueue("test.slow_render", "alice", deaf)
        place.wait(lambda: place.running("test.slow_render") == 1, "the job runs")
        figures["stop_s"] = round(stop(worker), 2)
    assert figures["stop_s"] <= GRACE_S + _EXIT_S
    (job,) = place.rows("SELECT state, num_lost FROM jobs_job WHERE kind = 'test.slow_render'")
    assert (job["state"], job["num_lost"]) == ("queued", 0)


@pytest.mark.in_time
def test_a_worker_for_short_work_and_beat_stop_as_quickly(
    place: Installation, figures: Figures
) -> None:
    place.start()
    figures["short_stop_s"] = round(stop(place.short), 2)
    figures["beat_stop_s"] = round(stop(place.beat), 2)
    assert max(figures["short_stop_s"], figures["beat_stop_s"]) <= GRACE_S + _EXIT_S


def test_redis_forgets_everything_and_the_work_is_sent_again(
    place: Installation, figures: Figures
) -> None:
    place.start()
    alice = place.person("alice")
    shootouts = quick_shootouts(alice, 4)
    with place.worker(concurrency=2) as worker:
        for shootout in shootouts:
            alice.render(shootout)
        place.wait(lambda: done_segments(place) >= 2, "two segments are rendered")
        place.servers.redis.stop()
        figures["queued_when_redis_went"] = place.value(
            "SELECT count(*) FROM jobs_job WHERE state = 'queued'"
        )
        figures["done_when_redis_went"] = done_segments(place)
        time.sleep(2.0)
        place.servers.redis.start()  # with nothing in it
        began_s = time.monotonic()
        assert [alice.wait_for(shootout) for shootout in shootouts] == ["completed"] * 4
        figures["all_rendered_after_s"] = round(time.monotonic() - began_s, 1)
        assert still_the_same(place, worker)
        place.wait_until_idle()
    assert figures["queued_when_redis_went"] > 0
    assert (
        place.value("SELECT max(attempt) FROM jobs_job WHERE kind = 'shootouts.render_segment'")
        <= 2
    )


def test_postgresql_restarts_and_everybody_recovers(place: Installation, figures: Figures) -> None:
    place.start()
    alice = place.person("alice")
    shootouts = quick_shootouts(alice, 4)
    with place.worker(concurrency=2) as worker:
        for shootout in shootouts:
            alice.render(shootout)
        place.wait(lambda: done_segments(place) >= 2, "two segments are rendered")
        place.servers.postgres.stop()
        went_s = time.monotonic()
        assert not place.is_ready()
        time.sleep(2.0)
        place.servers.postgres.start()
        figures["away_s"] = round(time.monotonic() - went_s, 1)
        figures["web_ready_after_s"] = round(place.wait(place.is_ready, "the web is ready"), 2)
        began_s = time.monotonic()
        assert [alice.wait_for(shootout) for shootout in shootouts] == ["completed"] * 4
        figures["all_rendered_after_s"] = round(time.monotonic() - began_s, 1)
        assert still_the_same(place, worker)
        place.wait_until_idle()
    figures["failures"] = place.value("SELECT sum(num_failures) FROM jobs_job")
    figures["lost"] = place.value("SELECT sum(num_lost) FROM jobs_job")
    assert place.orphaned_files() == []


def done_segments(place: Installation) -> int:
    query = f"SELECT count(*) FROM jobs_job WHERE kind = '{RENDER_SEGMENT}' AND state = 'completed'"
    return int(place.value(query))


def still_the_same(place: Installation, worker: Process) -> bool:
    """No one had to be started again."""
    return all(one.poll() is None for one in (place.web, place.short, place.beat, worker))
