"""Files are whole or not there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from jobs.pipeline.files import replacing, sha256_of


def test_a_finished_file_takes_the_name(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with replacing(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
        assert partial.suffix == ".txt"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def write_half() -> None:
        with replacing(target) as partial:
            partial.write_text("half")
            raise RuntimeError("the disk went away")

    with pytest.raises(RuntimeError):
        write_half()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("is_lasting", "num_syncs"), [(True, 1), (False, 0)])
def test_what_stays_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_lasting: bool, num_syncs: int
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    target = tmp_path / "a.txt"
    with replacing(target, is_lasting=is_lasting) as partial:
        partial.write_text("new")
    assert target.read_text() == "new"
    assert len(synced) == num_syncs


@pytest.mark.parametrize("target", [Path("/dev/null"), Path("/")])
def test_a_device_or_a_folder_is_not_replaced(target: Path) -> None:
    with pytest.raises(OSError, match="not a regular file"), replacing(target):
        raise AssertionError("must not be entered")
    assert target.exists()
    assert not target.is_file()


def test_the_hash_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"riff" * 1_000_000)
    assert sha256_of(path) == hashlib.sha256(b"riff" * 1_000_000).hexdigest()
