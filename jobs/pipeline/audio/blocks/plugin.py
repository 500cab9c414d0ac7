"""Processors of pedalboard as stages."""

from __future__ import annotations

import pedalboard

from jobs.pipeline.audio.signal import EvenBlocks, FloatArray, Stage, empty

_BLOCK_FRAMES = 4096


def start_plugin(plugin: pedalboard.Plugin, sample_rate_hz: int, num_channels: int) -> Stage:
    """A stage for one signal, with a plugin of its own that is used for nothing else.

    The plugin hears even blocks: pedalboard guesses from the shape of an array which of its axes
    are the channels, and takes two channels of one frame for two frames of one.
    """
    return EvenBlocks(
        _PluginStage(plugin, sample_rate_hz, num_channels), _BLOCK_FRAMES, num_channels
    )


class _PluginStage:
    def __init__(self, plugin: pedalboard.Plugin, sample_rate_hz: int, num_channels: int) -> None:
        self._plugin = plugin
        self._sample_rate_hz = sample_rate_hz
        self._num_channels = num_channels

    def process(self, block: FloatArray) -> FloatArray:
        return self._plugin.process(block, self._sample_rate_hz, reset=False)

    def finish(self) -> FloatArray:
        return empty(self._num_channels)
