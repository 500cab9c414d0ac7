"""Chorus, phaser and flanger: something in them swings as a sine, alike in all channels.

Each swing begins with the signal, so the same recipe gives the same samples.
"""

from __future__ import annotations

import pedalboard

from jobs.pipeline.audio.blocks.plugin import start_plugin
from jobs.pipeline.audio.blocks.schema import (
    BlockType,
    Parameter,
    Values,
    mix_pct,
    repeating_tail_s,
)
from jobs.pipeline.audio.signal import Stage

# The plugin's delay is never under 1 ms, and swings by 10 ms to either side at full depth.
_CHORUS_MIN_DELAY_MS = 1.0
_CHORUS_SWING_MS = 10.0

# A flanger is a chorus with delays too short for the plugin. Told a quarter of the sample rate,
# it takes a millisecond for four times as long as it is: all of its times become a quarter.
_FLANGER_SCALE = 4
_FLANGER_MIN_DELAY_MS = _CHORUS_MIN_DELAY_MS / _FLANGER_SCALE
_FLANGER_SWING_MS = _CHORUS_SWING_MS / _FLANGER_SCALE


def _start_chorus(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    """The delay swings around its centre by 10 ms · depth, and stays above 1 ms."""
    depth = parameters["depth_pct"] / 100.0
    return _swinging_delay(parameters, sample_rate_hz, num_channels, scale=1, depth=depth)


def _start_flanger(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    """The delay swings around its centre: at full depth down to 0.25 ms, and by 2.5 ms at most."""
    room_ms = parameters["centre_delay_ms"] - _FLANGER_MIN_DELAY_MS
    swing_ms = min(_FLANGER_SWING_MS, room_ms)
    depth = parameters["depth_pct"] / 100.0 * swing_ms / _FLANGER_SWING_MS
    return _swinging_delay(
        parameters, sample_rate_hz, num_channels, scale=_FLANGER_SCALE, depth=depth
    )


def _swinging_delay(
    parameters: Values, sample_rate_hz: int, num_channels: int, *, scale: int, depth: float
) -> Stage:
    """The plugin's chorus with all of its times divided by ``scale``; ``depth``: 0..1."""
    plugin = pedalboard.Chorus(
        rate_hz=parameters["rate_hz"] / scale,
        depth=depth,
        centre_delay_ms=parameters["centre_delay_ms"] * scale,
        feedback=parameters["feedback_pct"] / 100.0,
        mix=1.0,
    )
    return start_plugin(plugin, sample_rate_hz / scale, num_channels, mix_pct=parameters["mix_pct"])


def _start_phaser(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    """Six all-passes whose corner swings around the centre, evenly in octaves."""
    plugin = pedalboard.Phaser(
        rate_hz=parameters["rate_hz"],
        depth=parameters["depth_pct"] / 100.0,
        centre_frequency_hz=min(parameters["centre_freq_hz"], 0.45 * sample_rate_hz),
        feedback=parameters["feedback_pct"] / 100.0,
        mix=1.0,
    )
    return start_plugin(plugin, sample_rate_hz, num_channels, mix_pct=parameters["mix_pct"])


def _chorus_tail_s(parameters: Values) -> float:
    swing_ms = _CHORUS_SWING_MS * parameters["depth_pct"] / 100.0
    longest_ms = parameters["centre_delay_ms"] + swing_ms
    return repeating_tail_s(longest_ms / 1000.0, parameters["feedback_pct"] / 100.0)


def _flanger_tail_s(parameters: Values) -> float:
    longest_ms = parameters["centre_delay_ms"] + _FLANGER_SWING_MS
    return repeating_tail_s(longest_ms / 1000.0, parameters["feedback_pct"] / 100.0)


def _phaser_tail_s(parameters: Values) -> float:
    """Six all-passes at the lowest corner, 20 Hz, answer within 50 ms; feedback repeats that."""
    return repeating_tail_s(0.05, parameters["feedback_pct"] / 100.0)


def _rate(minimum: float, maximum: float, default: float) -> Parameter:
    return Parameter("rate_hz", "Rate", "Hz", minimum, maximum, default)


def _depth(default: float) -> Parameter:
    return Parameter("depth_pct", "Depth", "%", 0.0, 100.0, default)


def _feedback(default: float) -> Parameter:
    return Parameter("feedback_pct", "Feedback", "%", 0.0, 95.0, default)


CHORUS = BlockType(
    name="chorus",
    title="Chorus",
    parameters=(
        _rate(0.1, 10.0, 1.0),
        _depth(25.0),
        _feedback(0.0),
        Parameter("centre_delay_ms", "Centre delay", "ms", 1.0, 20.0, 7.0),
        mix_pct(50.0),
    ),
    start=_start_chorus,
    tail_s=_chorus_tail_s,
    is_modulated=True,
)
PHASER = BlockType(
    name="phaser",
    title="Phaser",
    parameters=(
        _rate(0.1, 10.0, 1.0),
        _depth(25.0),
        _feedback(0.0),
        Parameter("centre_freq_hz", "Centre frequency", "Hz", 200.0, 5000.0, 1300.0),
        mix_pct(50.0),
    ),
    start=_start_phaser,
    tail_s=_phaser_tail_s,
    is_modulated=True,
)
FLANGER = BlockType(
    name="flanger",
    title="Flanger",
    parameters=(
        _rate(0.05, 5.0, 0.3),
        _depth(50.0),
        _feedback(50.0),
        Parameter("centre_delay_ms", "Centre delay", "ms", 0.5, 5.0, 2.0),
        mix_pct(50.0),
    ),
    start=_start_flanger,
    tail_s=_flanger_tail_s,
    is_modulated=True,
)
