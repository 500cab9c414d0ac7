"""Processors of pedalboard as stages."""

from __future__ import annotations

import numpy as np
import pedalboard

from jobs.pipeline.audio.signal import EvenBlocks, FloatArray, Stage, empty

_BLOCK_FRAMES = 4096


def start_plugin(
    plugin: pedalboard.Plugin,
    sample_rate_hz: float,
    num_channels: int,
    *,
    mix_pct: float = 100.0,
) -> Stage:
    """A stage for one signal, with a plugin of its own that is used for nothing else.

    ``mix_pct``: how much of the plugin's output there is beside what went in, added up linearly;
    at 0 the signal passes to the bit. The plugin hears even blocks: pedalboard guesses from the
    shape of an array which of its axes are the channels, and takes two channels of one frame for
    two frames of one.
    """
    return start_even(PluginStage(plugin, sample_rate_hz, num_channels), num_channels, mix_pct)


def start_even(stage: Stage, num_channels: int, mix_pct: float) -> Stage:
    """``stage``, which must answer each frame at once, in even blocks and beside the dry signal."""
    return EvenBlocks(_Mix(stage, mix_pct), _BLOCK_FRAMES, num_channels)


def start_delayed_plugin(
    plugin: pedalboard.Plugin, sample_rate_hz: int, num_channels: int, *, lag_s: float
) -> Stage:
    """A stage around a plugin that looks ahead by up to ``lag_s``; it answers without delay.

    pedalboard itself leaves out the first frames, before the plugin has anything to say; what the
    plugin keeps back in return is pushed out of it at the end.
    """
    inner = start_plugin(plugin, sample_rate_hz, num_channels)
    return _InStep(inner, int(np.ceil(lag_s * sample_rate_hz)) + 1, num_channels)


class PluginStage:
    """A plugin of pedalboard, which keeps its state from block to block.

    ``sample_rate_hz`` is what the plugin is told; it need not be the signal's.
    """

    def __init__(self, plugin: pedalboard.Plugin, sample_rate_hz: float, num_channels: int) -> None:
        self._plugin = plugin
        self._sample_rate_hz = sample_rate_hz
        self._num_channels = num_channels

    def process(self, block: FloatArray) -> FloatArray:
        """``(channels, n)`` to ``(channels, m)``: m is n but for plugins that look ahead."""
        return self._plugin.process(block, self._sample_rate_hz, reset=False)

    def finish(self) -> FloatArray:
        """Nothing: what a plugin still holds comes out only when it is given silence."""
        return empty(self._num_channels)


class _Mix:
    def __init__(self, stage: Stage, mix_pct: float) -> None:
        self._stage = stage
        self._wet = np.float32(mix_pct / 100.0)
        self._dry = np.float32(1.0 - mix_pct / 100.0)

    def process(self, block: FloatArray) -> FloatArray:
        if not self._wet:
            return block
        wet = self._stage.process(block)
        return self._dry * block + self._wet * wet if self._dry else wet

    def finish(self) -> FloatArray:
        return self._stage.finish()


class _InStep:
    """As many frames out as in, around a stage that keeps back up to ``lag_frames``."""

    def __init__(self, stage: Stage, lag_frames: int, num_channels: int) -> None:
        self._stage = stage
        self._silence = np.zeros((num_channels, lag_frames), dtype=np.float32)
        self._num_owed = 0

    def process(self, block: FloatArray) -> FloatArray:
        out = self._stage.process(block)
        self._num_owed += block.shape[1] - out.shape[1]
        return out

    def finish(self) -> FloatArray:
        rest = [self._stage.process(self._silence), self._stage.finish()]
        return np.concatenate(rest, axis=1)[:, : self._num_owed]
