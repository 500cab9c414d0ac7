from __future__ import annotations

import pytest

from gts.web.display import (
    band_differences,
    clock,
    duration,
    kilohertz,
    number,
    signed,
    waveform,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-3.21, "−3.2"), (3.25, "+3.2"), (-0.04, "0.0"), (0.04, "0.0"), (0.0, "0.0"), (None, "–")],
)
def test_gains_carry_a_sign_and_zero_none(value: float | None, shown: str) -> None:
    assert signed(value) == shown


def test_numbers_have_the_digits_asked_for() -> None:
    assert number(-14.0) == "−14.0"
    assert number(0.037, 2) == "0.04"
    assert number(99.6, 0) == "100"
    assert number(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, "0:00"), (75.9, "1:15"), (3725.0, "1:02:05"), (None, "–")]
)
def test_clocks(seconds: float | None, shown: str) -> None:
    assert clock(seconds) == shown


def test_durations_and_rates() -> None:
    assert duration(12.34) == "12.3 s"
    assert duration(61.0) == "1:01 min"
    assert kilohertz(44_100) == "44.1 kHz"
    assert kilohertz(48_000) == "48 kHz"


def test_a_waveform_is_drawn_to_its_own_loudest_point() -> None:
    svg = str(waveform([0.0, 0.25, 0.5], 3))
    assert 'viewBox="0 -50 3 100"' in svg
    assert "M1 -24h.7V24" in svg  # half of the loudest
    assert "M2 -48h.7V48" in svg
    assert svg.count("M") == 3


@pytest.mark.parametrize("peaks", [None, [], [0.0, 0.0]])
def test_silence_draws_nothing(peaks: list[float] | None) -> None:
    assert waveform(peaks) == ""


def test_bands_go_up_and_down_and_stay_inside() -> None:
    drawn = str(band_differences([3.0, None, -20.0]))
    assert 'd="M0.15 0h.7v-3.0h-.7zM2.15 0h.7v12.0h-.7z"' in drawn
