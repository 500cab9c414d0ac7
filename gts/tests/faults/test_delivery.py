"""The same message three times at once; a worker that wakes up after its job was given away."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from gts.tests.faults.conftest import Figures
from gts.tests.faults.installation import Installation, freeze, thaw
from gts.tests.faults.people import SLOW_AMP

pytestmark = pytest.mark.timeout(600)


def test_the_same_message_three_times_at_once_runs_once(
    place: Installation, figures: Figures
) -> None:
    place.start()
    place.person("alice")
    notes = place.folder / "notes.txt"
    payloads = [{"log": str(notes), "duration_s": 0.3} for _ in range(10)]
    with place.worker(concurrency=3) as first, place.worker(concurrency=3) as second:
        place.wait_for_worker(first)
        place.wait_for_worker(second)
        jobs = place.enqueue("test.slow_render", "alice", *payloads)
        for job in jobs:
            for _ in range(3):
                place.broker.send_task("jobs.run", args=[job], queue="render")
        place.wait(lambda: not place.active_jobs(), "all jobs have ended")
        time.sleep(1.0)  # for messages that are still on their way
    starts = [line for line in notes.read_text().splitlines() if line.startswith("start")]
    figures["messages"] = 4 * len(jobs)
    figures["runs"] = len(starts)
    ended = place.rows("SELECT state, attempt FROM jobs_job WHERE kind = 'test.slow_render'")
    assert [(row["state"], row["attempt"]) for row in ended] == [("completed", 1)] * 10
    assert len(starts) == 10


def test_a_worker_that_wakes_up_too_late_changes_nothing(
    place: Installation, figures: Figures
) -> None:
    place.start()
    alice = place.person("alice")
    di, cab = alice.upload_di(20.0), alice.upload_cab()
    amp = alice.upload_amp(SLOW_AMP.read_bytes())
    shootout = alice.shootout(di, [alice.chain(amp, cab) for _ in range(2)])
    with place.worker() as sleeper:
        alice.render(shootout)
        place.wait(lambda: place.running("shootouts.render_segment") == 1, "a segment is rendered")
        time.sleep(0.5)
        freeze(sleeper)
        began_s = time.monotonic()
        with place.worker() as other:
            assert alice.wait_for(shootout) == "completed"
            figures["completed_by_another_after_s"] = round(time.monotonic() - began_s, 1)
            place.wait_until_idle()
            before = everything(place)
            stolen = [job for job in before["jobs"] if job["num_lost"]]
            assert [(job["attempt"], job["num_lost"]) for job in stolen] == [(2, 1)]
            assert other.poll() is None
        thaw(sleeper)
        # It is awake and well: it does what comes next, while no one else is there.
        again = alice.shootout(di, [alice.chain(amp, cab) for _ in range(2)])
        alice.render(again)
        assert alice.wait_for(again) == "completed"
        place.wait_until_idle()
        assert sleeper.poll() is None
        after = everything(place, until=before)
        figures["rows_compared"] = sum(len(rows) for rows in before.values())
        assert after == before
        assert place.orphans() == []
        assert place.orphaned_files() == []


def everything(place: Installation, until: dict[str, Any] | None = None) -> dict[str, Any]:
    """All rows about renders and all files, or those of them that were there ``until``."""
    found: dict[str, Any] = {
        "jobs": place.rows("SELECT * FROM jobs_job ORDER BY id"),
        "segments": place.rows("SELECT * FROM shootouts_segment ORDER BY id"),
        # When it was used last is not what it is.
        "cache": place.rows(
            "SELECT id, key, file, size_bytes, described FROM shootouts_cachedaudio ORDER BY id"
        ),
        "files": place.rows("SELECT * FROM shootouts_renderedfile ORDER BY id"),
        "manifests": place.rows("SELECT * FROM shootouts_manifest ORDER BY id"),
        "shootouts": place.rows("SELECT * FROM shootouts_shootout ORDER BY id"),
    }
    if until is not None:
        found = {name: rows[: len(until[name])] for name, rows in found.items()}
    names = [row["file"] for row in found["files"]]
    names += [row["file"] for row in found["cache"]]
    return {**found, "on_disk": [_stamp(place.media / name) for name in names if name]}


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
