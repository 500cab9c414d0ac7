"""A clock is wrong, a byte flips, beat is away, TMPDIR is full, every connection is held."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from gts.tests.faults.conftest import Figures
from gts.tests.faults.installation import LOST_AFTER_S, Installation, kill_now
from gts.tests.faults.test_storage_trouble import LARGE, disk, reasons, retry
from gts.tests.processes import ROOT, manage

pytestmark = pytest.mark.timeout(600)

SKEWED_CLOCK = Path(__file__).parent / "skewed_clock"
SKEWS_S = (600, -600)
HTML = {"Accept": "text/html"}
CSRF_TOKEN = "c" * 32


def health(place: Installation) -> dict[str, Any]:
    body: dict[str, Any] = httpx.get(f"{_site(place)}/health/ready", timeout=10).json()
    return body


def _site(place: Installation) -> str:
    return f"http://127.0.0.1:{place.port}"


# A wrong clock -----------------------------------------------------------------------------------


def test_workers_with_wrong_clocks_keep_their_jobs(place: Installation, figures: Figures) -> None:
    place.start()
    place.person("alice")
    log = place.folder / "notes"
    payload = {"duration_s": LOST_AFTER_S + 3, "log": str(log)}
    with ExitStack() as stack:
        for skew_s in SKEWS_S:
            starting = place.worker(PYTHONPATH=str(SKEWED_CLOCK), SKEW_S=str(skew_s))
            place.wait_for_worker(stack.enter_context(starting))
        place.enqueue("test.slow_render", "alice", payload, payload)
        place.wait(lambda: place.running("test.slow_render") == 2, "both are at work")
        place.wait(lambda: health(place)["checks"]["clocks"] == "skewed", "the clocks are named")
        assert health(place)["status"] == "degraded"
        figures["seconds_ahead"] = [
            round(float(row["ahead_s"]))
            for row in place.rows(
                "SELECT extract(epoch FROM clock_at - seen_at) AS ahead_s FROM jobs_process "
                "WHERE abs(extract(epoch FROM clock_at - seen_at)) > 5 ORDER BY 1"
            )
        ]
        assert figures["seconds_ahead"] == pytest.approx(sorted(SKEWS_S), abs=3)
        place.wait_until_idle()
    [row] = place.rows(
        "SELECT count(*) AS jobs, max(attempt) AS attempts, sum(num_lost) AS lost, "
        "min(extract(epoch FROM finished_at - started_at)) AS shortest_s FROM jobs_job "
        "WHERE kind = 'test.slow_render' AND state = 'completed'"
    )
    figures |= {name: float(value) for name, value in row.items()}
    assert (row["jobs"], row["attempts"], row["lost"]) == (2, 1, 0)
    assert row["shortest_s"] > LOST_AFTER_S
    assert log.read_text().count("start") == 2


def test_a_worker_with_a_wrong_clock_that_dies_is_missed(
    place: Installation, figures: Figures
) -> None:
    place.start()
    place.person("alice")
    payload = {"duration_s": 2.0, "log": str(place.folder / "notes")}
    # In its future: by its own clock it would not be missed for ten minutes.
    with place.worker(PYTHONPATH=str(SKEWED_CLOCK), SKEW_S="600") as wrong:
        place.wait_for_worker(wrong)
        place.enqueue("test.slow_render", "alice", payload)
        place.wait(lambda: place.running("test.slow_render") == 1, "it is at work")
        kill_now(wrong)
    with place.worker():
        figures["done_after_s"] = round(
            place.wait(lambda: not place.active_jobs(), "another has done it"), 1
        )
    assert place.value("SELECT num_lost FROM jobs_job WHERE kind = 'test.slow_render'") == 1


# A byte that flips -------------------------------------------------------------------------------


def flip(path: Path) -> None:
    """One bit in the middle of a file: as a disk does it, its size and name stay."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        (byte,) = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte ^ 0x40]))


def published(place: Installation) -> list[str]:
    rows = place.rows(
        "SELECT f.sha256 FROM shootouts_renderedfile f JOIN shootouts_shootout s "
        "ON s.published_render_id = f.render_id WHERE f.kind = 'segment' ORDER BY f.sha256"
    )
    return [row["sha256"] for row in rows]


