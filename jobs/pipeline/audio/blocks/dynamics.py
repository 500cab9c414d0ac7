"""Noise gate, compressor and limiter. Of two channels, each is judged by itself.

Levels are decibels relative to full scale. Gate and compressor have pedalboard's envelopes (JUCE's
ballistics filter), whose times are what their parameters say.
"""

from __future__ import annotations

import pedalboard

from jobs.pipeline.audio.blocks.plugin import start_delayed_plugin, start_plugin
from jobs.pipeline.audio.blocks.schema import NOT_BEFORE_AMP, BlockType, Parameter, Values
from jobs.pipeline.audio.signal import Stage

# How far the limiter looks ahead: peaks are turned down before they come, not bent.
_LOOKAHEAD_MS = 5.0


def _envelope(parameters: Values) -> dict[str, float]:
    """What a gate and a compressor are both told, by the plugins' own names."""
    names = ("threshold_db", "ratio", "attack_ms", "release_ms")
    return {name: parameters[name] for name in names}


def _start_noise_gate(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    """A level L (RMS) below the threshold T leaves at T + (L − T)·ratio."""
    plugin = pedalboard.NoiseGate(**_envelope(parameters))
    return start_plugin(plugin, sample_rate_hz, num_channels)


def _start_compressor(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    """A peak level L above the threshold T leaves at T + (L − T)/ratio, plus the make-up gain.

    The envelope comes within e^(−2π), 0.2 %, of its goal in the attack or release time.
    """
    compressor = pedalboard.Compressor(**_envelope(parameters))
    plugin = pedalboard.Chain([compressor, pedalboard.Gain(parameters["makeup_db"])])
    return start_plugin(plugin, sample_rate_hz, num_channels)


def _start_limiter(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    """No sample leaves above the threshold; what stays below passes as it is.

    Not pedalboard's ``Limiter``, which makes everything louder and clips at full scale.
    """
    plugin = pedalboard.BrickwallLimiter(
        ceiling_db=parameters["threshold_db"],
        release_ms=parameters["release_ms"],
        lookahead_ms=_LOOKAHEAD_MS,
    )
    return start_delayed_plugin(plugin, sample_rate_hz, num_channels, lag_s=_LOOKAHEAD_MS / 1000.0)


NOISE_GATE = BlockType(
    name="noise_gate",
    title="Noise gate",
    parameters=(
        Parameter("threshold_db", "Threshold", "dB", -80.0, 0.0, -60.0),
        Parameter("ratio", "Ratio", ":1", 1.0, 20.0, 10.0),
        Parameter("attack_ms", "Attack", "ms", 0.1, 100.0, 1.0),
        Parameter("release_ms", "Release", "ms", 1.0, 1000.0, 100.0),
    ),
    start=_start_noise_gate,
)
COMPRESSOR = BlockType(
    name="compressor",
    title="Compressor",
    parameters=(
        Parameter("threshold_db", "Threshold", "dB", -60.0, 0.0, -20.0),
        Parameter("ratio", "Ratio", ":1", 1.0, 20.0, 4.0),
        Parameter("attack_ms", "Attack", "ms", 0.1, 100.0, 5.0),
        Parameter("release_ms", "Release", "ms", 1.0, 1000.0, 50.0),
        Parameter("makeup_db", "Make-up", "dB", 0.0, 24.0, 0.0),
    ),
    start=_start_compressor,
)
LIMITER = BlockType(
    name="limiter",
    title="Limiter",
    parameters=(
        Parameter("threshold_db", "Threshold", "dB", -24.0, 0.0, -1.0),
        Parameter("release_ms", "Release", "ms", 1.0, 1000.0, 100.0),
    ),
    start=_start_limiter,
    places=NOT_BEFORE_AMP,
)
