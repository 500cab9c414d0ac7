"""Level matching: one loudness, one ceiling, one gain, and files that hold what they say."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.measure.loudness import (
    LoudnessResult,
    measure_chunks,
    measure_file,
    measure_gated_chunks,
)
from jobs.pipeline.render.publishing import LevelMatch, match_levels, publish_segment
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.signal.samples import FloatArray, db_to_gain
from jobs.pipeline.tests.signals import cut, level_db, noise, plucks


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


def steps(levels_db: list[tuple[float, float]]) -> FloatArray:
    """Noise of these levels, each for some seconds."""
    parts = [
        noise(round(48_000 * duration_s), level=db_to_gain(level))
        for level, duration_s in levels_db
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


@pytest.mark.parametrize("hiss_db", [-50.0, -54.0, -56.0, -58.0, -62.0])
@pytest.mark.parametrize("target_lufs", [-14.0, -20.0, -30.0])
def test_a_gain_that_moves_the_gates_reaches_the_target_too(
    hiss_db: float, target_lufs: float
) -> None:
    """What lies near −70 LUFS comes in or goes out as the gain says, and the relative gate with it:
    4 LU between two amps that were matched by a difference of loudnesses."""
    shapes = [
        steps([(-10.0, 2.0), (-25.2, 4.0), (hiss_db + offset_db, 30.0)])
        for offset_db in (0.0, 3.0, -4.0, 9.0)
    ]
    renders = [
        measure_gated_chunks([db_to_gain(gain_db) * shape], 48_000, 1)
        for shape, gain_db in zip(shapes, (0.0, -12.0, -9.0, -20.0), strict=True)
    ]
    signals = [
        db_to_gain(gain_db) * shape
        for shape, gain_db in zip(shapes, (0.0, -12.0, -9.0, -20.0), strict=True)
    ]
    match = match_levels(renders, target_lufs=target_lufs)
    for signal, gain_db in zip(signals, match.gains_db, strict=True):
        after = measure_chunks([(db_to_gain(gain_db) * signal).astype(np.float32)], 48_000, 1)
        assert after.integrated_lufs == pytest.approx(match.common_target_lufs, abs=0.02)
        assert after.true_peak_dbtp is not None
        assert after.true_peak_dbtp <= -1.0 + 0.01


@given(
    levels=st.lists(st.tuples(st.floats(-75.0, -6.0), st.floats(0.5, 4.0)), min_size=1, max_size=6),
    target_lufs=st.floats(-40.0, -14.0),
)
@settings(max_examples=40)
def test_every_target_is_reached(levels: list[tuple[float, float]], target_lufs: float) -> None:
    """A gate that leaps only makes what is louder softer, so no target is leaped over."""
    signal = steps([(-20.0, 1.0), *levels])
    basis_lufs = measure_gated_chunks([signal], 48_000, 1).basis_lufs(target_lufs)
    assert basis_lufs is not None
    gained = (db_to_gain(target_lufs - basis_lufs) * signal).astype(np.float32)
    after = measure_chunks([gained], 48_000, 1)
    assert after.integrated_lufs == pytest.approx(target_lufs, abs=0.02)


def pre_gain(folder: Path, signal: FloatArray, name: str = "pre.wav") -> Path:
    write_wav_f32(folder / name, cut(signal, 10_000), 48_000, signal.shape[0])
    return folder / name


def test_segments_agree_after_publication(tmp_path: Path) -> None:
    signals = [plucks(6.0), noise(200_000, level=0.01), np.tanh(20 * plucks(5.0))]
    paths = [pre_gain(tmp_path, signal, f"{n}.wav") for n, signal in enumerate(signals)]
    levels = match_levels([measure_chunks([signal], 48_000, 1) for signal in signals])
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
