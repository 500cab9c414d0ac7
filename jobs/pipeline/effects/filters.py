"""How the built-in filters sound: high-pass, low-pass, parametric and graphic equalizer.

High-pass and low-pass, 6 dB per octave, are first-order Butterworth filters through the bilinear
transform, H(s) = s/(s + ω) and ω/(s + ω) with ω prewarped to the cutoff, which is where they have
lost 3.01 dB (JUCE's, in pedalboard).

The equalizers have the shelves and peaks of Robert Bristow-Johnson, "Cookbook formulae for audio
equalizer biquad filter coefficients" (W3C Note, 2021), which pedalboard's filters follow: "the
cookbook" below.
"""

from __future__ import annotations

import math

import numpy as np
import pedalboard
from numpy.typing import NDArray

from jobs.pipeline.effects.blocks import BAND_FREQUENCIES_HZ, band_name
from jobs.pipeline.effects.parameters import Values
from jobs.pipeline.effects.plugin import start_plugin
from jobs.pipeline.signal.samples import Processor

# Of an equalizer's bands. Above this share of the sample rate there is no room left for one.
_HIGHEST_SHARE = 0.45

_SHELF_Q = math.sqrt(0.5)
# Wide enough that equal sliders leave no dents between the bands (a Q of 1).
_BAND_WIDTH_OCTAVES = 2.0 * math.asinh(0.5) / math.log(2.0)
_NUM_REFINEMENTS = 6


def start_high_pass(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    plugin = pedalboard.HighpassFilter(parameters["cutoff_hz"])
    return start_plugin(plugin, sample_rate_hz, num_channels)


def start_low_pass(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    # A capture may run at a rate that has no such frequencies: then there is nothing to cut.
    cutoff_hz = min(parameters["cutoff_hz"], 0.49 * sample_rate_hz)
    return start_plugin(pedalboard.LowpassFilter(cutoff_hz), sample_rate_hz, num_channels)


def start_parametric(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
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


def start_graphic(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    frequencies_hz = [
        frequency_hz
        for frequency_hz in BAND_FREQUENCIES_HZ
        if frequency_hz <= _HIGHEST_SHARE * sample_rate_hz
    ]
    wanted_db = np.array([parameters[band_name(each)] for each in frequencies_hz])
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

    Each filter is heard in its neighbors' bands too: ten sliders at +12 dB would make +20 dB.
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
