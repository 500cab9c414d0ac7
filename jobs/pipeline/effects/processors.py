"""The built-in processors as they sound, each by the name that it has in ``blocks``.

Levels are decibels relative to full scale. Noise gate, compressor and limiter judge each of two
channels by itself; gate and compressor have pedalboard's envelopes (JUCE's ballistics filter),
whose times are what their parameters say. What swings in a chorus, a phaser or a flanger swings
as a sine, alike in all channels, and begins with the signal: the same recipe gives the same
samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pedalboard

from jobs.pipeline.effects.blocks import FLANGER_SWING_MS, block_type
from jobs.pipeline.effects.filters import (
    start_graphic,
    start_high_pass,
    start_low_pass,
    start_parametric,
)
from jobs.pipeline.effects.parameters import Values
from jobs.pipeline.effects.plugin import (
    PluginProcessor,
    start_delayed_plugin,
    start_even,
    start_plugin,
)
from jobs.pipeline.signal.samples import FloatArray, Processor, empty

# Takes complete parameters, the sample rate in Hz, and the number of channels, which stays.
StartProcessor: TypeAlias = Callable[[Values, int, int], Processor]

# How far the limiter looks ahead: peaks are turned down before they come, not bent.
_LIMITER_LOOKAHEAD_MS = 5.0

# The chorus plugin's delay is never under 1 ms.
_CHORUS_MIN_DELAY_MS = 1.0

# A flanger is a chorus with delays too short for the plugin. Told a quarter of the sample rate,
# it takes a millisecond for four times as long as it is: all of its times become a quarter.
_FLANGER_SCALE = 4
_FLANGER_MIN_DELAY_MS = _CHORUS_MIN_DELAY_MS / _FLANGER_SCALE

# The wet level of JUCE's Reverb (Freeverb) is three times what is set.
_REVERB_UNITY_WET_LEVEL = 1.0 / 3.0


def start_gain(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """Every sample times 10^(gain_db/20)."""
    return start_plugin(pedalboard.Gain(parameters["gain_db"]), sample_rate_hz, num_channels)


def _envelope(parameters: Values) -> dict[str, float]:
    """What a gate and a compressor are both told, by the plugins' own names."""
    names = ("threshold_db", "ratio", "attack_ms", "release_ms")
    return {name: parameters[name] for name in names}


def start_noise_gate(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """A level L (RMS) below the threshold T leaves at T + (L − T)·ratio."""
    plugin = pedalboard.NoiseGate(**_envelope(parameters))
    return start_plugin(plugin, sample_rate_hz, num_channels)


def start_compressor(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """A peak level L above the threshold T leaves at T + (L − T)/ratio, plus the make-up gain.

    The envelope comes within e^(−2π), 0.2 %, of its goal in the attack or release time.
    """
    compressor = pedalboard.Compressor(**_envelope(parameters))
    plugin = pedalboard.Chain([compressor, pedalboard.Gain(parameters["makeup_db"])])
    return start_plugin(plugin, sample_rate_hz, num_channels)


def start_limiter(parameters: Values, sample_rate_hz: int, num_channels: int) -> Processor:
    """No sample leaves above the threshold; what stays below passes as it is.

    Not pedalboard's ``Limiter``, which makes everything louder and clips at full scale.
    """
    plugin = pedalboard.BrickwallLimiter(
        ceiling_db=parameters["threshold_db"],
        release_ms=parameters["release_ms"],
        lookahead_ms=_LIMITER_LOOKAHEAD_MS,
    )
    return start_delayed_plugin(
        plugin, sample_rate_hz, num_channels, lag_s=_LIMITER_LOOKAHEAD_MS / 1000.0
    )


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
        wet_level=_REVERB_UNITY_WET_LEVEL,
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


STARTS: dict[str, StartProcessor] = {
    "gain": start_gain,
    "noise_gate": start_noise_gate,
    "compressor": start_compressor,
    "limiter": start_limiter,
    "parametric_eq": start_parametric,
    "graphic_eq": start_graphic,
    "high_pass": start_high_pass,
    "low_pass": start_low_pass,
    "chorus": start_chorus,
    "phaser": start_phaser,
    "flanger": start_flanger,
    "delay": start_delay,
    "reverb": start_reverb,
}


def start_processor(
    processor: str, parameters: Values, sample_rate_hz: int, num_channels: int
) -> Processor:
    """A processor for one signal. ``parameters``: complete, as ``validate_parameters`` gives them.

    Raises ``BLOCK_UNKNOWN`` for a processor that does not exist.
    """
    return STARTS[block_type(processor).name](parameters, sample_rate_hz, num_channels)
