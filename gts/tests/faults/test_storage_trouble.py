"""The disk fills up while rendering; the storage answers errors: told by name, then repaired."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from accounts.tests import needs
from gts.tests.faults.conftest import Figures
from gts.tests.faults.installation import Installation
from gts.tests.faults.people import Person

pytestmark = pytest.mark.timeout(600)

# A segment of 20 s is 3.8 MB before its levels are matched, and its beginning 4.2 MB.
DI_S, TOO_SMALL, LARGE = 20.0, "3m", "400m"


class Disk:
    """A file system of its own at ``path``, in memory: as full as it has to be."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def change(self, options: str) -> None:
        _as_root("mount", "-o", f"remount,{options}", str(self.path))


@contextmanager
def disk(path: Path, size: str) -> Iterator[Disk]:
    path.mkdir(parents=True, exist_ok=True)
    try:
        owner = f"uid={os.getuid()},gid={os.getgid()},mode=700"
        _as_root("mount", "-t", "tmpfs", "-o", f"size={size},{owner}", "tmpfs", str(path))
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip(needs.ROOT)
    try:
        yield Disk(path)
    finally:
        _as_root("umount", "--lazy", str(path))


def _as_root(*command: str) -> None:
    words = command if os.geteuid() == 0 else ("sudo", "-n", *command)
    subprocess.run(words, check=True, capture_output=True, timeout=30)


def prepare(place: Installation) -> tuple[Person, str]:
    alice = place.person("alice")
    di, amp, cab = alice.upload_di(DI_S), alice.upload_amp(), alice.upload_cab()
    return alice, alice.shootout(di, [alice.chain(amp, cab) for _ in range(2)])


def reasons(person: Person, job: str) -> set[str]:
    """The codes with which a render and its parts have failed."""
    root = person.job(job)
    return {job["error"]["code"] for job in (root, *root["children"]) if job["error"]}


def retry(person: Person, shootout: str) -> str:
    person.call("POST", f"/shootouts/{shootout}/retry/")
    return person.wait_for(shootout)


def test_the_disk_of_a_worker_fills_up(place: Installation, figures: Figures) -> None:
    place.start()
    alice, shootout = prepare(place)
    with disk(place.folder / "small", TOO_SMALL) as small:
        with place.worker(TMPDIR=str(small.path)):
            job = alice.render(shootout)
            assert alice.wait_for(shootout) == "failed"
            figures["reasons"] = sorted(reasons(alice, job))
            assert figures["reasons"] == ["DISK_FULL"]
            figures["attempts"] = place.value(
                "SELECT max(num_failures) FROM jobs_job WHERE kind = 'shootouts.render_segment'"
            )
            place.wait_until_idle()
            assert list(small.path.glob("gts-*")) == []
            assert place.orphans() == []

            small.change(f"size={LARGE}")
            assert retry(alice, shootout) == "completed"
            place.wait_until_idle()
        assert list(small.path.glob("gts-*")) == []


def test_the_disk_of_the_storage_fills_up(place: Installation, figures: Figures) -> None:
    with disk(place.media, LARGE) as media:
        place.start()
        alice, shootout = prepare(place)
        used = sum(path.stat().st_size for path in media.path.rglob("*") if path.is_file())
        media.change(f"size={used + 10_000_000}")  # room for one of two segments
        with place.worker():
            job = alice.render(shootout)
            figures["state"] = alice.wait_for(shootout)
            figures["reasons"] = sorted(reasons(alice, job))
            assert figures["state"] == "partial"
            assert figures["reasons"] == ["DISK_FULL"]
            place.wait_until_idle()
            assert place.orphaned_files() == []
            assert place.orphans() == []

            media.change(f"size={LARGE}")
            assert retry(alice, shootout) == "completed"
            place.wait_until_idle()
            assert place.orphans() == []
        # The segment that had found room was not rendered again.
        figures["segments_rendered"] = place.value(
            "SELECT count(*) FROM jobs_job "
            "WHERE kind = 'shootouts.render_segment' AND state = 'completed'"
        )
        assert figures["segments_rendered"] == 2
        place.close()  # no one may use the disk when it goes


def test_the_storage_answers_errors(place: Installation, figures: Figures) -> None:
    with disk(place.media, LARGE) as media:
        place.start()
        alice, shootout = prepare(place)
        with place.worker() as worker:
            place.wait_for_worker(worker)  # it would not start with such a storage
            media.change("ro")
            job = alice.render(shootout)
            figures["state"] = alice.wait_for(shootout)
            figures["reasons"] = sorted(reasons(alice, job))
            assert figures["state"] == "failed"
            assert figures["reasons"] == ["STORAGE_UNAVAILABLE"]
            answer = alice.http.post("/di-tracks/", files={"file": ("riff.wav", b"RIFF....WAVE")})
            figures["upload"] = [answer.status_code, answer.json()["code"]]
            assert figures["upload"] == [503, "STORAGE_UNAVAILABLE"]

            media.change("rw")
            assert retry(alice, shootout) == "completed"
            assert place.orphaned_files() == []
            assert place.orphans() == []
        place.close()
