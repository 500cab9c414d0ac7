"""Linear: one long impulse response. y[t] = b + Σ_k w[k]·x[t − k].

The present comes first, as in NeuralAmpModelerCore; files of the trainer up to 0.13 have it last
(its issue 696) and sound as they do in players, not as they were trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy

from jobs.pipeline.nam.convolution import WeightReader
from jobs.pipeline.nam.fields import Fields, invalid
from jobs.pipeline.nam.limits import MAX_RECEPTIVE_FIELD_FRAMES
from jobs.pipeline.nam.steps import NETWORK_BLOCK_FRAMES
from jobs.pipeline.signal.samples import FloatArray

# Above this many taps the sum is done by FFT, in double precision.
_DIRECT_TAPS: Final = 64


@dataclass(frozen=True, slots=True)
class LinearConfig:
    num_taps: int
    has_bias: bool

    @property
    def num_weights(self) -> int:
        return self.num_taps + int(self.has_bias)

    @property
    def num_outputs(self) -> int:
        return 1

    @property
    def label(self) -> str:
        return f"Linear ({self.num_taps} {'tap' if self.num_taps == 1 else 'taps'})"

    @property
    def receptive_field_frames(self) -> int:
        return self.num_taps

    @property
    def num_engine_floats(self) -> int:
        return 8 * (self.num_taps + NETWORK_BLOCK_FRAMES)

    @property
    def num_state_floats(self) -> int:
        return self.num_taps + NETWORK_BLOCK_FRAMES

    def lay_out(self, weights: FloatArray) -> LinearNetwork:
        reader = WeightReader(weights)
        taps = reader.take(self.num_taps)
        bias = reader.take(1)[0] if self.has_bias else np.float32(0.0)
        return LinearNetwork(self, taps, float(bias))


def parse_linear(config: Fields) -> LinearConfig:
    """Read a Linear ``config``. Raises ``PipelineError`` NAM_INVALID."""
    for key in ("in_channels", "out_channels"):
        if config.integer(key, 1, 64, default=1) != 1:
            invalid(config.path(key), "1: GTS runs mono captures only")
    return LinearConfig(
        num_taps=config.integer("receptive_field", 1, MAX_RECEPTIVE_FIELD_FRAMES),
        has_bias=config.boolean("bias"),
    )


class LinearNetwork:
    def __init__(self, config: LinearConfig, taps: FloatArray, bias: float) -> None:
        self.label = config.label
        self.weight_count = config.num_weights
        self.receptive_field_frames = config.receptive_field_frames
        self.taps = taps
        self.bias = bias
        self.fft_size = scipy.fft.next_fast_len(
            config.num_taps - 1 + NETWORK_BLOCK_FRAMES, real=True
        )
        self.spectrum = scipy.fft.rfft(taps.astype(np.float64), self.fft_size)

    def start(self) -> LinearRunner:
        return LinearRunner(self)


class LinearRunner:
    def __init__(self, network: LinearNetwork) -> None:
        self._network = network
        self._past = np.zeros(len(network.taps) - 1, np.float32)

    def process(self, block: FloatArray) -> FloatArray:
        """(1, n) to (1, n)."""
        wet = np.empty(block.shape, np.float32)
        for start in range(0, block.shape[1], NETWORK_BLOCK_FRAMES):
            end = start + NETWORK_BLOCK_FRAMES
            wet[0, start:end] = self._filtered(block[0, start:end])
        return wet

    def _filtered(self, source: FloatArray) -> FloatArray:
        network = self._network
        lookback = len(self._past)
        signal = np.concatenate([self._past, source])
        if len(network.taps) <= _DIRECT_TAPS:
            wet = np.convolve(signal, network.taps, "valid")
        else:
            # Overlap-save: what wraps around falls on the past, which is thrown away.
            spectrum = scipy.fft.rfft(signal.astype(np.float64), network.fft_size)
            wet = scipy.fft.irfft(spectrum * network.spectrum, network.fft_size)
            wet = wet[lookback : len(signal)]
        self._past = signal[len(signal) - lookback :]
        return (wet + network.bias).astype(np.float32)