def test_a_flipped_byte_is_never_published(place: Installation, figures: Figures) -> None:
    place.start()
    alice = place.person("alice")
    di, amp, cab = alice.upload_di(4.0), alice.upload_amp(), alice.upload_cab()
    shootout = alice.shootout(di, [alice.chain(amp, cab) for _ in range(2)])
    [recording] = [path for path in (place.media / "di").rglob("*") if path.is_file()]
    with place.worker():
        flip(recording)
        job = alice.render(shootout)
        assert alice.wait_for(shootout) == "failed"
        figures["reasons"] = sorted(reasons(alice, job))
        assert figures["reasons"] == ["FILE_DAMAGED"]
        flip(recording)  # brought back, from a backup say
        assert retry(alice, shootout) == "completed"
        place.wait_until_idle()
        before = published(place)
        assert len(before) == 2

        cached = [path for path in (place.media / "cache").rglob("*") if path.is_file()]
        assert cached
        for path in cached:
            flip(path)
        alice.render(shootout)
        place.wait_until_idle()
        assert alice.state(shootout) == "completed"
        assert published(place) == before
        figures["flipped_in_the_cache"] = len(cached)

    [segment, *_] = _files_of(place, "segment")
    assert verify(place) == (0, [])
    flip(segment)
    status, named = verify(place)
    assert status == 1
    assert any(segment.name in line for line in named), named
    assert hashlib.sha256(segment.read_bytes()).hexdigest() not in before


def _files_of(place: Installation, kind: str) -> list[Path]:
    query = (
        "SELECT f.file FROM shootouts_renderedfile f JOIN shootouts_shootout s "
        "ON s.published_render_id = f.render_id WHERE f.kind = %s ORDER BY f.id"
    )
    return [place.media / row["file"] for row in place.rows(query, kind)]


def verify(place: Installation) -> tuple[int, list[str]]:
    """What ``manage.py verify_media`` ends with, and the lines that name a file in trouble."""
    command = [sys.executable, "manage.py", "verify_media"]
    done = subprocess.run(
        command, cwd=ROOT, env=place.env, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if "changed" in line.lower()]
    return done.returncode, [line for line in lines if "/" in line]


# Beat is away ------------------------------------------------------------------------------------


def test_beat_is_away(place: Installation, figures: Figures) -> None:
    place.start()
    alice = place.person("alice")
    place.wait(lambda: health(place)["checks"]["beat"] == "ok", "beat was heard of")
    kill_now(place.beat)
    with psycopg.connect(place.database_url) as database:  # and a minute and a half later
        database.execute(
            "UPDATE jobs_process SET seen_at = seen_at - interval '91 s' WHERE role = 'beat'"
        )
    place.wait(lambda: health(place)["checks"]["beat"] == "down", "it is missed")
    found = health(place)
    assert found["status"] == "degraded"
    assert [name for name, state in found["checks"].items() if state != "ok"] == ["workers", "beat"]
    # What people ask for is done meanwhile.
    alice.upload_di(2.0)
    payload = {"duration_s": 1.0, "log": str(place.folder / "notes")}
    with place.worker() as worker:
        place.wait_for_worker(worker)
        place.enqueue("test.slow_render", "alice", payload)
        place.wait(lambda: place.running("test.slow_render") == 1, "it is at work")
        kill_now(worker)
    with place.worker() as worker, place.running_beat():
        figures["done_after_s"] = round(
            place.wait(lambda: not place.active_jobs(), "what was dropped is done"), 1
        )
        place.wait(lambda: health(place)["status"] == "ok", "nothing is missed any more")


# TMPDIR is full ----------------------------------------------------------------------------------


