"""High-pass and low-pass, 6 dB per octave.

First-order Butterworth filters through the bilinear transform, H(s) = s/(s + ω) and ω/(s + ω) with
ω prewarped to the cutoff, which is where they have lost 3.01 dB (JUCE's, in pedalboard).
"""

from __future__ import annotations

import pedalboard

from jobs.pipeline.audio.blocks.plugin import start_plugin
from jobs.pipeline.audio.blocks.schema import BlockType, Parameter, Values
from jobs.pipeline.audio.signal import Stage


def _ringing_s(_parameters: Values) -> float:
    """The lowest cutoff, 20 Hz, rings down by 90 dB in under a tenth of a second."""
    return 0.1


def _start_high_pass(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    plugin = pedalboard.HighpassFilter(parameters["cutoff_hz"])
    return start_plugin(plugin, sample_rate_hz, num_channels)


def _start_low_pass(parameters: Values, sample_rate_hz: int, num_channels: int) -> Stage:
    # A capture may run at a rate that has no such frequencies: then there is nothing to cut.
    cutoff_hz = min(parameters["cutoff_hz"], 0.49 * sample_rate_hz)
    return start_plugin(pedalboard.LowpassFilter(cutoff_hz), sample_rate_hz, num_channels)


HIGH_PASS = BlockType(
    name="high_pass",
    title="High-pass",
    parameters=(Parameter("cutoff_hz", "Cutoff", "Hz", 20.0, 2000.0, 80.0),),
    start=_start_high_pass,
    tail_s=_ringing_s,
)
LOW_PASS = BlockType(
    name="low_pass",
    title="Low-pass",
    parameters=(Parameter("cutoff_hz", "Cutoff", "Hz", 1000.0, 20_000.0, 12_000.0),),
    start=_start_low_pass,
    tail_s=_ringing_s,
)
