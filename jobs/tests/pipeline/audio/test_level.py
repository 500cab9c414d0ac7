"""Level matching: one loudness, one ceiling, one gain, and files that hold what they say."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.audio.files import write_wav_f32
from jobs.pipeline.audio.level import LevelMatch, match_levels, publish_segment
from jobs.pipeline.audio.loudness import LoudnessResult, measure_blocks, measure_file
from jobs.pipeline.audio.signal import FloatArray, db_to_gain
from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.pipeline.files import sha256_of
from jobs.tests.pipeline.audio.signals import cut, level_db, noise, plucks


def loudness(integrated_lufs: float | None, true_peak_dbtp: float | None) -> LoudnessResult:
    return LoudnessResult(integrated_lufs, None, None, 0.0, true_peak_dbtp, true_peak_dbtp)


def test_every_segment_gets_to_the_target() -> None:
    found = match_levels([loudness(-20.0, -9.0), loudness(-10.0, -1.0)])
    assert found == LevelMatch(-14.0, (6.0, -4.0), False)
    assert match_levels([loudness(-20.0, -9.0)], target_lufs=-23.0).gains_db == (-3.0,)


def test_one_peaky_segment_lowers_the_target_of_all() -> None:
    renders = [loudness(-20.0, -9.0), loudness(-25.0, -5.0), loudness(-10.0, -1.0)]
    found = match_levels(renders)
    assert found.is_target_lowered
    assert found.common_target_lufs == -21.0
    assert found.gains_db == (-1.0, 4.0, -11.0)
    for render, gain_db in zip(renders, found.gains_db, strict=True):
        assert render.true_peak_dbtp is not None
        assert render.true_peak_dbtp + gain_db <= -1.0


def test_a_lowered_target_is_rounded_down() -> None:
    found = match_levels([loudness(-20.0, -2.3456)])
    assert found.common_target_lufs == -18.66
    assert -2.3456 + found.gains_db[0] <= -1.0


@pytest.mark.parametrize("unknown", [loudness(None, None), loudness(None, -80.0)])
def test_a_segment_without_loudness_cannot_be_matched(unknown: LoudnessResult) -> None:
    with pytest.raises(PipelineError, match="LOUDNESS_UNKNOWN"):
        match_levels([loudness(-20.0, -9.0), unknown])


def pre_gain(folder: Path, signal: FloatArray, name: str = "pre.wav") -> Path:
    write_wav_f32(folder / name, cut(signal, 10_000), 48_000, signal.shape[0])
    return folder / name


def test_segments_agree_after_publication(tmp_path: Path) -> None:
    signals = [plucks(6.0), noise(200_000, level=0.01), np.tanh(20 * plucks(5.0))]
    paths = [pre_gain(tmp_path, signal, f"{n}.wav") for n, signal in enumerate(signals)]
    levels = match_levels([measure_blocks([signal], 48_000, 1) for signal in signals])
    for number, (path, gain_db) in enumerate(zip(paths, levels.gains_db, strict=True)):
        publish_segment(path, gain_db, tmp_path / f"{number}.flac")
        measurement = measure_file(tmp_path / f"{number}.flac")
        assert measurement.integrated_lufs == pytest.approx(levels.common_target_lufs, abs=0.01)
        assert measurement.true_peak_dbtp is not None
        assert measurement.true_peak_dbtp <= -1.0


def test_a_published_file_is_what_was_reported(tmp_path: Path) -> None:
    signal = plucks(4.0)
    out = tmp_path / "out.flac"
    found = publish_segment(pre_gain(tmp_path, signal), -6.0, out)

    info = soundfile.info(out)
    assert (info.format, info.subtype, info.samplerate) == ("FLAC", "PCM_24", 48_000)
    assert (found.num_frames, found.num_channels, found.duration_s) == (192_000, 1, 4.0)
    assert found.sha256 == sha256_of(out)
    assert found.loudness == LoudnessResult(
        **{name: getattr(measure_file(out), name) for name in found.loudness.as_json()}
    )
    samples, _ = soundfile.read(out, dtype="int32")
    packed = (samples >> 8).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    assert found.pcm_sha256 == hashlib.sha256(packed).hexdigest()
    back = (samples / 2**31)[np.newaxis].astype(np.float32)
    assert level_db(back - signal * np.float32(db_to_gain(-6.0))) < -135.0
    assert max(found.waveform) == pytest.approx(np.abs(back).max(), abs=1e-4)


def test_publishing_twice_gives_the_same_samples(tmp_path: Path) -> None:
    path = pre_gain(tmp_path, plucks(1.0))
    one = publish_segment(path, 1.5, tmp_path / "one.flac")
    other = publish_segment(path, 1.5, tmp_path / "other.flac")
    as_wav = publish_segment(path, 1.5, tmp_path / "other.wav")
    assert one == other
    assert as_wav.pcm_sha256 == one.pcm_sha256
    assert soundfile.info(tmp_path / "other.wav").format == "WAV"
    keyed = publish_segment(path, 1.5, tmp_path / "keyed.flac", dither_key="another")
    assert keyed.pcm_sha256 != one.pcm_sha256


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    path = pre_gain(tmp_path, plucks(4.0))

    def cancel(fraction: float) -> None:
        if fraction > 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        publish_segment(path, 0.0, tmp_path / "out.flac", progress=cancel)
    assert [found.name for found in tmp_path.iterdir()] == ["pre.wav"]


def test_a_target_is_never_raised() -> None:
    assert match_levels([loudness(-30.0, -29.0)]).gains_db == (16.0,)
    assert match_levels([]) == LevelMatch(-14.0, (), False)
    assert math.isfinite(match_levels([loudness(-69.0, -60.0)]).gains_db[0])