def session_of(place: Installation, name: str) -> dict[str, str]:
    lines = [
        "from accounts.sessions.store import SessionStore",
        "from accounts.models import User",
        f"user, store = User.objects.get(username={name!r}), SessionStore()",
        "store['_auth_user_id'] = str(user.pk)",
        "store['_auth_user_backend'] = 'django.contrib.auth.backends.ModelBackend'",
        "store['_auth_user_hash'] = user.get_session_auth_hash()",
        "store.create(); print(store.session_key)",
    ]
    key = manage(place.env, "shell", "-v", "0", "-c", "\n".join(lines))
    return {"sessionid": key, "csrftoken": CSRF_TOKEN}


# Its body does not fit; its body does, and not the file that is taken out of it as well.
@pytest.mark.parametrize("num_bytes", [5_000_000, 2_000_000])
def test_tmpdir_is_full(place: Installation, figures: Figures, num_bytes: int) -> None:
    with disk(place.folder / "small", "3m") as small:
        place.env["TMPDIR"] = str(small.path)
        place.start()
        alice = place.person("alice")
        form = {"csrfmiddlewaretoken": CSRF_TOKEN}
        before = set(small.path.iterdir())  # of the processes themselves
        files = {"file": ("riff.wav", b"RIFF" + bytes(num_bytes))}
        answer = alice.http.post("/di-tracks/", files=files)
        figures["api"] = [answer.status_code, answer.json()["code"]]
        assert figures["api"] == [507, "DISK_FULL"]
        assert "TMPDIR" in answer.json()["message"]
        assert answer.headers["Retry-After"]
        assert set(small.path.iterdir()) == before
        with httpx.Client(base_url=_site(place), cookies=session_of(place, "alice")) as browser:
            page = browser.post("/tracks/upload/", headers=HTML, files=files, data=form)
        figures["page"] = page.status_code
        assert page.status_code == 507
        assert "TMPDIR" in page.text
        assert set(small.path.iterdir()) == before

        small.change(f"size={LARGE}")
        answer = alice.http.post("/di-tracks/", files=files)
        figures["with_room"] = answer.status_code
        assert answer.status_code == 202
        place.close()


# Every connection is held ------------------------------------------------------------------------

POOL = 2
PUBLIC = "/api/v1/shootouts/?scope=public"


@contextmanager
def every_connection_held(place: Installation) -> Iterator[list[int]]:
    """Views wait for a table that another has locked. Yields what they answer, at the end."""
    statuses: list[int] = []

    def ask(page_size: int) -> None:
        # Each another question: strangers who ask the same one at once share a connection.
        url = f"{_site(place)}{PUBLIC}&page_size={page_size}"
        statuses.append(httpx.get(url, timeout=60).status_code)

    threads = [threading.Thread(target=ask, args=(1 + number,)) for number in range(POOL)]
    with psycopg.connect(place.database_url) as database:
        database.execute("LOCK TABLE shootouts_shootout IN ACCESS EXCLUSIVE MODE")
        for thread in threads:
            thread.start()
        place.wait(lambda: _num_waiting(place) == POOL, "they wait")
        yield statuses
    for thread in threads:
        thread.join()


def _num_waiting(place: Installation) -> int:
    return int(
        place.value(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database()"
        )
    )


def test_every_connection_of_the_pool_is_held(place: Installation, figures: Figures) -> None:
    place.env |= {"GTS_DATABASE_POOL": str(POOL), "GTS_DATABASE_POOL_WAIT_S": "1"}
    place.start()
    alice = place.person("alice")
    with every_connection_held(place) as held:
        answer = alice.http.get("/me/")
        figures["api"] = [answer.status_code, answer.json()["code"]]
        assert figures["api"] == [503, "DATABASE_UNAVAILABLE"]
        assert int(answer.headers["Retry-After"]) > 0
        page = httpx.get(f"{_site(place)}/", headers=HTML, timeout=30)
        figures["page"] = page.status_code
        assert page.status_code == 503
        assert "The database has no time" in page.text
        assert httpx.get(f"{_site(place)}/health/live").status_code == 200
        assert not place.is_ready()
    assert held == [200] * POOL
    figures["ready_after_s"] = round(place.wait(place.is_ready, "it is ready again"), 2)
    assert alice.call("GET", "/me/")
    assert httpx.get(f"{_site(place)}{PUBLIC}", timeout=30).status_code == 200
