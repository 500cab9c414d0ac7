"""The simple processors of a chain: a gain, the DC blocker, and what multiplies channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy

from jobs.pipeline.jit import sound_kernels
from jobs.pipeline.signal.samples import FloatArray, Processor, db_to_gain, empty

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
