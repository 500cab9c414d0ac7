"""Chorus, flanger and phaser: where their delays and notches are, and that they swing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.pipeline.effects.tests.processors import RATE_HZ, impulse, play
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import noise

# One click in so many frames: 50 in a second.
CLICK_FRAMES = 960


def delays_ms(processor: str, duration_s: float, **parameters: float) -> NDArray[np.float64]:
    """When each of a row of clicks comes out, after it went in."""
    signal = np.zeros((1, round(duration_s * RATE_HZ)), dtype=np.float32)
    signal[0, ::CLICK_FRAMES] = 1.0
    out = play(processor, signal, parameters, mix_pct=100.0, feedback_pct=0.0)
    clicks = np.abs(out.reshape(-1, CLICK_FRAMES).astype(np.float64))
    centers = (clicks * np.arange(CLICK_FRAMES)).sum(axis=1) / clicks.sum(axis=1)
    return np.asarray(1000.0 * centers / RATE_HZ)


def test_the_chorus_swings_around_its_center() -> None:
    found = delays_ms("chorus", 2.0, rate_hz=1.0, depth_pct=25.0, centre_delay_ms=7.0)
    assert found.min() == pytest.approx(4.5, abs=0.05)
    assert found.max() == pytest.approx(9.5, abs=0.05)
    assert found[50:] == pytest.approx(found[:50], abs=0.01)  # the same a period later
    assert delays_ms("chorus", 0.5, depth_pct=0.0) == pytest.approx(np.full(25, 7.0), abs=0.01)


@pytest.mark.parametrize(
    ("center_ms", "depth_pct", "lowest_ms", "highest_ms"),
    [
        (2.0, 50.0, 1.125, 2.875),
        (2.0, 100.0, 0.25, 3.75),
        (5.0, 100.0, 2.5, 7.5),
        (0.5, 0, 0.5, 0.5),
    ],
)
def test_the_flanger_swings_without_running_into_the_signal(
    center_ms: float, depth_pct: float, lowest_ms: float, highest_ms: float
) -> None:
    found = delays_ms("flanger", 1.0, rate_hz=2.0, depth_pct=depth_pct, centre_delay_ms=center_ms)
    assert found.min() == pytest.approx(lowest_ms, abs=0.05)
    assert found.max() == pytest.approx(highest_ms, abs=0.05)
    assert found[25:] == pytest.approx(found[:25], abs=0.02)


def test_feedback_repeats_the_delay() -> None:
    out = play(
        "flanger",
        impulse(RATE_HZ),
        depth_pct=0.0,
        centre_delay_ms=2.0,
        feedback_pct=50.0,
        mix_pct=100.0,
    )[0]
    echoes = [float(np.abs(out[96 * n - 4 : 96 * n + 5]).max()) for n in range(1, 5)]
    assert echoes[0] == pytest.approx(1.0, abs=0.05)
    assert np.array(echoes[1:]) / np.array(echoes[:-1]) == pytest.approx([0.5] * 3, abs=0.05)


def notches_hz(out: FloatArray) -> NDArray[np.int64]:
    spectrum = 20.0 * np.log10(np.abs(np.fft.rfft(out[0], RATE_HZ)) + 1e-12)
    inner = spectrum[1:-1]
    is_notch = (inner < spectrum[:-2]) & (inner < spectrum[2:]) & (inner < -20.0)
    return np.asarray(np.flatnonzero(is_notch) + 1)


def test_the_phaser_has_three_notches_around_its_center() -> None:
    """Six all-passes of first order, φ = −12·arctan(tan(πf/fs) / tan(πf₀/fs)) in all: beside the
    dry signal, silence where φ is an odd multiple of π: f₀ · tan(15°), f₀ and f₀ · tan(75°)."""
    out = play("phaser", impulse(RATE_HZ), depth_pct=0.0, centre_freq_hz=1300.0, mix_pct=50.0)
    tangents = np.tan(np.radians([15.0, 45.0, 75.0])) * np.tan(np.pi * 1300.0 / RATE_HZ)
    expected_hz = np.arctan(tangents) * RATE_HZ / np.pi
    assert notches_hz(out) == pytest.approx(expected_hz, rel=0.02)


def test_the_phaser_swings() -> None:
    signal = np.zeros((1, RATE_HZ), dtype=np.float32)
    signal[0, ::4_800] = 1.0
    out = play("phaser", signal, rate_hz=1.0, depth_pct=50.0)
    middles = [notches_hz(out[:, start : start + 4_800])[-2] for start in range(0, RATE_HZ, 4_800)]
    assert max(middles) > 1.5 * min(middles)


@pytest.mark.parametrize("processor", ["chorus", "phaser", "flanger"])
def test_full_feedback_stays_bounded(processor: str) -> None:
    signal = np.clip(noise(4 * RATE_HZ, level=0.3), -1.0, 1.0)
    out = play(processor, signal, depth_pct=100.0, feedback_pct=95.0, mix_pct=100.0)
    assert np.abs(out).max() < 20.0  # 1 / (1 − 0.95)
    assert np.abs(out[:, -RATE_HZ:]).max() < 1.5 * np.abs(out[:, RATE_HZ : 2 * RATE_HZ]).max()
