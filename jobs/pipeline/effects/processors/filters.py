"""High-pass and low-pass, 6 dB per octave.

First-order Butterworth filters through the bilinear transform, H(s) = s/(s + ω) and ω/(s + ω) with
ω prewarped to the cutoff, which is where they have lost 3.01 dB (JUCE's, in pedalboard).
"""

from __future__ import annotations

import pedalboard

from jobs.pipeline.effects.blocks.schema import Values
from jobs.pipeline.effects.processors.plugin import start_plugin
from jobs.pipeline.signal.samples import Processor


def start_high_pass(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    plugin = pedalboard.HighpassFilter(parameters["cutoff_hz"])
    return start_plugin(plugin, sample_rate_hz, num_channels)


def start_low_pass(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    # A capture may run at a rate that has no such frequencies: then there is nothing to cut.
    cutoff_hz = min(parameters["cutoff_hz"], 0.49 * sample_rate_hz)
    return start_plugin(pedalboard.LowpassFilter(cutoff_hz), sample_rate_hz, num_channels)
