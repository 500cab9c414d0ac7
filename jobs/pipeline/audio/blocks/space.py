"""Delay and reverb."""

from __future__ import annotations

import numpy as np
import pedalboard

from jobs.pipeline.audio.blocks.plugin import PluginStage, start_even, start_plugin
from jobs.pipeline.audio.blocks.schema import (
    NOT_BEFORE_AMP,
    BlockType,
    Parameter,
    Values,
    mix_pct,
    repeating_tail_s,
)
from jobs.pipeline.audio.signal import FloatArray, Stage, empty

# JUCE's Reverb (Freeverb) feeds its combs back by 0.7 … 0.98; the longest takes 1,617 frames at
# 44.1 kHz and is 23 frames longer in the second channel. Its wet level is three times what is set.
_LEAST_FEEDBACK, _FEEDBACK_RANGE = 0.7, 0.28
_LONGEST_COMB_S = (1617 + 23) / 44_100
_UNITY_WET_LEVEL = 1.0 / 3.0


def _start_delay(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    """Echoes after exactly the nearest whole number of frames."""
    num_frames = round(parameters["time_ms"] / 1000.0 * sample_rate_hz)
    plugin = pedalboard.Delay(
        # The plugin leaves out what follows the point.
        delay_seconds=(num_frames + 0.5) / sample_rate_hz,
        feedback=parameters["feedback_pct"] / 100.0,
        mix=1.0,
    )
    return start_plugin(plugin, sample_rate_hz, num_channels, mix_pct=parameters["mix_pct"])


def _delay_tail_s(parameters: Values) -> float:
    if not parameters["mix_pct"]:
        return 0.0
    return repeating_tail_s(parameters["time_ms"] / 1000.0, parameters["feedback_pct"] / 100.0)


def _start_reverb(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    """Both channels at once; one channel hears the middle of a reverb without width."""
    plugin = pedalboard.Reverb(
        room_size=parameters["size_pct"] / 100.0,
        damping=parameters["damping_pct"] / 100.0,
        wet_level=_UNITY_WET_LEVEL,
        dry_level=0.0,
        width=parameters["width_pct"] / 100.0 if num_channels == 2 else 0.0,
    )
    stage: Stage = PluginStage(plugin, sample_rate_hz, 2)
    if num_channels == 1:
        stage = _Middle(stage)
    return start_even(stage, num_channels, parameters["mix_pct"])


class _Middle:
    """One channel through a stage of two that does the same to both."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def process(self, block: FloatArray) -> FloatArray:
        return self._stage.process(np.repeat(block, 2, axis=0))[:1]

    def finish(self) -> FloatArray:
        return empty(1)


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
    start=_start_delay,
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
    start=_start_reverb,
    places=NOT_BEFORE_AMP,
    tail_s=_reverb_tail_s,
    is_stereo=_has_width,
)
