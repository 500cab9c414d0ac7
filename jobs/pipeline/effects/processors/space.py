"""Delay and reverb."""

from __future__ import annotations

import numpy as np
import pedalboard

from jobs.pipeline.effects.blocks.schema import Values
from jobs.pipeline.effects.processors.plugin import PluginProcessor, start_even, start_plugin
from jobs.pipeline.signal.samples import FloatArray, Processor, empty

# The wet level of JUCE's Reverb (Freeverb) is three times what is set.
_UNITY_WET_LEVEL = 1.0 / 3.0


def start_delay(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """Echoes after exactly the nearest whole number of frames."""
    num_frames = round(parameters["time_ms"] / 1000.0 * sample_rate_hz)
    plugin = pedalboard.Delay(
        # The plugin leaves out what follows the point.
        delay_seconds=(num_frames + 0.5) / sample_rate_hz,
        feedback=parameters["feedback_pct"] / 100.0,
        mix=1.0,
    )
    return start_plugin(plugin, sample_rate_hz, num_channels, mix_pct=parameters["mix_pct"])


def start_reverb(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """Both channels at once; one channel hears the middle of a reverb without width."""
    plugin = pedalboard.Reverb(
        room_size=parameters["size_pct"] / 100.0,
        damping=parameters["damping_pct"] / 100.0,
        wet_level=_UNITY_WET_LEVEL,
        dry_level=0.0,
        width=parameters["width_pct"] / 100.0 if num_channels == 2 else 0.0,
    )
    processor: Processor = PluginProcessor(plugin, sample_rate_hz, 2)
    if num_channels == 1:
        processor = _Middle(processor)
    return start_even(processor, num_channels, parameters["mix_pct"])


class _Middle:
    """One channel through a processor of two that does the same to both."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor

    def process(self, chunk: FloatArray) -> FloatArray:
        return self._processor.process(np.repeat(chunk, 2, axis=0))[:1]

    def finish(self) -> FloatArray:
        return empty(1)
