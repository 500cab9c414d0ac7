"""Equalizers against responses that were worked out some other way."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.pipeline.effects.blocks import BAND_FREQUENCIES_HZ
from jobs.pipeline.effects.tests.processors import RATE_HZ, response_db

# Digital frequencies through the bilinear transform: s = j·tan(ω/2) / tan(ω₀/2).
FREQUENCIES_HZ = np.arange(20, 20_000)


def analog(frequency_hz: float, sample_rate_hz: int = RATE_HZ) -> NDArray[np.complex128]:
    tangents = np.tan(np.pi * FREQUENCIES_HZ / sample_rate_hz)
    return np.asarray(1j * tangents / np.tan(np.pi * frequency_hz / sample_rate_hz))


def in_db(response: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.asarray(20.0 * np.log10(np.abs(response)))


def low_shelf(frequency_hz: float, gain_db: float) -> NDArray[np.float64]:
    """The cookbook's analog prototype, Q = √½."""
    s, a = analog(frequency_hz), 10.0 ** (gain_db / 40.0)
    slope = np.sqrt(2.0 * a) * s
    return in_db(a * (s**2 + slope + a) / (a * s**2 + slope + 1.0))


def high_shelf(frequency_hz: float, gain_db: float) -> NDArray[np.float64]:
    s, a = analog(frequency_hz), 10.0 ** (gain_db / 40.0)
    slope = np.sqrt(2.0 * a) * s
    return in_db(a * (a * s**2 + slope + 1.0) / (s**2 + slope + a))


def peak(frequency_hz: float, gain_db: float, q: float) -> NDArray[np.float64]:
    s, a = analog(frequency_hz), 10.0 ** (gain_db / 40.0)
    return in_db((s**2 + s * a / q + 1.0) / (s**2 + s / (a * q) + 1.0))


@pytest.mark.parametrize(
    ("low", "mid", "high"),
    [
        ((100.0, 3.0), (1000.0, 0.0, 1.0), (8000.0, 0.0)),
        ((100.0, 0.0), (1000.0, 0.0, 1.0), (8000.0, -12.0)),
        ((100.0, 0.0), (5000.0, 12.0, 0.1), (8000.0, 0.0)),
        ((20.0, -12.0), (200.0, -9.0, 10.0), (16_000.0, 6.0)),
        ((500.0, 6.0), (700.0, -4.0, 2.0), (2000.0, 5.0)),
    ],
)
def test_the_parametric_equalizer_is_what_was_designed(
    low: tuple[float, float], mid: tuple[float, float, float], high: tuple[float, float]
) -> None:
    found = response_db(
        "parametric_eq",
        low_freq_hz=low[0],
        low_gain_db=low[1],
        mid_freq_hz=mid[0],
        mid_gain_db=mid[1],
        mid_q=mid[2],
        high_freq_hz=high[0],
        high_gain_db=high[1],
    )[20:20_000]
    assert np.abs(found - (low_shelf(*low) + peak(*mid) + high_shelf(*high))).max() < 0.1


def band_values(gains_db: list[float]) -> dict[str, float]:
    return {
        f"band_{int(frequency_hz)}_gain_db": gain_db
        for frequency_hz, gain_db in zip(BAND_FREQUENCIES_HZ, gains_db, strict=True)
    }


@pytest.mark.parametrize(
    "gains_db",
    [
        [12.0] * 10,
        [-6.0] * 10,
        [12.0, -12.0] * 5,
        [6.0, 4.0, 2.0, 0.0, -3.0, -3.0, 0.0, 2.0, 4.0, 6.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0],
    ],
)
@pytest.mark.parametrize("sample_rate_hz", [44_100, 48_000, 96_000])
def test_every_band_is_heard_as_its_slider_stands(
    gains_db: list[float], sample_rate_hz: int
) -> None:
    found = response_db("graphic_eq", band_values(gains_db), sample_rate_hz=sample_rate_hz)
    at_bands = np.interp(BAND_FREQUENCIES_HZ, np.arange(len(found)), found)
    assert at_bands == pytest.approx(gains_db, abs=0.2)


def test_equal_sliders_are_nearly_flat_between_the_bands() -> None:
    found = response_db("graphic_eq", band_values([6.0] * 10))[31:16_000]
    assert np.abs(found - 6.0).max() < 0.5


def test_bands_beyond_the_sample_rate_are_left_out() -> None:
    found = response_db("graphic_eq", band_values([0.0] * 9 + [12.0]), sample_rate_hz=22_050)
    assert np.abs(found[20:]).max() < 0.01


@pytest.mark.parametrize("processor", ["parametric_eq", "graphic_eq"])
def test_flat_is_flat(processor: str) -> None:
    assert np.abs(response_db(processor)).max() < 0.001


@pytest.mark.parametrize(("processor", "is_high"), [("high_pass", True), ("low_pass", False)])
def test_filters_are_of_first_order(processor: str, is_high: bool) -> None:
    for cutoff_hz in (1000.0, 2000.0):
        s = analog(cutoff_hz)
        expected = in_db(s / (s + 1.0) if is_high else 1.0 / (s + 1.0))
        found = response_db(processor, cutoff_hz=cutoff_hz)[20:20_000]
        assert np.abs(found - expected).max() < 0.1
