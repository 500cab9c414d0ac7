"""A signal through the processors of a chain, in bounded memory; and the simplest of them.

What stands before and after a signal is silence, which behind a capture may be any constant: the
DC offset of the signal. A chain gets that constant until it has settled, then the signal, then the
constant again until its tail is over; what comes out is a signal with a DC offset of its own. So a
chain may be cut anywhere, and each piece be computed by itself.

Every processor answers without delay: latency is compensated inside those that have any
(resamplers, cabinets), so a chain's output is in step with its input.

The processors here are a gain, the DC blocker, and what multiplies channels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.jit import sound_kernels
from jobs.pipeline.signal.samples import (
    CHUNK_FRAMES,
    FloatArray,
    Processor,
    Resampler,
    db_to_gain,
    empty,
    num_frames_at,
)

MAX_TAIL_S = 4.0

# No chain gets more silence than this before its signal. One with something that swings by itself
# gets all of it, so that the swings of all contenders stand at the same point.
MAX_SETTLING_MS = 5_000

# Beyond what the blocks say: for the ringing of the resamplers on both sides of a signal.
_RINGING_S = 0.020

# A signal that moves by less than this is silence, whatever constant it stands on.
_SILENCE_GAIN = db_to_gain(-120.0)

# A chain that is silent or breaks under a probe may still sound with the DI, or fail there.
_SAYS_NOTHING = ("BLOCK_SILENT", "BLOCK_NOT_FINITE")

DC_BLOCKER_HZ = 5.0
_UNROLLED_FRAMES = 8

# In this time the DC blocker falls by far more than 90 dB.
DC_BLOCKER_SETTLING_S = 0.5


class GainProcessor:
    """Multiplies by a constant."""

    def __init__(self, gain_db: float, num_channels: int) -> None:
        self._gain = np.float32(db_to_gain(gain_db))
        self._num_channels = num_channels

    def process(self, chunk: FloatArray) -> FloatArray:
        return chunk * self._gain

    def finish(self) -> FloatArray:
        return empty(self._num_channels)


class DCBlocker:
    """First-order Butterworth high-pass at 5 Hz: 0.26 dB at 20 Hz, 0.02 dB at 82 Hz (low E)."""

    def __init__(self, sample_rate_hz: int, num_channels: int) -> None:
        self._num_channels = num_channels
        self._filters = [_HighPass(sample_rate_hz) for _ in range(num_channels)]

    def process(self, chunk: FloatArray) -> FloatArray:
        if chunk.shape[1] == 0:
            return chunk
        outputs = [each.process(x) for each, x in zip(self._filters, chunk, strict=True)]
        return np.stack(outputs)

    def finish(self) -> FloatArray:
        return empty(self._num_channels)


class _HighPass:
    """One channel through y[n] = g·(x[n] − x[n−1]) + p·y[n−1], unrolled over eight frames:

    y[n] = Σ_k g·p^k·(x[n−k] − x[n−k−1]) + p⁸·y[n−8], k from 0 to 7. In float64, each operation
    rounded by itself, so compiled and not it gives the same bits.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        # H(s) = s/(s + ω) through the bilinear transform, ω prewarped.
        warped = math.tan(math.pi * DC_BLOCKER_HZ / sample_rate_hz)
        gain, pole = 1.0 / (1.0 + warped), (1.0 - warped) / (1.0 + warped)
        self._factors = np.array([gain * pole**k for k in range(_UNROLLED_FRAMES)])
        self._decay = pole**_UNROLLED_FRAMES
        self._x_history = np.zeros(_UNROLLED_FRAMES, np.float32)
        self._y_history = np.zeros(_UNROLLED_FRAMES)

    def process(self, x: FloatArray) -> FloatArray:
        """(n,) to (n,)."""
        samples = np.concatenate([self._x_history, x])
        self._x_history = samples[len(x) :].copy()
        kernels = sound_kernels()
        if kernels is not None:
            return kernels.high_pass(samples, self._factors, self._decay, self._y_history)
        rises = np.diff(samples.astype(np.float64))
        total = self._factors[0] * rises[-len(x) :]
        for k in range(1, _UNROLLED_FRAMES):
            total += self._factors[k] * rises[_UNROLLED_FRAMES - 1 - k : len(rises) - k]
        recursion = np.zeros(_UNROLLED_FRAMES + 1)
        recursion[0], recursion[-1] = 1.0, -self._decay
        out, _ = scipy.signal.lfilter([1.0], recursion, total, zi=self._decay * self._y_history)
        self._y_history = np.concatenate([self._y_history, out])[-_UNROLLED_FRAMES:]
        return np.asarray(out, dtype=np.float32)


