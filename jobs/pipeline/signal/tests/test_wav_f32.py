"""Files between two steps: what was written comes back, and damage is noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import WavF32File, write_wav_f32
from jobs.pipeline.signal.samples import CHUNK_FRAMES
from jobs.pipeline.tests.signals import noise

SIGNAL = noise(CHUNK_FRAMES + 1_000, num_channels=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    write_wav_f32(path, [SIGNAL], 44_100, 2)
    return path


def test_what_was_written_comes_back_from_any_frame_on(path: Path) -> None:
    file = WavF32File.open(path)
    assert (file.sample_rate_hz, file.num_channels, file.num_frames) == (44_100, 2, SIGNAL.shape[1])
    for start, count in [(0, SIGNAL.shape[1]), (7, CHUNK_FRAMES + 1), (500, 0)]:
        read = np.concatenate([SIGNAL[:, :0], *file.chunks(start, count)], axis=1)
        np.testing.assert_array_equal(read, SIGNAL[:, start : start + count])


def test_libsndfile_reads_the_same(path: Path) -> None:
    read = np.concatenate(list(open_audio(path).chunks()), axis=1)
    np.testing.assert_array_equal(read, SIGNAL)


@pytest.mark.parametrize("num_bytes", [0, 30, 58, 1_000])
def test_a_file_that_is_cut_off_is_refused(path: Path, num_bytes: int) -> None:
    path.write_bytes(path.read_bytes()[:num_bytes])
    with pytest.raises(PipelineError) as caught:
        WavF32File.open(path)
    assert caught.value.code == "AUDIO_TRUNCATED"


def test_a_file_of_another_kind_is_refused(path: Path) -> None:
    path.write_bytes(b"fLaC" + path.read_bytes()[4:])
    with pytest.raises(PipelineError) as caught:
        WavF32File.open(path)
    assert caught.value.code == "AUDIO_UNREADABLE"


def test_more_is_asked_for_than_there_is(path: Path) -> None:
    with pytest.raises(PipelineError) as caught:
        list(WavF32File.open(path).chunks(SIGNAL.shape[1] - 10, 11))
    assert caught.value.code == "AUDIO_TRUNCATED"
