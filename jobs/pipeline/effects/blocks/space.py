"""Delay and reverb."""

from __future__ import annotations

from jobs.pipeline.effects.blocks.schema import (
    NOT_BEFORE_AMP,
    BlockType,
    Parameter,
    Values,
    mix_pct,
    repeating_tail_s,
)

# JUCE's Reverb (Freeverb) feeds its combs back by 0.7 … 0.98; the longest takes 1,617 frames at
# 44.1 kHz and is 23 frames longer in the second channel.
_LEAST_FEEDBACK, _FEEDBACK_RANGE = 0.7, 0.28
_LONGEST_COMB_S = (1617 + 23) / 44_100


def _delay_tail_s(parameters: Values) -> float:
    if not parameters["mix_pct"]:
        return 0.0
    return repeating_tail_s(parameters["time_ms"] / 1000.0, parameters["feedback_pct"] / 100.0)


def _reverb_tail_s(parameters: Values) -> float:
    if not parameters["mix_pct"]:
        return 0.0
    feedback = _LEAST_FEEDBACK + _FEEDBACK_RANGE * parameters["size_pct"] / 100.0
    # The all-passes behind the combs smear by less than two of their rounds.
    return repeating_tail_s(_LONGEST_COMB_S, feedback, num_rounds_after=1)


def _has_width(parameters: Values) -> bool:
    return parameters["width_pct"] > 0.0 and parameters["mix_pct"] > 0.0


DELAY = BlockType(
    name="delay",
    title="Delay",
    parameters=(
        Parameter("time_ms", "Time", "ms", 1.0, 2000.0, 375.0),
        Parameter("feedback_pct", "Feedback", "%", 0.0, 95.0, 30.0),
        mix_pct(30.0),
    ),
    places=NOT_BEFORE_AMP,
    tail_s=_delay_tail_s,
)
REVERB = BlockType(
    name="reverb",
    title="Reverb",
    parameters=(
        Parameter("size_pct", "Size", "%", 0.0, 100.0, 50.0),
        Parameter("damping_pct", "Damping", "%", 0.0, 100.0, 50.0),
        Parameter("width_pct", "Width", "%", 0.0, 100.0, 100.0),
        mix_pct(20.0),
    ),
    places=NOT_BEFORE_AMP,
    tail_s=_reverb_tail_s,
    is_stereo=_has_width,
)