class PerChannel:
    """As many processors of one channel as there are channels, each as it would be alone."""

    def __init__(self, processors: Sequence[Processor]) -> None:
        self._processors = processors

    def process(self, chunk: FloatArray) -> FloatArray:
        outputs = [
            processor.process(chunk[channel : channel + 1])
            for channel, processor in enumerate(self._processors)
        ]
        return np.concatenate(outputs, axis=0)

    def finish(self) -> FloatArray:
        return np.concatenate([processor.finish() for processor in self._processors], axis=0)


class MonoToStereo:
    """The one channel there is, twice."""

    def process(self, chunk: FloatArray) -> FloatArray:
        return np.repeat(chunk, 2, axis=0)

    def finish(self) -> FloatArray:
        return empty(2)


@dataclass(frozen=True, slots=True)
class Signal:
    """``chunks`` reads it from its beginning: ``(channels, n)`` each, ``num_frames`` in all.

    ``dc_offset``: ``(channels, 1)``, the constant before and after it.
    """

    sample_rate_hz: int
    num_frames: int
    dc_offset: FloatArray
    chunks: Callable[[], Iterator[FloatArray]]

    @classmethod
    def of(cls, samples: FloatArray, sample_rate_hz: int) -> Signal:
        """Samples at hand, between two silences."""
        dc_offset = np.zeros((samples.shape[0], 1), dtype=np.float32)
        return cls(sample_rate_hz, samples.shape[1], dc_offset, lambda: iter([samples]))

    @property
    def num_channels(self) -> int:
        return len(self.dc_offset)

    def samples(self) -> FloatArray:
        """All of a short signal at once: ``(channels, n)``."""
        return np.concatenate([empty(self.num_channels), *self.chunks()], axis=1)


