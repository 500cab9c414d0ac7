"""Which channel of a DI goes into the amp: where the signal is.

A recipe says what was done (``ChannelRule``); people may also leave it to us (``auto``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from jobs.pipeline.measure.di_facts import ChannelLayout, ChannelLevels
from jobs.pipeline.measure.input_level import InputLevelMeter
from jobs.pipeline.recipe import ChannelRule
from jobs.pipeline.signal.decode import AudioFile
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.signal.trim import WHOLE, Trim
from jobs.pipeline.signal.trimmed import trimmed_blocks
from jobs.pipeline.step_times import timed_items

# A channel this far below the other holds bleed, noise or nothing.
EMPTY_CHANNEL_DB = -40.0
# Channels that are each other's mirror image lose this much when they are mixed.
_CANCEL_DB = -6.0
_CANCEL_CORRELATION = -0.5


def to_mono(chunk: FloatArray, channel_rule: ChannelRule) -> FloatArray:
    """One channel ``(1, n)`` of one or two. Identical channels pass unchanged, whatever the rule:
    half the sum of two equal numbers is exact.
    """
    if chunk.shape[0] == 1:
        return chunk
    match channel_rule:
        case "left":
            return chunk[:1]
        case "right":
            return chunk[1:2]
        case "mix":
            return (chunk[:1] + chunk[1:2]) * np.float32(0.5)


@timed_items("decode_stage")
def mono_blocks(
    audio: AudioFile, channel_rule: ChannelRule, trim: Trim = WHOLE
) -> Iterator[FloatArray]:
    """Decode a file, or a part of it, as one channel, blocks ``(1, n)``."""
    for block in trimmed_blocks(audio, trim):
        yield to_mono(block, channel_rule)


class ChannelMeter:
    """Measures a stream of one or two channels and every way to make one of them."""

    def __init__(self, sample_rate_hz: int, num_channels: int) -> None:
        self._is_mono = num_channels == 1
        rules: tuple[ChannelRule, ...] = ("mix",) if self._is_mono else ("left", "right", "mix")
        self._meters = {rule: InputLevelMeter(sample_rate_hz) for rule in rules}
        self._is_identical = True

    def push(self, chunk: FloatArray) -> None:
        """Take ``(channels, n)``."""
        self._is_identical = self._is_identical and np.array_equal(chunk[0], chunk[-1])
        for rule, meter in self._meters.items():
            meter.push(to_mono(chunk, rule))

    def meter(self, rule: ChannelRule) -> InputLevelMeter:
        """The one that measured what the amp gets by that rule."""
        return self._meters.get(rule, self._meters["mix"])

    def result(self) -> ChannelLevels:
        """Ends the stream."""
        for meter in self._meters.values():
            meter.finish()
        left, right, mix = (self.meter(rule).power() for rule in ("left", "right", "mix"))
        correlation = 1.0 if self._is_identical else self._correlation()
        layout, rule = self._judge(left, right, mix, correlation)
        return ChannelLevels(layout, rule, _db(left), _db(right), _db(mix), correlation)

    def _correlation(self) -> float:
        """From the energies: that of the mix is a quarter of (left + right + twice the product)."""
        left, right, mix = (
            float(self._meters[rule].step_powers().sum()) for rule in ("left", "right", "mix")
        )
        if left <= 0.0 or right <= 0.0:
            return 0.0
        return max(-1.0, min(1.0, (2.0 * mix - 0.5 * (left + right)) / math.sqrt(left * right)))

    def _judge(
        self, left: float, right: float, mix: float, correlation: float
    ) -> tuple[ChannelLayout, ChannelRule]:
        if self._is_mono:
            return "mono", "mix"
        if self._is_identical:
            return "identical", "mix"
        empty = 10.0 ** (EMPTY_CHANNEL_DB / 10.0)
        if right <= left * empty:
            return "left_only", "left"
        if left <= right * empty:
            return "right_only", "right"
        cancels = mix < max(left, right) * 10.0 ** (_CANCEL_DB / 10.0)
        if correlation < _CANCEL_CORRELATION and cancels:
            # Of two that are as loud, the left one.
            return "out_of_phase", "left" if left >= 0.75 * right else "right"
        return "different", "mix"


def _db(power: float) -> float | None:
    return 10.0 * math.log10(power) if power > 0.0 else None
