"""Noise gate, compressor and limiter. Of two channels, each is judged by itself.

Levels are decibels relative to full scale. Gate and compressor have pedalboard's envelopes (JUCE's
ballistics filter), whose times are what their parameters say.
"""

from __future__ import annotations

import pedalboard

from jobs.pipeline.effects.blocks.schema import Values
from jobs.pipeline.effects.processors.plugin import start_delayed_plugin, start_plugin
from jobs.pipeline.signal.samples import Processor

# How far the limiter looks ahead: peaks are turned down before they come, not bent.
_LOOKAHEAD_MS = 5.0


def _envelope(parameters: Values) -> dict[str, float]:
    """What a gate and a compressor are both told, by the plugins' own names."""
    names = ("threshold_db", "ratio", "attack_ms", "release_ms")
    return {name: parameters[name] for name in names}


def start_noise_gate(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """A level L (RMS) below the threshold T leaves at T + (L − T)·ratio."""
    plugin = pedalboard.NoiseGate(**_envelope(parameters))
    return start_plugin(plugin, sample_rate_hz, num_channels)


def start_compressor(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """A peak level L above the threshold T leaves at T + (L − T)/ratio, plus the make-up gain.

    The envelope comes within e^(−2π), 0.2 %, of its goal in the attack or release time.
    """
    compressor = pedalboard.Compressor(**_envelope(parameters))
    plugin = pedalboard.Chain([compressor, pedalboard.Gain(parameters["makeup_db"])])
    return start_plugin(plugin, sample_rate_hz, num_channels)


def start_limiter(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """No sample leaves above the threshold; what stays below passes as it is.

    Not pedalboard's ``Limiter``, which makes everything louder and clips at full scale.
    """
    plugin = pedalboard.BrickwallLimiter(
        ceiling_db=parameters["threshold_db"],
        release_ms=parameters["release_ms"],
        lookahead_ms=_LOOKAHEAD_MS,
    )
    return start_delayed_plugin(plugin, sample_rate_hz, num_channels, lag_s=_LOOKAHEAD_MS / 1000.0)
