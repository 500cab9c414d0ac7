"""A clean boost or cut: every sample times 10^(gain_db/20)."""

from __future__ import annotations

import pedalboard

from jobs.pipeline.audio.blocks.schema import Values
from jobs.pipeline.audio.processors.plugin import start_plugin
from jobs.pipeline.audio.signal import Stage


def start_gain(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    return start_plugin(pedalboard.Gain(parameters["gain_db"]), sample_rate_hz, num_channels)
