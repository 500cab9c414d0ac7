"""Captures that stay loaded from one render to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.nam.loaded import LoadedCaptures
from jobs.pipeline.render.tests.inputs import Inputs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    inputs = Inputs(tmp_path)
    return inputs.paths[inputs.capture([0.5] * 100)]


def size_of_one(path: Path) -> int:
    kept = LoadedCaptures()
    kept.get("a", 1.0, lambda: path)
    return kept.size_bytes


def test_a_capture_is_read_once_for_each_size(path: Path) -> None:
    kept = LoadedCaptures()
    first = kept.get("a", 1.0, lambda: path)
    path.unlink()
    assert kept.get("a", 1, lambda: path) is first
    with pytest.raises(FileNotFoundError):
        kept.get("a", 0.5, lambda: path)


def test_what_was_not_played_for_longest_goes_first(path: Path) -> None:
    room_bytes = 2 * size_of_one(path)
    kept = LoadedCaptures(room_bytes)
    first, second = kept.get("a", 1.0, lambda: path), kept.get("b", 1.0, lambda: path)
    assert kept.get("a", 1.0, lambda: path) is first
    kept.get("c", 1.0, lambda: path)
    assert kept.get("a", 1.0, lambda: path) is first
    assert kept.get("b", 1.0, lambda: path) is not second
    assert kept.size_bytes == room_bytes


def test_what_is_larger_than_all_room_is_played_and_not_kept(path: Path) -> None:
    kept = LoadedCaptures(size_of_one(path) - 1)
    assert kept.get("a", 1.0, lambda: path) is not kept.get("a", 1.0, lambda: path)
    assert kept.size_bytes == 0


def test_what_cannot_be_read_is_read_again(path: Path, tmp_path: Path) -> None:
    kept = LoadedCaptures()
    broken = tmp_path / "broken.nam"
    broken.write_text("{")
    with pytest.raises(PipelineError):
        kept.get("a", 1.0, lambda: broken)
    assert kept.get("a", 1.0, lambda: path)[0].num_weights == 101
