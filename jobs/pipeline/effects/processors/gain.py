"""A clean boost or cut: every sample times 10^(gain_db/20)."""

from __future__ import annotations

import pedalboard

from jobs.pipeline.effects.blocks.schema import Values
from jobs.pipeline.effects.processors.plugin import start_plugin
from jobs.pipeline.signal.samples import Processor


def start_gain(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    return start_plugin(pedalboard.Gain(parameters["gain_db"]), sample_rate_hz, num_channels)