class Chain:
    """Processors in order for one signal, which uses them up.

    ``sample_rate_hz``, ``num_channels``: of what comes out. ``tail_s``: how long the blocks sound
    on after the signal, at most. ``is_still``: silence in is silence out from the first frame on.
    ``is_modulated``: something swings by itself. ``dc_offset``: of what comes out; known once the
    first chunk is there.
    """

    def __init__(self, signal: Signal) -> None:
        self.sample_rate_hz = signal.sample_rate_hz
        self.num_channels = signal.num_channels
        self.tail_s = 0.0
        self.max_settling_ms = MAX_SETTLING_MS
        self.is_still = True
        self.is_modulated = False
        self.dc_offset: FloatArray = np.zeros((0, 1), dtype=np.float32)
        self._signal = signal
        self._rates_hz = {signal.sample_rate_hz}
        self._processors: list[_Monitored] = []

    def append(self, name: str, processor: Processor, tail_s: float = 0.0) -> None:
        """``name``: what errors call it."""
        self._processors.append(_Monitored(name, processor))
        self.tail_s += tail_s

    def resample(self, to_rate_hz: int) -> None:
        """At this rate from here on."""
        if to_rate_hz != self.sample_rate_hz:
            resampler = Resampler(self.sample_rate_hz, to_rate_hz, self.num_channels)
            self.append("the resampler", resampler)
            self.sample_rate_hz = to_rate_hz
            self._rates_hz.add(to_rate_hz)

    def play(self, progress: Progress = no_progress) -> Iterator[FloatArray]:
        """What comes out from the signal's first frame on, ``(num_channels, n)``, with its tail.

        What a processor still gives when its input ends is no part of it: to a cabinet the end of
        a constant that is not zero is a step. ``progress`` is called between chunks. Raises
        ``BLOCK_NOT_FINITE`` and, at the end, ``BLOCK_SILENT``.
        """
        signal = self._signal
        tail_s = min(self.tail_s + _RINGING_S, MAX_TAIL_S)
        settling_ms = self._settling_ms()
        num_settling = settling_ms * signal.sample_rate_hz // 1000
        num_tail = math.ceil(tail_s * signal.sample_rate_hz)
        num_to_feed = num_settling + signal.num_frames + num_tail
        num_fed = 0
        to_drop = settling_ms * self.sample_rate_hz // 1000
        to_yield = num_frames_at(self.sample_rate_hz, signal.num_frames, signal.sample_rate_hz)
        to_yield += math.ceil(tail_s * self.sample_rate_hz)
        self.dc_offset = np.zeros((self.num_channels, 1), dtype=np.float32)
        # Not at the very edge, where a resampler already rings of what is to come.
        to_dc_offset = to_drop - round(_RINGING_S * self.sample_rate_hz)

        for chunk in self._fed(num_settling, num_tail):
            out = self._finish() if chunk is None else self._process(chunk)
            num_fed += 0 if chunk is None else chunk.shape[1]
            progress(min(1.0, num_fed / num_to_feed) if num_to_feed else 1.0)
            if to_drop:
                if 0 < to_dc_offset <= out.shape[1]:
                    self.dc_offset = out[:, to_dc_offset - 1 : to_dc_offset].copy()
                to_dc_offset -= out.shape[1]
                num_dropped = min(to_drop, out.shape[1])
                to_drop -= num_dropped
                out = out[:, num_dropped:]
            out = out[:, :to_yield]
            to_yield -= out.shape[1]
            if out.shape[1]:
                yield out
        progress(1.0)

    def probe(self, progress: Progress = no_progress) -> Signal | None:
        """All that comes out of a short signal; ``None`` when nothing that could be measured."""
        try:
            chunks = list(self.play(progress))
        except PipelineError as error:
            if error.code not in _SAYS_NOTHING:
                raise
            return None
        num_frames = sum(chunk.shape[1] for chunk in chunks)
        return Signal(self.sample_rate_hz, num_frames, self.dc_offset, lambda: iter(chunks))

    def _settling_ms(self) -> int:
        """In steps that are a whole number of frames at every rate on the way."""
        if self.is_still and not self._signal.dc_offset.any():
            return 0
        if self.is_modulated:
            return MAX_SETTLING_MS
        step_ms = 100 if all(rate_hz % 10 == 0 for rate_hz in self._rates_hz) else 1000
        wanted_ms = 1000.0 * (self.tail_s + 2.0 * _RINGING_S)
        return min(step_ms * math.ceil(wanted_ms / step_ms), self.max_settling_ms)

    def _fed(self, num_settling: int, num_tail: int) -> Iterator[FloatArray | None]:
        """The signal between its constants; ``None`` when there is no more."""
        yield from self._constant(num_settling)
        for processor in self._processors:
            processor.start()
        yield from self._signal.chunks()
        yield from self._constant(num_tail)
        yield None

    def _constant(self, num_frames: int) -> Iterator[FloatArray]:
        for start in range(0, num_frames, CHUNK_FRAMES):
            yield np.repeat(self._signal.dc_offset, min(CHUNK_FRAMES, num_frames - start), axis=1)

    def _process(self, chunk: FloatArray, first: int = 0) -> FloatArray:
        """Through the processors from the ``first`` on."""
        # Overflow is looked for behind every processor; NumPy need not warn of it as well.
        with np.errstate(all="ignore"):
            for processor in self._processors[first:]:
                chunk = processor.process(chunk)
        return chunk

    def _finish(self) -> FloatArray:
        """What is still inside."""
        outputs = [
            self._process(processor.finish(), number + 1)
            for number, processor in enumerate(self._processors)
        ]
        for processor in self._processors:
            processor.refuse_silence()
        return np.concatenate(outputs, axis=1)


class _Monitored:
    """A processor with a name; what comes out of it is looked at."""

    def __init__(self, name: str, processor: Processor) -> None:
        self._name = name
        self._processor = processor
        self.start()

    def start(self) -> None:
        """What came out until now was silence and does not count as sound."""
        self._lowest = np.inf
        self._highest = -np.inf

    def process(self, chunk: FloatArray) -> FloatArray:
        return self._checked(self._processor.process(chunk))

    def finish(self) -> FloatArray:
        return self._checked(self._processor.finish())

    def refuse_silence(self) -> None:
        """Raises ``BLOCK_SILENT`` when nothing but a constant has come out."""
        if self._highest - self._lowest < 2.0 * _SILENCE_GAIN:
            raise PipelineError("BLOCK_SILENT", f"Nothing but silence comes out of {self._name}.")

    def _checked(self, out: FloatArray) -> FloatArray:
        if out.size:
            # A value that is no number makes both of them no number.
            lowest, highest = float(out.min()), float(out.max())
            if not np.isfinite(highest - lowest):
                raise PipelineError(
                    "BLOCK_NOT_FINITE",
                    f"What comes out of {self._name} is no longer sound (NaN or infinity).",
                )
            self._lowest = min(self._lowest, lowest)
            self._highest = max(self._highest, highest)
        return out
