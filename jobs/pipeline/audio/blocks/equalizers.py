"""Parametric and graphic equalizer: shelves and peaks of the Audio EQ Cookbook.

Robert Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients" (W3C
Note, 2021), which pedalboard's filters follow.
"""

from __future__ import annotations

import math

import numpy as np
import pedalboard
from numpy.typing import NDArray

from jobs.pipeline.audio.blocks.plugin import start_plugin
from jobs.pipeline.audio.blocks.schema import BlockType, Parameter, Values
from jobs.pipeline.audio.signal import Stage

_MAX_GAIN_DB = 12.0
_SHELF_Q = math.sqrt(0.5)

# Octave bands around 1 kHz; their exact frequencies are 31.25 · 2^n Hz.
BAND_FREQUENCIES_HZ = tuple(31.25 * 2.0**n for n in range(10))
# Wide enough that equal sliders leave no dents between the bands (a Q of 1).
_BAND_WIDTH_OCTAVES = 2.0 * math.asinh(0.5) / math.log(2.0)

# Above this share of the sample rate there is no room left for a band.
_HIGHEST_SHARE = 0.45
_NUM_REFINEMENTS = 6


def _ringing_s(_parameters: Values) -> float:
    """Falls by 90 dB: a peak at 200 Hz with a Q of 10 rings longest, 0.17 s."""
    return 0.2


