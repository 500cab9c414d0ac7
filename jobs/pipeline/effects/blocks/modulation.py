"""Chorus, phaser and flanger: something in them swings as a sine, alike in all channels."""

from __future__ import annotations

from jobs.pipeline.effects.blocks.schema import (
    BlockType,
    Parameter,
    Values,
    mix_pct,
    repeating_tail_s,
)

# At full depth, by so much to either side.
CHORUS_SWING_MS = 10.0
FLANGER_SWING_MS = 2.5


def _chorus_tail_s(parameters: Values) -> float:
    swing_ms = CHORUS_SWING_MS * parameters["depth_pct"] / 100.0
    longest_ms = parameters["centre_delay_ms"] + swing_ms
    return repeating_tail_s(longest_ms / 1000.0, parameters["feedback_pct"] / 100.0)


def _flanger_tail_s(parameters: Values) -> float:
    longest_ms = parameters["centre_delay_ms"] + FLANGER_SWING_MS
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
        Parameter("centre_delay_ms", "Center delay", "ms", 1.0, 20.0, 7.0),
        mix_pct(50.0),
    ),
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
        Parameter("centre_freq_hz", "Center frequency", "Hz", 200.0, 5000.0, 1300.0),
        mix_pct(50.0),
    ),
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
        Parameter("centre_delay_ms", "Center delay", "ms", 0.5, 5.0, 2.0),
        mix_pct(50.0),
    ),
    tail_s=_flanger_tail_s,
    is_modulated=True,
)
