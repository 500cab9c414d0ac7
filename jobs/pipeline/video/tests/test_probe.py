"""A video that is not what was promised is never offered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.video.production import VideoExpectation, probe_video

from .conftest import SIZE, MadeVideo
from .remake import remake


@pytest.fixture
def expected(made: MadeVideo) -> VideoExpectation:
    return VideoExpectation.of(made.timeline, SIZE, made.info.num_chapters)


def failure(path: Path, expected: VideoExpectation) -> str:
    with pytest.raises(PipelineError) as caught:
        probe_video(path, expected)
    assert caught.value.code == "VIDEO_PROBE_FAILED"
    assert str(path) not in caught.value.message
    return caught.value.detail


def test_a_good_video_passes(made: MadeVideo, expected: VideoExpectation) -> None:
    probe = probe_video(made.path, expected)
    assert probe.title == made.scene.title
    assert probe.chapter_titles[1] == "Clean combo 1"
    assert not probe.is_silent


def test_every_difference_is_named(made: MadeVideo, expected: VideoExpectation) -> None:
    wrong = replace(expected, size=(1920, 1080), num_video_frames=400, num_chapters=2)
    detail = failure(made.path, wrong)
    assert all(word in detail for word in ("size 1280×720", "video lasts", "5 chapters"))


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.99])
def test_a_torn_file_fails(
    made: MadeVideo, expected: VideoExpectation, tmp_path: Path, keep: float
) -> None:
    data = made.path.read_bytes()
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(data[: int(keep * len(data)) if keep < 1 else int(keep)])
    failure(torn, expected)


def test_something_else_fails(expected: VideoExpectation, tmp_path: Path) -> None:
    text = tmp_path / "video.mp4"
    text.write_text("this is not a video, whatever its name says" * 100)
    failure(text, expected)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"has_audio": False}, ""),
        ({"audio_gain": 0.0}, "silent"),
        ({"is_moov_first": False}, "moov is not first"),
        ({"width": 640}, "640"),
        ({"sample_rate_hz": 44_100}, "44100 Hz"),
        ({"has_chapters": False}, "0 chapters"),
    ],
)
def test_what_others_made_of_it_fails(
    made: MadeVideo,
    expected: VideoExpectation,
    tmp_path: Path,
    change: dict[str, Any],
    problem: str,
) -> None:
    out = tmp_path / "other.mp4"
    remake(made.path, out, **change)
    assert problem in failure(out, expected)