def _start_parametric(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    highest_hz = _HIGHEST_SHARE * sample_rate_hz
    plugin = pedalboard.Chain(
        [
            pedalboard.LowShelfFilter(
                parameters["low_freq_hz"], parameters["low_gain_db"], _SHELF_Q
            ),
            pedalboard.PeakFilter(
                min(parameters["mid_freq_hz"], highest_hz),
                parameters["mid_gain_db"],
                parameters["mid_q"],
            ),
            pedalboard.HighShelfFilter(
                min(parameters["high_freq_hz"], highest_hz), parameters["high_gain_db"], _SHELF_Q
            ),
        ]
    )
    return start_plugin(plugin, sample_rate_hz, num_channels)


def _describe_parametric(parameters: Values) -> str:
    bands = [
        f"{name} {parameters[f'{name}_gain_db']:+g} dB at {parameters[f'{name}_freq_hz']:g} Hz"
        for name in ("low", "mid", "high")
        if parameters[f"{name}_gain_db"]
    ]
    if parameters["mid_gain_db"]:
        bands.append(f"mid Q {parameters['mid_q']:g}")
    return ", ".join(bands) or "flat"


def _start_graphic(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    frequencies_hz = [
        frequency_hz
        for frequency_hz in BAND_FREQUENCIES_HZ
        if frequency_hz <= _HIGHEST_SHARE * sample_rate_hz
    ]
    wanted_db = np.array([parameters[_band_name(each)] for each in frequencies_hz])
    gains_db = _filter_gains_db(np.array(frequencies_hz), wanted_db, sample_rate_hz)
    plugin = pedalboard.Chain(
        [
            pedalboard.PeakFilter(
                frequency_hz, float(gain_db), float(_band_q(frequency_hz, sample_rate_hz))
            )
            for frequency_hz, gain_db in zip(frequencies_hz, gains_db, strict=True)
        ]
    )
    return start_plugin(plugin, sample_rate_hz, num_channels)


def _filter_gains_db(
    frequencies_hz: NDArray[np.float64], wanted_db: NDArray[np.float64], sample_rate_hz: int
) -> NDArray[np.float64]:
    """Gains of the filters that make the whole equalizer reach what its sliders say.

    Each filter is heard in its neighbours' bands too: ten sliders at +12 dB would make +20 dB.
    How much in each band is nearly proportional to the filter's gain, so solving for it and
    correcting by what is still missing converges (Välimäki and Liski, "Accurate cascade graphic
    equalizer", IEEE Signal Processing Letters 24, 2017).
    """
    unit_db = _peak_responses_db(frequencies_hz, np.full(len(frequencies_hz), 6.0), sample_rate_hz)
    interaction = unit_db / 6.0
    gains_db = np.zeros(len(frequencies_hz))
    for _ in range(_NUM_REFINEMENTS):
        reached_db = _peak_responses_db(frequencies_hz, gains_db, sample_rate_hz).sum(axis=1)
        gains_db += np.linalg.solve(interaction, wanted_db - reached_db)
    return gains_db


def _peak_responses_db(
    frequencies_hz: NDArray[np.float64], gains_db: NDArray[np.float64], sample_rate_hz: int
) -> NDArray[np.float64]:
    """Response of every band's filter (columns) at every band (rows): the cookbook's peak,

    H(z) = (1 + αA − 2cos ω₀ z⁻¹ + (1 − αA) z⁻²) / (1 + α/A − 2cos ω₀ z⁻¹ + (1 − α/A) z⁻²),
    A = 10^(dB/40), α = sin ω₀ / 2Q.
    """
    omegas = 2.0 * np.pi * frequencies_hz / sample_rate_hz
    z = np.exp(-1j * omegas)[:, np.newaxis]
    amplitudes = 10.0 ** (gains_db / 40.0)
    alphas = np.sin(omegas) / (2.0 * _band_q(frequencies_hz, sample_rate_hz))
    up, down = alphas * amplitudes, alphas / amplitudes
    middle = -2.0 * np.cos(omegas) * z
    numerator = 1.0 + up + middle + (1.0 - up) * z**2
    denominator = 1.0 + down + middle + (1.0 - down) * z**2
    response: NDArray[np.float64] = 20.0 * np.log10(np.abs(numerator / denominator))
    return response


def _band_q(
    frequencies_hz: float | NDArray[np.float64], sample_rate_hz: int
) -> NDArray[np.float64]:
    """The cookbook's Q for a band's width, which shrinks toward half the sample rate:

    1/Q = 2 sinh(½ ln 2 · width · ω₀ / sin ω₀).
    """
    omegas = 2.0 * np.pi * np.asarray(frequencies_hz) / sample_rate_hz
    widths = 0.5 * math.log(2.0) * _BAND_WIDTH_OCTAVES * omegas / np.sin(omegas)
    qs: NDArray[np.float64] = 0.5 / np.sinh(widths)
    return qs


def _band_name(frequency_hz: float) -> str:
    return f"band_{int(frequency_hz)}_gain_db"


def _band_label(frequency_hz: float) -> str:
    return f"{int(frequency_hz)} Hz" if frequency_hz < 1000.0 else f"{frequency_hz / 1000:g} kHz"


def _describe_graphic(parameters: Values) -> str:
    bands = [
        f"{_band_label(each)} {parameters[_band_name(each)]:+g} dB"
        for each in BAND_FREQUENCIES_HZ
        if parameters[_band_name(each)]
    ]
    return ", ".join(bands) or "flat"


def _gain(name: str, label: str) -> Parameter:
    return Parameter(name, label, "dB", -_MAX_GAIN_DB, _MAX_GAIN_DB, 0.0)


PARAMETRIC_EQ = BlockType(
    name="parametric_eq",
    title="Parametric EQ",
    parameters=(
        Parameter("low_freq_hz", "Low frequency", "Hz", 20.0, 500.0, 100.0),
        _gain("low_gain_db", "Low gain"),
        Parameter("mid_freq_hz", "Mid frequency", "Hz", 200.0, 5000.0, 1000.0),
        _gain("mid_gain_db", "Mid gain"),
        Parameter("mid_q", "Mid Q", "", 0.1, 10.0, 1.0),
        Parameter("high_freq_hz", "High frequency", "Hz", 2000.0, 16_000.0, 8000.0),
        _gain("high_gain_db", "High gain"),
    ),
    start=_start_parametric,
    tail_s=_ringing_s,
    settings=_describe_parametric,
)
GRAPHIC_EQ = BlockType(
    name="graphic_eq",
    title="Graphic EQ",
    parameters=tuple(_gain(_band_name(each), _band_label(each)) for each in BAND_FREQUENCIES_HZ),
    start=_start_graphic,
    tail_s=_ringing_s,
    settings=_describe_graphic,
)
