"""The files of spaces: which channels, how long, where they begin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import IRSettings
from jobs.pipeline.render.ir_facts import space_notes
from jobs.pipeline.render.ir_file import probe_ir, probe_space, read_space
from jobs.pipeline.render.tests.test_ir_file import RATE_HZ, Taps, write
from jobs.pipeline.signal.samples import FloatArray, db_to_gain


def hall(duration_s: float, rt60_s: float, seed: int = 1, rate_hz: int = RATE_HZ) -> Taps:
    """Noise that falls by 60 dB in ``rt60_s``, the loudest sample first."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    taps = np.random.default_rng(seed).uniform(-0.5, 0.5, len(t)) * 10.0 ** (-3.0 * t / rt60_s)
    taps[0] = 0.5
    return np.asarray(taps)


def refusal(path: Path) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        probe_space(path)
    assert caught.value.is_permanent
    return caught.value


@pytest.mark.parametrize(
    ("num_channels", "layout"), [(1, "mono"), (2, "stereo"), (4, "true_stereo")]
)
def test_all_channels_of_a_space_sound(tmp_path: Path, num_channels: int, layout: str) -> None:
    channels = [hall(0.5, 0.3, seed) for seed in range(num_channels)]
    path = write(tmp_path / "a.wav", *channels)
    reading = read_space(path)
    assert reading.channel == layout
    assert np.array_equal(reading.samples, np.stack(channels).astype(np.float32))
    assert (reading.num_cut_frames, reading.num_trimmed_frames, reading.warnings) == (0, 0, ())
    assert probe_space(path).num_channels == num_channels


@pytest.mark.parametrize("num_channels", [3, 5, 8])
def test_other_numbers_of_channels_are_refused_by_name(tmp_path: Path, num_channels: int) -> None:
    path = write(tmp_path / "a.wav", *[hall(0.1, 0.1, seed) for seed in range(num_channels)])
    error = refusal(path)
    assert error.code == "SPACE_CHANNELS_UNSUPPORTED"
    assert "left to right, right to left" in error.message
    assert f"this file has {num_channels}" in error.message


def test_two_channels_that_are_one_stay_mono(tmp_path: Path) -> None:
    one = hall(0.3, 0.2)
    same = read_space(write(tmp_path / "same.wav", one, one))
    assert (same.channel, len(same.samples), same.warnings) == ("mono", 1, ())
    left = read_space(write(tmp_path / "left.wav", one, 0 * one))
    assert (left.channel, len(left.samples)) == ("mono", 1)
    assert left.warnings == (
        "Only one channel of the impulse response sounds (left); it is heard from both sides.",
    )
    # True stereo may well have ways that are silent.
    parallel = read_space(write(tmp_path / "four.wav", one, 0 * one, 0 * one, one))
    assert (parallel.channel, len(parallel.samples)) == ("true_stereo", 4)


def test_what_a_space_must_not_be(tmp_path: Path) -> None:
    silent = write(tmp_path / "silent.wav", np.zeros(4800), np.zeros(4800))
    assert refusal(silent).code == "IR_SILENT"
    assert refusal(write(tmp_path / "nan.wav", np.full(4800, np.nan))).code == "IR_NOT_FINITE"
    assert refusal(write(tmp_path / "short.wav", np.ones(31))).code == "IR_TOO_SHORT"
    assert refusal(write(tmp_path / "song.wav", hall(31.0, 9.0))).code == "IR_TOO_LONG"
    (tmp_path / "text.wav").write_text("not sound")
    assert refusal(tmp_path / "text.wav").code == "AUDIO_UNREADABLE"


def test_ten_seconds_are_kept_and_twelve_are_cut_with_a_fade(tmp_path: Path) -> None:
    whole = read_space(write(tmp_path / "whole.wav", hall(9.9, 10.0), hall(9.9, 10.0, 2)))
    assert (whole.num_cut_frames, whole.samples.shape, whole.warnings) == (0, (2, 475_200), ())
    # −60 dB is reached after 8 s; by the other one not within 12.
    for rt60_s, end_s, end_db in ((8.0, 8.0, -60.0), (20.0, 10.0, -30.0)):
        path = write(tmp_path / "a.wav", hall(12.0, rt60_s), hall(12.0, rt60_s, 2))
        cut = read_space(path)
        assert cut.samples.shape[1] == pytest.approx(end_s * RATE_HZ, rel=0.06)
        assert cut.samples.shape[1] <= 10 * RATE_HZ
        assert cut.num_cut_frames > 0
        assert cut.tail_end_db == pytest.approx(end_db, abs=6.0)
        # Both channels end together and fade.
        last = np.abs(cut.samples[:, -24:]).max(axis=1)
        before = np.abs(cut.samples[:, -4_800:-2_400]).max(axis=1)
        assert (last < 0.01 * before).all()
        [warning] = cut.warnings
        assert "lasts 1" in warning
        assert "60 dB below its peak, after 10 s at the latest" in warning


def test_its_owner_says_where_it_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", hall(12.0, 6.0))
    early = read_space(path, IRSettings(tail_end_db=-30.0))
    assert early.samples.shape[1] == pytest.approx(3.0 * RATE_HZ, rel=0.06)
    [warning] = early.warnings
    assert "30 dB below its peak" in warning


def test_the_pre_delay_stays_unless_it_is_taken_out(tmp_path: Path) -> None:
    late = np.concatenate([np.zeros(4_800), hall(0.5, 0.3)])  # 100 ms
    later = np.concatenate([np.zeros(5_760), hall(0.5, 0.3, 2)])
    path = write(tmp_path / "a.wav", late, later[: len(late)])
    kept = read_space(path)
    assert (kept.num_trimmed_frames, kept.warnings) == (0, ())
    # One beginning for both: what lies between the sides is the room.
    trimmed = read_space(path, IRSettings(is_lead_trimmed=True))
    assert trimmed.num_trimmed_frames == 4_800
    assert np.flatnonzero(trimmed.samples[1])[0] == 960
    facts = probe_space(path).as_json() | {"lead_s": 0.25}
    assert (
        "250.0 ms of silence, its pre-delay, which is kept" in space_notes(facts, IRSettings())[0]
    )


def test_the_facts_of_one_file_serve_cabinet_and_space(tmp_path: Path) -> None:
    """The kind of gear may be changed after the file was looked into."""
    path = write(tmp_path / "a.wav", hall(3.0, 2.5), hall(3.0, 2.5, 2))
    as_cab, as_space = probe_ir(path).as_json(), probe_space(path).as_json()
    assert set(as_cab) == set(as_space)
    for name in ("sample_rate_hz", "num_channels", "duration_s", "has_choice_of_channel"):
        assert as_cab[name] == as_space[name]


def test_rounding_of_a_file_is_kept(tmp_path: Path) -> None:
    quiet: FloatArray = (db_to_gain(-60.0) * hall(0.2, 0.1)).astype(np.float32)
    reading = read_space(write(tmp_path / "a.wav", quiet.astype(np.float64)))
    assert np.array_equal(reading.samples[0], quiet)
