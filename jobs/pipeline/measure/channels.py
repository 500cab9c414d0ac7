"""How loud the playing in a DI is, and which of its channels goes into the amp.

The channel is the one where the signal is. A recipe says which was taken (``ChannelRule``); people
may also leave it to us (``auto``).

The level is that of the playing, whatever silence or constant offset is around it. It is gated as
ITU-R BS.1770 gates (blocks of 400 ms, −70 dBFS absolute, −10 dB relative), but plain RMS: no
K-weighting, one channel. Three things differ, so that neither padding nor cutting the silence
around the playing, nor a DC offset, moves the result by 0.1 dB:

- A high-pass of 10 Hz takes out DC. It starts as if the recording had always been at the mean of
  its first 10 ms, so an offset does not begin with a step.
- Blocks lie between the first and the last sounding moment. BS.1770 also counts blocks that are
  partly silence around the playing, as far as there is silence: of a 4 s riff that makes 0.35 dB.
- Blocks begin every 10 ms, not every 100 ms (97.5 % overlap): where the grid falls on a 4 s riff
  would make 0.15 dB.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.measure.di_facts import ChannelLayout, ChannelLevels
from jobs.pipeline.recipe import ChannelRule
from jobs.pipeline.signal.decode import AudioFile, trimmed_chunks
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, FloatArray, Resampler
from jobs.pipeline.signal.trim import WHOLE, Trim
from jobs.pipeline.step_times import timed_items

ABSOLUTE_GATE_DBFS = -70.0
RELATIVE_GATE_DB = -10.0
STEP_S = 0.010
_BLOCK_STEPS = 40  # 400 ms
_STEP_FRAMES = round(STEP_S * OUTPUT_SAMPLE_RATE_HZ)

# The playing begins and ends where it is this far below its loudest block. What lasts less than
# half of the median's window (a click, the step at the edge of an offset) is no playing.
_SOUNDING_DB = -30.0
_MEDIAN_STEPS = 9

_HIGH_PASS_HZ = 10.0

# A channel this far below the other holds bleed, noise or nothing.
EMPTY_CHANNEL_DB = -40.0
# Channels that are each other's mirror image lose this much when they are mixed.
_CANCEL_DB = -6.0
_CANCEL_CORRELATION = -0.5


@cache
def _high_pass() -> NDArray[np.float64]:
    sections = scipy.signal.butter(
        2, _HIGH_PASS_HZ, "highpass", fs=OUTPUT_SAMPLE_RATE_HZ, output="sos"
    )
    return np.asarray(sections)


class InputLevelMeter:
    """Measures one channel of a stream at any rate, heard at 48 kHz.

    Versions of one recording at different rates measure alike, and the result does not depend on
    how the stream is cut into chunks. Keeps one number per 10 ms.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._resampler = Resampler(sample_rate_hz, OUTPUT_SAMPLE_RATE_HZ, 1)
        self._pending = np.zeros(0, dtype=np.float64)
        self._filter: NDArray[np.float64] | None = None
        self._powers: list[NDArray[np.float64]] = []

    def push(self, chunk: FloatArray) -> None:
        """Take ``(1, n)``."""
        self._count(self._resampler.process(chunk)[0])

    def finish(self) -> None:
        """The stream has ended; what is left of the last 10 ms counts as one step."""
        self._count(self._resampler.finish()[0])
        if len(self._pending):
            self._powers.append(np.square(self._filtered(self._pending)).mean(keepdims=True))
            self._pending = self._pending[:0]

    def step_powers(self) -> NDArray[np.float64]:
        """Mean square of every 10 ms, without DC."""
        return np.concatenate([np.zeros(0), *self._powers])

    def power(self) -> float:
        """Gated mean square, 0.0 for digital silence. Call ``finish`` first."""
        return gated_power(self.step_powers())

    def _count(self, samples: NDArray[np.float32]) -> None:
        pending = np.concatenate([self._pending, samples])
        num_ready = len(pending) // _STEP_FRAMES * _STEP_FRAMES
        self._pending = pending[num_ready:]
        if num_ready:
            steps = self._filtered(pending[:num_ready]).reshape(-1, _STEP_FRAMES)
            # Not a dot product: BLAS would wake its threads for it, which costs more than the sum
            # when other segments keep the cores busy.
            self._powers.append(np.square(steps).mean(axis=1))

    def _filtered(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._filter is None:
            self._filter = scipy.signal.sosfilt_zi(_high_pass()) * samples[:_STEP_FRAMES].mean()
        filtered, self._filter = scipy.signal.sosfilt(_high_pass(), samples, zi=self._filter)
        return np.asarray(filtered)


def gated_power(steps: NDArray[np.float64]) -> float:
    """Mean square of the playing, from the mean square of every 10 ms.

    A recording below the absolute gate everywhere is measured without it.
    """
    if not len(steps) or not steps.any():
        return 0.0
    bounds = sounding_bounds(steps)
    blocks = _gating_blocks(steps[bounds[0] : bounds[1]])
    floor = 10.0 ** (ABSOLUTE_GATE_DBFS / 10.0)
    audible = blocks[blocks >= floor] if (blocks >= floor).any() else blocks
    return float(audible[audible >= audible.mean() * 10.0 ** (RELATIVE_GATE_DB / 10.0)].mean())


def sounding_bounds(
    steps: NDArray[np.float64], below_loudest_db: float = _SOUNDING_DB
) -> tuple[int, int]:
    """First and one past the last step of 10 ms that belongs to the playing."""
    threshold = _gating_blocks(steps).max() * 10.0 ** (below_loudest_db / 10.0)
    smooth = scipy.ndimage.median_filter(steps, size=_MEDIAN_STEPS, mode="nearest")
    sounding = np.flatnonzero(smooth >= threshold)
    # Nothing but clicks: then they are what is measured.
    return (int(sounding[0]), int(sounding[-1]) + 1) if len(sounding) else (0, len(steps))


def _gating_blocks(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean square of every 400 ms, beginning every 10 ms; of all, where there is less."""
    length = min(_BLOCK_STEPS, len(steps))
    sums = np.concatenate([[0.0], np.cumsum(steps)])
    powers: NDArray[np.float64] = np.maximum(sums[length:] - sums[:-length], 0.0) / length
    return powers


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
def mono_chunks(
    audio: AudioFile, channel_rule: ChannelRule, trim: Trim = WHOLE
) -> Iterator[FloatArray]:
    """Decode a file, or a part of it, as one channel, chunks ``(1, n)``."""
    for chunk in trimmed_chunks(audio, trim):
        yield to_mono(chunk, channel_rule)


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
