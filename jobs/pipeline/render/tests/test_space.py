"""Delay and reverb: when the echoes come, and how they die away."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.pipeline.effects.tests.processors import RATE_HZ, impulse, play
from jobs.pipeline.tests.signals import level_db


@pytest.mark.parametrize("time_ms", [1.0, 10.013, 375.0, 2000.0])
@pytest.mark.parametrize("sample_rate_hz", [44_100, 48_000])
def test_echoes_come_on_the_sample_and_decay_by_the_feedback(
    time_ms: float, sample_rate_hz: int
) -> None:
    step = round(time_ms / 1000.0 * sample_rate_hz)
    out = play(
        "delay",
        impulse(4 * step + 10),
        sample_rate_hz=sample_rate_hz,
        time_ms=time_ms,
        feedback_pct=50.0,
        mix_pct=40.0,
    )[0]
    expected = np.zeros(4 * step + 10)
    expected[0] = 0.6
    for echo in range(1, 5):
        expected[echo * step] = 0.4 * 0.5 ** (echo - 1)
    assert out == pytest.approx(expected, abs=1e-6)


def test_without_feedback_there_is_one_echo() -> None:
    out = play("delay", impulse(RATE_HZ), time_ms=100.0, feedback_pct=0.0, mix_pct=100.0)
    assert np.flatnonzero(out).tolist() == [4800]


def decay_db_per_s(**parameters: float) -> float:
    out = play("reverb", impulse(RATE_HZ), parameters, mix_pct=100.0)
    early, late = out[:, 4_800:14_400], out[:, 28_800:38_400]
    return (level_db(early) - level_db(late)) / 0.5


def test_reverbs_decay_and_larger_rooms_slower() -> None:
    """The combs of JUCE's Freeverb lose 20·log10(0.7 + 0.28·size) dB in each of about 31 ms."""
    small, middle, large = (
        decay_db_per_s(size_pct=size_pct, damping_pct=0.0) for size_pct in (0.0, 50.0, 100.0)
    )
    assert small == pytest.approx(3.1 / 0.031, rel=0.2)
    assert middle == pytest.approx(1.51 / 0.031, rel=0.2)
    assert large == pytest.approx(0.175 / 0.031, rel=0.3)


def test_damping_takes_the_treble() -> None:
    def treble_share(damping_pct: float) -> float:
        out = play("reverb", impulse(RATE_HZ), mix_pct=100.0, damping_pct=damping_pct)
        power = np.abs(np.fft.rfft(out[0])) ** 2
        return float(power[4000:].sum() / power.sum())

    assert treble_share(100.0) < treble_share(50.0) < treble_share(0.0)


def test_width_sets_the_channels_apart() -> None:
    def correlation(width_pct: float) -> float:
        stereo = impulse(RATE_HZ, num_channels=2)
        left, right = play("reverb", stereo, mix_pct=100.0, width_pct=width_pct)
        return float(np.corrcoef(left, right)[0, 1])

    assert correlation(0.0) == pytest.approx(1.0, abs=1e-6)
    assert abs(correlation(100.0)) < 0.2
    assert abs(correlation(100.0)) < correlation(50.0) < 0.99


def test_one_channel_hears_the_middle_of_two() -> None:
    one = play("reverb", impulse(RATE_HZ))
    two = play("reverb", impulse(RATE_HZ, num_channels=2), width_pct=0.0)
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(two[0], two[1])
