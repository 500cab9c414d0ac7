"""Impulse responses that need help: channels, silence in front, and an end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import ChannelRule, IRSettings
from jobs.pipeline.render.cab import load_impulse_response
from jobs.pipeline.render.ir_file import probe_ir, read_ir
from jobs.pipeline.signal.samples import gain_to_db

RATE_HZ = 48_000
Taps = NDArray[np.float64]


def cab(seed: int = 1, num_frames: int = 4_800) -> Taps:
    """A click and 100 ms of decaying noise: -87 dB at its end."""
    decay = np.exp(-10.0 * np.arange(num_frames) / num_frames)
    taps = 0.2 * np.random.default_rng(seed).standard_normal(num_frames) * decay
    taps[0] = 0.9
    return taps


def bass_cab(rt60_s: float = 2.5, duration_s: float = 4.0, floor_db: float = -120.0) -> Taps:
    """Decays by 60 dB in ``rt60_s`` onto a floor of noise."""
    rng = np.random.default_rng(2)
    t = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    taps = 0.9 * np.cos(2 * np.pi * 60.0 * t) * 10.0 ** (-3.0 * t / rt60_s)
    noise = rng.uniform(-1.0, 1.0, len(t)) * 0.9 * 10.0 ** (floor_db / 20.0)
    return np.asarray(taps + noise)


def write(path: Path, *channels: Taps) -> Path:
    soundfile.write(path, np.stack(channels, axis=1), RATE_HZ, subtype="FLOAT")
    return path


# Channels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bleed_db", [-np.inf, -60.0, -41.0])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("rule", ["mix", "left", "right"])
def test_a_channel_without_sound_is_left_out_whatever_the_rule(
    tmp_path: Path, bleed_db: float, side: str, rule: ChannelRule
) -> None:
    mono = load_impulse_response(write(tmp_path / "mono.wav", cab()), RATE_HZ)
    quiet = 10.0 ** (bleed_db / 20.0) * cab(3) * np.sqrt(np.sum(cab() ** 2) / np.sum(cab(3) ** 2))
    channels = (cab(), quiet) if side == "left" else (quiet, cab())
    path = write(tmp_path / "a.wav", *channels)
    response = load_impulse_response(path, RATE_HZ, IRSettings(rule))
    assert np.array_equal(response.taps, mono.taps)
    assert response.warnings == (f"Only one channel of the impulse response sounds ({side}).",)
    assert response.treatment["channel"] == side
    assert probe_ir(path).has_choice_of_channel is False


def test_a_channel_that_is_39_db_down_still_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", cab(), cab() * 10.0 ** (-39.0 / 20.0))
    assert probe_ir(path).has_choice_of_channel


def test_identical_channels_are_mono_without_a_word(tmp_path: Path) -> None:
    mono = load_impulse_response(write(tmp_path / "mono.wav", cab()), RATE_HZ)
    for number in (2, 4):
        path = write(tmp_path / "a.wav", *[cab()] * number)
        response = load_impulse_response(path, RATE_HZ)
        assert np.array_equal(response.taps, mono.taps)
        assert (response.warnings, response.treatment["channel"]) == ((), "mono")


def test_of_channels_that_differ_one_or_both_are_heard(tmp_path: Path) -> None:
    left, right = cab(1), cab(2)
    path = write(tmp_path / "a.wav", left, right)
    expected = {"left": left, "right": right, "mix": (left + right) / 2.0}
    rules: list[ChannelRule] = ["left", "right", "mix"]
    for rule in rules:
        reading = read_ir(path, IRSettings(rule))
        assert reading.samples[0] == pytest.approx(expected[rule], abs=1e-7)
        [warning] = reading.warnings
        assert rule in warning
        assert reading.channel == rule


@pytest.mark.parametrize(("rule", "sign"), [("mix", 1.0), ("left", 1.0), ("right", -1.0)])
def test_channels_out_of_phase_are_not_silent(
    tmp_path: Path, rule: ChannelRule, sign: float
) -> None:
    reading = read_ir(write(tmp_path / "a.wav", cab(), -cab()), IRSettings(rule))
    assert reading.samples[0] == pytest.approx(sign * cab(), abs=1e-7)
    assert rule != "mix" or "cancel" in reading.warnings[0]


def test_of_many_channels_those_that_sound_are_mixed(tmp_path: Path) -> None:
    silent = np.zeros(4_800)
    path = write(tmp_path / "a.wav", silent, cab(1), silent, cab(2))
    assert read_ir(path).samples[0] == pytest.approx((cab(1) + cab(2)) / 2.0, abs=1e-7)
    only = write(tmp_path / "b.wav", silent, silent, cab())
    assert probe_ir(only).only_channel == "number 3 of 3"


def test_silence_on_every_channel_is_silence(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="IR_SILENT"):
        read_ir(write(tmp_path / "a.wav", np.zeros(100), np.zeros(100)))


# The end ------------------------------------------------------------------------------------------


def test_a_bass_cab_of_2_3_seconds_plays_and_fades_out_at_60_db(tmp_path: Path) -> None:
    # -90 dB after 2.3 s, so -60 dB after 1.53 s.
    taps = bass_cab(rt60_s=2.3 * 60.0 / 90.0)
    path = write(tmp_path / "a.wav", taps)
    assert probe_ir(path).sound_s == pytest.approx(2.3, abs=0.02)
    response = load_impulse_response(path, RATE_HZ)
    assert len(response.taps) / RATE_HZ == pytest.approx(2.3 * 60.0 / 90.0, abs=0.02)
    assert response.treatment["tail_end_db"] == -60.0
    assert response.treatment["num_cut_frames"] > 0
    assert "2.30 s" in response.warnings[0]
    assert "60 dB" in response.warnings[0]
    # What is left out is 60 dB down, so nothing else changes by more.
    whole = taps / np.sqrt(np.sum(taps**2))
    error = whole[: len(response.taps)] - response.taps
    assert gain_to_db(float(np.sqrt(np.sum(error**2)))) < -60.0
    # It ends without a step.
    peak = np.abs(response.taps).max()
    assert np.abs(response.taps[-5:]).max() < peak * 10.0 ** (-85.0 / 20.0)


@pytest.mark.parametrize("floor_db", [-85.0, -50.0, -20.0])
def test_noise_that_never_falls_far_enough_ends_after_two_seconds(
    tmp_path: Path, floor_db: float
) -> None:
    path = write(tmp_path / "a.wav", bass_cab(0.5, floor_db=floor_db))
    reading = read_ir(path)
    assert reading.samples.shape[1] <= 2 * RATE_HZ
    if floor_db == -85.0:
        assert reading.samples.shape[1] / RATE_HZ == pytest.approx(0.5, abs=0.02)
        assert reading.tail_end_db == -60.0
    else:
        assert reading.samples.shape[1] == 2 * RATE_HZ
        assert reading.tail_end_db == pytest.approx(floor_db, abs=1.0)


@pytest.mark.parametrize("end_db", [-80.0, -60.0, -40.0])
def test_the_end_may_be_chosen(tmp_path: Path, end_db: float) -> None:
    path = write(tmp_path / "a.wav", bass_cab(1.2))
    reading = read_ir(path, IRSettings(tail_end_db=end_db))
    assert reading.samples.shape[1] / RATE_HZ == pytest.approx(1.2 * -end_db / 60.0, abs=0.02)
    assert f"{-end_db:g} dB" in reading.warnings[0]


def test_one_of_two_seconds_is_taken_as_it_is(tmp_path: Path) -> None:
    taps = bass_cab(1.33, 1.99)
    reading = read_ir(write(tmp_path / "a.wav", taps))
    assert np.array_equal(reading.samples[0], taps.astype(np.float32))
    assert (reading.warnings, reading.num_cut_frames) == ((), 0)


# Silence in front ---------------------------------------------------------------------------------


def test_silence_in_front_is_told_and_may_be_left_out(tmp_path: Path) -> None:
    late = np.concatenate([1e-5 * np.ones(720), cab()])  # 15 ms of what a converter leaves
    path = write(tmp_path / "late.wav", late)
    mono = load_impulse_response(write(tmp_path / "mono.wav", cab()), RATE_HZ)
    assert probe_ir(path).lead_s == pytest.approx(0.015)
    as_it_is = read_ir(path)
    assert as_it_is.samples.shape[1] == len(late)
    assert "15.0 ms" in as_it_is.warnings[0]
    trimmed = load_impulse_response(path, RATE_HZ, IRSettings(is_lead_trimmed=True))
    assert np.array_equal(trimmed.taps, mono.taps)
    assert trimmed.treatment["num_trimmed_frames"] == 720
    assert "left out" in trimmed.warnings[0]


def test_the_way_from_speaker_to_microphone_is_not_told(tmp_path: Path) -> None:
    assert probe_ir(write(tmp_path / "a.wav", np.concatenate([np.zeros(90), cab()]))).warnings == ()
