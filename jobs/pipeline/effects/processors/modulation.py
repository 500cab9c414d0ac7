"""Chorus, phaser and flanger: something in them swings as a sine, alike in all channels.

Each swing begins with the signal, so the same recipe gives the same samples.
"""

from __future__ import annotations

import pedalboard

from jobs.pipeline.effects.blocks.modulation import FLANGER_SWING_MS
from jobs.pipeline.effects.blocks.schema import Values
from jobs.pipeline.effects.processors.plugin import start_plugin
from jobs.pipeline.signal.samples import Processor

# The plugin's delay is never under 1 ms.
_CHORUS_MIN_DELAY_MS = 1.0

# A flanger is a chorus with delays too short for the plugin. Told a quarter of the sample rate,
# it takes a millisecond for four times as long as it is: all of its times become a quarter.
_FLANGER_SCALE = 4
_FLANGER_MIN_DELAY_MS = _CHORUS_MIN_DELAY_MS / _FLANGER_SCALE


def start_chorus(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """The delay swings around its center by 10 ms · depth, and stays above 1 ms."""
    depth = parameters["depth_pct"] / 100.0
    return _swinging_delay(parameters, sample_rate_hz, num_channels, scale=1, depth=depth)


def start_flanger(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """The delay swings around its center: at full depth down to 0.25 ms, and by 2.5 ms at most."""
    room_ms = parameters["centre_delay_ms"] - _FLANGER_MIN_DELAY_MS
    swing_ms = min(FLANGER_SWING_MS, room_ms)
    depth = parameters["depth_pct"] / 100.0 * swing_ms / FLANGER_SWING_MS
    return _swinging_delay(
        parameters, sample_rate_hz, num_channels, scale=_FLANGER_SCALE, depth=depth
    )


def _swinging_delay(
    parameters: Values, sample_rate_hz: int, num_channels: int, *, scale: int, depth: float
) -> Processor:
    """The plugin's chorus with all of its times divided by ``scale``; ``depth``: 0..1."""
    plugin = pedalboard.Chorus(
        rate_hz=parameters["rate_hz"] / scale,
        depth=depth,
        centre_delay_ms=parameters["centre_delay_ms"] * scale,
        feedback=parameters["feedback_pct"] / 100.0,
        mix=1.0,
    )
    return start_plugin(plugin, sample_rate_hz / scale, num_channels, mix_pct=parameters["mix_pct"])


def start_phaser(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """Six all-passes whose corner swings around the center, evenly in octaves."""
    plugin = pedalboard.Phaser(
        rate_hz=parameters["rate_hz"],
        depth=parameters["depth_pct"] / 100.0,
        centre_frequency_hz=min(parameters["centre_freq_hz"], 0.45 * sample_rate_hz),
        feedback=parameters["feedback_pct"] / 100.0,
        mix=1.0,
    )
    return start_plugin(plugin, sample_rate_hz, num_channels, mix_pct=parameters["mix_pct"])
