"""Gate, compressor and limiter: static curves, and how fast they get there."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.pipeline.effects.tests.processors import RATE_HZ, alternating, levels_db, play
from jobs.pipeline.tests.signals import noise


def settled_db(processor: str, level_dbfs: float, **parameters: float) -> float:
    """Level that comes out of a steady one."""
    return float(levels_db(play(processor, alternating(level_dbfs, RATE_HZ), parameters))[-1])


@pytest.mark.parametrize(
    ("level_dbfs", "ratio", "makeup_db"),
    [(-40.0, 4.0, 0.0), (-20.0, 4.0, 0.0), (-8.0, 4.0, 0.0), (0.0, 20.0, 0.0), (-12.0, 2.0, 6.0)],
)
def test_the_compressor_follows_its_curve(
    level_dbfs: float, ratio: float, makeup_db: float
) -> None:
    over_db = max(level_dbfs + 20.0, 0.0)
    expected_db = level_dbfs - over_db + over_db / ratio + makeup_db
    found_db = settled_db("compressor", level_dbfs, ratio=ratio, makeup_db=makeup_db)
    assert found_db == pytest.approx(expected_db, abs=0.1)


def test_the_compressor_takes_the_time_it_is_given() -> None:
    signal = np.concatenate([alternating(-6.0, RATE_HZ), alternating(-30.0, RATE_HZ)], axis=1)
    levels = levels_db(play("compressor", signal, attack_ms=20.0, release_ms=200.0))
    goal_db = -20.0 + 14.0 / 4.0
    assert levels[0] == pytest.approx(-6.0, abs=0.1)
    assert levels[round(0.25 * 0.020 * RATE_HZ)] > goal_db + 1.0
    assert levels[round(1.0 * 0.020 * RATE_HZ)] == pytest.approx(goal_db, abs=0.1)
    released = levels[RATE_HZ:]
    assert released[0] == pytest.approx(-30.0 - 10.5, abs=0.1)
    assert released[round(0.01 * RATE_HZ)] < -31.0
    assert released[round(0.2 * RATE_HZ)] == pytest.approx(-30.0, abs=0.1)


@pytest.mark.parametrize("threshold_db", [-24.0, -6.0])
def test_no_sample_passes_the_limiter(threshold_db: float) -> None:
    signal = noise(RATE_HZ, level=0.4, num_channels=2)
    out = play("limiter", signal, threshold_db=threshold_db)
    assert np.abs(out).max() == pytest.approx(10.0 ** (threshold_db / 20.0), rel=1e-4)
    assert settled_db("limiter", 0.0, threshold_db=threshold_db) == pytest.approx(
        threshold_db, abs=0.05
    )


@pytest.mark.parametrize("sample_rate_hz", [44_100, 48_000, 96_000])
def test_what_is_below_the_limiter_passes_in_step(sample_rate_hz: int) -> None:
    signal = noise(10_000, level=0.05)
    out = play("limiter", signal, sample_rate_hz=sample_rate_hz, threshold_db=-6.0)
    assert np.array_equal(out, signal)


def test_the_limiter_lets_go_in_its_time() -> None:
    signal = np.concatenate([alternating(0.0, RATE_HZ), alternating(-40.0, RATE_HZ)], axis=1)
    fast, slow = (
        levels_db(play("limiter", signal, threshold_db=-20.0, release_ms=release_ms))[RATE_HZ:]
        for release_ms in (10.0, 500.0)
    )
    assert fast[round(0.06 * RATE_HZ)] == pytest.approx(-40.0, abs=0.2)
    assert slow[round(0.06 * RATE_HZ)] < -50.0
    assert np.all(np.diff(slow[480:]) > -1e-3)


@pytest.mark.parametrize(("level_dbfs", "expected_db"), [(-20.0, -20.0), (-33.0, -57.0)])
def test_the_gate_follows_its_curve(level_dbfs: float, expected_db: float) -> None:
    found_db = settled_db("noise_gate", level_dbfs, threshold_db=-30.0, ratio=9.0)
    assert found_db == pytest.approx(expected_db, abs=0.1)


def test_the_gate_opens_for_a_note_and_closes_behind_it() -> None:
    hum, note = alternating(-60.0, RATE_HZ), alternating(-12.0, RATE_HZ)
    signal = np.concatenate([hum, note, hum], axis=1)
    levels = levels_db(play("noise_gate", signal, threshold_db=-40.0))
    assert levels[RATE_HZ - 1] < -120.0
    assert levels[RATE_HZ + round(0.02 * RATE_HZ)] == pytest.approx(-12.0, abs=0.1)
    assert levels[2 * RATE_HZ - 1] == pytest.approx(-12.0, abs=0.01)
    assert levels[2 * RATE_HZ + round(0.01 * RATE_HZ)] > -62.0
    assert levels[-1] < -120.0
