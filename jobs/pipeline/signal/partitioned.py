"""Convolution with long responses: uniformly partitioned, overlap-save, in float64.

A response is cut into parts of one unit (16,384 frames), each transformed once. The spectrum of
each unit of the signal meets part after part as it grows older, so that a unit costs one transform
each way and one product per part, and memory is two numbers for each number of the response
(Gardner 1995, Wefers 2015, *uniformly partitioned overlap-save*).

Products are made of real operations, each rounded by itself: NumPy's complex ones round in another
way on some processors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.signal.samples import FloatArray

UNIT_FRAMES: Final = 16_384

# Rounding in the transforms leaves about 1e-16 of the signal where there should be nothing.
NOISE_FLOOR: Final = 1e-13

_Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class PartitionedTaps:
    """The way from channel ``source`` to channel ``target``. ``real``, ``imaginary``: ``(parts,
    bins)`` of its spectra."""

    source: int
    target: int
    real: _Doubles
    imaginary: _Doubles

    @classmethod
    def of(cls, taps: _Doubles, source: int, target: int) -> PartitionedTaps:
        """``taps``: ``(n,)``. Immutable; one serves any number of signals."""
        num_parts = -(-len(taps) // UNIT_FRAMES)
        parts = np.zeros((num_parts, UNIT_FRAMES))
        parts.ravel()[: len(taps)] = taps
        spectra = [scipy.fft.rfft(part, 2 * UNIT_FRAMES) for part in parts]
        real = np.array([spectrum.real for spectrum in spectra])
        return cls(source, target, real, np.array([spectrum.imag for spectrum in spectra]))


class PartitionedConvolution:
    """One signal through ``paths``, whose outputs are added up per target; all as many parts."""

    def __init__(self, paths: Sequence[PartitionedTaps], num_channels: int) -> None:
        self._paths = paths
        num_parts, num_bins = paths[0].real.shape
        # Spectra of the newest units, the oldest overwritten by the next.
        self._real = np.zeros((num_channels, num_parts, num_bins))
        self._imaginary = np.zeros((num_channels, num_parts, num_bins))
        self._newest = 0
        self._last = np.zeros((num_channels, UNIT_FRAMES))

    def process(self, unit: FloatArray) -> FloatArray:
        """``(channels, UNIT_FRAMES)`` to as many: its answer so far, without delay."""
        num_channels, num_parts, num_bins = self._real.shape
        self._newest = (self._newest + 1) % num_parts
        for channel, frames in enumerate(unit):
            heard = np.concatenate([self._last[channel], frames])
            self._last[channel] = frames
            spectrum = scipy.fft.rfft(heard)
            self._real[channel, self._newest] = spectrum.real
            self._imaginary[channel, self._newest] = spectrum.imag
        sums = np.zeros((num_channels, num_bins), dtype=np.complex128)
        for path in self._paths:
            self._add(path, sums[path.target])
        out = np.stack([scipy.fft.irfft(total)[UNIT_FRAMES:] for total in sums])
        out[np.abs(out) < NOISE_FLOOR] = 0.0
        return out.astype(np.float32)

    def _add(self, path: PartitionedTaps, total: NDArray[np.complex128]) -> None:
        product = np.empty(len(total))
        other = np.empty(len(total))
        num_parts = len(path.real)
        for age in range(num_parts):
            at = (self._newest - age) % num_parts
            a, b = self._real[path.source, at], self._imaginary[path.source, at]
            c, d = path.real[age], path.imaginary[age]
            np.multiply(a, c, out=product)
            np.multiply(b, d, out=other)
            product -= other
            total.real += product
            np.multiply(a, d, out=product)
            np.multiply(b, c, out=other)
            product += other
            total.imag += product
