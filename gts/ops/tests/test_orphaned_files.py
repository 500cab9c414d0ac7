"""What a killed process leaves is removed, and what a living one uses is not."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.files.base import ContentFile, File

from gts.ops.orphaned_files import remove_orphaned_files
from gts.storage.local import AtomicFileSystemStorage
from gts.tests.processes import ROOT, environment, kill, wait_until
from jobs.files.storage import scratch_folder

WORK = """
import sys, time
import django
django.setup()
from django.core.files.storage import default_storage
from jobs.files.storage import scratch_folder

class Endless:
    def chunks(self):
        yield b"half of it"
        sys.stdout.flush()
        print("writing", flush=True)
        time.sleep(600)

with scratch_folder() as folder:
    (folder / "segment.wav").write_bytes(b"RIFF")
    from gts.storage.local import AtomicFileSystemStorage
    AtomicFileSystemStorage(sys.argv[1])._save("renders/a.flac", Endless())
"""


@pytest.fixture
def scratch_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@contextmanager
def working(tmp_path: Path, scratch_root: Path, media: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the middle of its work, with a scratch folder and half a file."""
    settings = {"DJANGO_SETTINGS_MODULE": "gts.settings", "TMPDIR": str(scratch_root)}
    running = subprocess.Popen(
        [sys.executable, "-c", WORK, str(media)],
        cwd=ROOT,
        env=environment(tmp_path / "var", **settings),
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert running.stdout is not None
    try:
        assert running.stdout.readline() == b"writing\n"
        yield running
    finally:
        kill(running)
        running.stdout.close()


def files_below(*folders: Path) -> list[str]:
    return sorted(path.name for folder in folders for path in folder.rglob("*") if path.is_file())


def test_what_a_killed_process_leaves_is_removed(
    tmp_path: Path, scratch_root: Path, media_root: Path
) -> None:
    with working(tmp_path, scratch_root, media_root) as running:
        left = files_below(scratch_root, media_root)
        assert len(left) == 2
        assert remove_orphaned_files() == 0
        assert files_below(scratch_root, media_root) == left
        kill(running)
    assert files_below(scratch_root, media_root) == left
    assert remove_orphaned_files() == 2
    assert files_below(scratch_root, media_root) == []
    assert list(scratch_root.iterdir()) == []


def test_folders_of_others_are_left_alone(scratch_root: Path) -> None:
    (scratch_root / "gts-something").mkdir()
    (scratch_root / "elsewhere").mkdir()
    (scratch_root / "gts-scratch-link").symlink_to(scratch_root / "elsewhere")
    assert remove_orphaned_files() == 0
    assert len(list(scratch_root.iterdir())) == 3


def test_a_folder_is_never_taken_from_under_its_maker(scratch_root: Path) -> None:
    is_over = threading.Event()

    def tidy() -> None:
        while not is_over.is_set():
            remove_orphaned_files()

    tidying = threading.Thread(target=tidy)
    tidying.start()
    try:
        for number in range(300):
            with scratch_folder() as folder:
                (folder / "a").write_text(str(number))
                assert (folder / "a").read_text() == str(number)
    finally:
        is_over.set()
        tidying.join()
    assert list(scratch_root.iterdir()) == []


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    storage = AtomicFileSystemStorage(tmp_path)

    class Failing(File[bytes]):
        def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
            yield b"half"
            raise OSError("the source broke")

    with pytest.raises(OSError, match="source broke"):
        storage.save("a/b.txt", Failing(None))
    assert files_below(tmp_path) == []
    assert storage.save("a/b.txt", ContentFile(b"all of it")) == "a/b.txt"
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"all of it"
    wait_until(lambda: files_below(tmp_path) == ["b.txt"], "only the file is there")
