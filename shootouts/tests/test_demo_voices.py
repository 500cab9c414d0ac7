"""The demo captures, played by GTS itself, sound as their names say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.pipeline.nam.engine import build_engine
from jobs.pipeline.nam.file import read_nam

CAPTURES = Path(__file__).resolve().parents[1] / "demo" / "captures"
CLEAN = "halyard-22-clean.nam"
CRUNCH = "bosun-45-crunch.nam"
HIGH_GAIN = "tempest-100-lead.nam"

SAMPLE_RATE_HZ = 48_000
PROBE_HZ = 220


def play(
    file_name: str, samples: NDArray[np.float64], slim_size: float = 1.0
) -> NDArray[np.float64]:
    stage = build_engine(read_nam(CAPTURES / file_name), slim_size).start()
    wet: NDArray[np.float64] = stage.process(samples.astype(np.float32)[None])[0].astype(np.float64)
    return wet


def probe(file_name: str, level_dbfs: float, slim_size: float = 1.0) -> tuple[float, float]:
    """THD in percent and the fundamental's level in dB, of a settled 220 Hz sine."""
    time_s = np.arange(SAMPLE_RATE_HZ * 6 // 10) / SAMPLE_RATE_HZ
    sine = 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * PROBE_HZ * time_s)
    settled = play(file_name, sine, slim_size)[-SAMPLE_RATE_HZ // 2 :]
    # Half a second holds 110 whole periods: every harmonic falls on one bin.
    spectrum = np.abs(np.fft.rfft(settled)) / len(settled) * 2
    harmonics = spectrum[PROBE_HZ // 2 * np.arange(1, 16)]
    thd = float(np.sqrt(np.sum(harmonics[1:] ** 2)) / harmonics[0])
    return 100 * thd, float(20 * np.log10(harmonics[0]))


def test_distortion_rises_from_clean_to_crunch_to_high_gain() -> None:
    assert probe(CLEAN, -24.0)[0] < 1.5
    assert 3.0 < probe(CRUNCH, -24.0)[0] < 12.0
    assert probe(HIGH_GAIN, -24.0)[0] > 18.0


def test_the_louder_the_playing_the_more_the_dirty_amps_compress() -> None:
    growth_db = {
        file_name: probe(file_name, -12.0)[1] - probe(file_name, -30.0)[1]
        for file_name in (CLEAN, CRUNCH, HIGH_GAIN)
    }
    assert growth_db[CLEAN] > 17.0  # of 18
    assert 7.0 < growth_db[CRUNCH] < 14.0
    assert growth_db[HIGH_GAIN] < 4.0


@pytest.mark.parametrize("file_name", [CLEAN, CRUNCH, HIGH_GAIN])
def test_silence_in_is_nearly_silence_out(file_name: str) -> None:
    assert np.max(np.abs(play(file_name, np.zeros(2_000)))) < 10 ** (-55 / 20)


def test_lite_and_full_of_the_clean_amp_are_the_same_voice() -> None:
    samples = np.random.default_rng(3).normal(scale=0.05, size=SAMPLE_RATE_HZ // 2)
    lite, full = (play(CLEAN, samples, slim_size) for slim_size in (0.0, 1.0))
    assert not np.array_equal(lite, full)
    assert np.sum((lite - full) ** 2) / np.sum(full**2) < 0.02
