"""A clean boost or cut: every sample times 10^(gain_db/20)."""

from __future__ import annotations

import pedalboard

from jobs.pipeline.audio.blocks.plugin import start_plugin
from jobs.pipeline.audio.blocks.schema import BlockType, Parameter, Values
from jobs.pipeline.audio.signal import Stage


def _start(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    return start_plugin(pedalboard.Gain(parameters["gain_db"]), sample_rate_hz, num_channels)


GAIN = BlockType(
    name="gain",
    title="Gain",
    parameters=(Parameter("gain_db", "Gain", "dB", -24.0, 24.0, 0.0),),
    start=_start,
)
