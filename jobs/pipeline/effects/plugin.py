"""Plugins of pedalboard as processors."""

from __future__ import annotations

import numpy as np
import pedalboard

from jobs.pipeline.signal.samples import EvenChunks, FloatArray, Processor, empty

_CHUNK_FRAMES = 4096


def start_plugin(
    plugin: pedalboard.Plugin,
    sample_rate_hz: float,
    num_channels: int,
    *,
    mix_pct: float = 100.0,
) -> Processor:
    """A processor for one signal, with a plugin of its own that is used for nothing else.

    ``mix_pct``: how much of the plugin's output there is beside what went in, added up linearly;
    at 0 the signal passes to the bit. The plugin hears even chunks: pedalboard guesses from the
    shape of an array which of its axes are the channels, and takes two channels of one frame for
    two frames of one.
    """
    return start_even(PluginProcessor(plugin, sample_rate_hz, num_channels), num_channels, mix_pct)


def start_even(processor: Processor, num_channels: int, mix_pct: float) -> Processor:
    """What must answer each frame at once, in even chunks and beside the dry signal."""
    return EvenChunks(_Mix(processor, mix_pct), _CHUNK_FRAMES, num_channels)


def start_delayed_plugin(
    plugin: pedalboard.Plugin, sample_rate_hz: int, num_channels: int, *, lag_s: float
) -> Processor:
    """A processor around a plugin that looks ahead by up to ``lag_s``; it answers without delay.

    pedalboard itself leaves out the first frames, before the plugin has anything to say; what the
    plugin keeps back in return is pushed out of it at the end.
    """
    inner = start_plugin(plugin, sample_rate_hz, num_channels)
    return _InStep(inner, int(np.ceil(lag_s * sample_rate_hz)) + 1, num_channels)


class PluginProcessor:
    """A plugin of pedalboard, which keeps its state from chunk to chunk.

    ``sample_rate_hz`` is what the plugin is told; it need not be the signal's.
    """

    def __init__(self, plugin: pedalboard.Plugin, sample_rate_hz: float, num_channels: int) -> None:
        self._plugin = plugin
        self._sample_rate_hz = sample_rate_hz
        self._num_channels = num_channels

    def process(self, chunk: FloatArray) -> FloatArray:
        """``(channels, n)`` to ``(channels, m)``: m is n but for plugins that look ahead."""
        return self._plugin.process(chunk, self._sample_rate_hz, reset=False)

    def finish(self) -> FloatArray:
        """Nothing: what a plugin still holds comes out only when it is given silence."""
        return empty(self._num_channels)


class _Mix:
    def __init__(self, processor: Processor, mix_pct: float) -> None:
        self._processor = processor
        self._wet = np.float32(mix_pct / 100.0)
        self._dry = np.float32(1.0 - mix_pct / 100.0)

    def process(self, chunk: FloatArray) -> FloatArray:
        if not self._wet:
            return chunk
        wet = self._processor.process(chunk)
        return self._dry * chunk + self._wet * wet if self._dry else wet

    def finish(self) -> FloatArray:
        return self._processor.finish()


class _InStep:
    """As many frames out as in, around a processor that keeps back up to ``lag_frames``."""

    def __init__(self, processor: Processor, lag_frames: int, num_channels: int) -> None:
        self._processor = processor
        self._silence = np.zeros((num_channels, lag_frames), dtype=np.float32)
        self._num_owed = 0

    def process(self, chunk: FloatArray) -> FloatArray:
        out = self._processor.process(chunk)
        self._num_owed += chunk.shape[1] - out.shape[1]
        return out

    def finish(self) -> FloatArray:
        rest = [self._processor.process(self._silence), self._processor.finish()]
        return np.concatenate(rest, axis=1)[:, : self._num_owed]
