"""Convolution with a fixed response, in float64, a unit of frames at a time.

``lay_out`` takes the short response of a cabinet, for one channel: a unit and the response go
through one transform. ``PartitionedConvolution`` takes the long ones of a space, for all ways from
channel to channel: uniformly partitioned overlap-save (Gardner 1995, Wefers 2015). A response is
cut into parts of one unit (16,384 frames), each transformed once. The spectrum of each unit of the
signal meets part after part as it grows older, so that a unit costs one transform each way and one
product per part, and memory is two numbers for each number of the response.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.jit import sound_kernels
from jobs.pipeline.jit.response import LANES, ResponseTables
from jobs.pipeline.signal.samples import FloatArray

if TYPE_CHECKING:
    from jobs.pipeline.jit.sound import SoundKernels


_Doubles = NDArray[np.float64]

# Of a partitioned convolution.
UNIT_FRAMES: Final = 16_384

# Of the convolution in one transform: by SciPy, and compiled.
_MIN_FFT_FRAMES: Final = 16_384
_MIN_STAGES: Final = 5  # 8,192 samples, whose transforms stay in the second-level cache

# Rounding in the transforms leaves about 1e-16 of the signal where there should be nothing.
_ROUNDING_FLOOR: Final = 1e-13


class Convolver(Protocol):
    """A response laid out for convolution. Immutable; one serves any number of signals.

    ``unit_frames``: what it takes at a time. ``noise_floor``: below this there is nothing.
    """

    num_taps: int
    unit_frames: int
    noise_floor: float

    def convolve(self, frames: FloatArray) -> _Doubles:
        """``(n,)``, 1 ≤ n ≤ ``unit_frames``, to all ``(n + num_taps - 1,)`` that comes of it.

        Costs as much as a whole unit. Fewer frames give the bits that silence after them would.
        """
        ...


def lay_out(taps: _Doubles) -> Convolver:
    """The fastest way to convolve with ``taps`` (n,)."""
    if np.count_nonzero(taps) == 1:
        return SingleTap(taps)
    kernels = sound_kernels()
    return CompiledConvolver(taps, kernels) if kernels else SciPyConvolver(taps)


class SingleTap:
    """No transform: a unit impulse passes to the bit."""

    unit_frames = _MIN_FFT_FRAMES
    noise_floor = 0.0

    def __init__(self, taps: _Doubles) -> None:
        self.num_taps = len(taps)
        self._delay = int(np.flatnonzero(taps)[0])
        self._gain = taps[self._delay]

    def convolve(self, frames: FloatArray) -> _Doubles:
        out = np.zeros(len(frames) + self.num_taps - 1)
        out[self._delay : self._delay + len(frames)] = frames * self._gain
        return out


class SciPyConvolver:
    noise_floor = _ROUNDING_FLOOR

    def __init__(self, taps: _Doubles) -> None:
        self.num_taps = len(taps)
        self._fft_frames = max(_MIN_FFT_FRAMES, 1 << (4 * self.num_taps - 1).bit_length())
        self.unit_frames = self._fft_frames - self.num_taps + 1
        self._spectrum = scipy.fft.rfft(taps, self._fft_frames)

    def convolve(self, frames: FloatArray) -> _Doubles:
        spectrum = scipy.fft.rfft(frames.astype(np.float64), self._fft_frames)
        spectrum *= self._spectrum
        out = scipy.fft.irfft(spectrum, self._fft_frames, overwrite_x=True)
        return np.asarray(out[: len(frames) + self.num_taps - 1])


class CompiledConvolver:
    """Halves of a unit side by side, as one complex signal."""

    noise_floor = _ROUNDING_FLOOR

    def __init__(self, taps: _Doubles, kernels: SoundKernels) -> None:
        self.num_taps = len(taps)
        num_stages = _MIN_STAGES
        while LANES * 4**num_stages < 4 * self.num_taps:
            num_stages += 1
        self._kernels = kernels
        self._tables = ResponseTables(taps, num_stages)
        self._half_frames = self._tables.num_frames - self.num_taps + 1
        self.unit_frames = 2 * self._half_frames

    def convolve(self, frames: FloatArray) -> _Doubles:
        half, num_circle = self._half_frames, self._tables.num_frames
        num_beyond = self.num_taps - 1
        planes = np.empty((2, num_circle))
        for plane, part in zip(planes, (frames[:half], frames[half:]), strict=True):
            plane[: len(part)] = part
            plane[len(part) :] = 0.0
        self._kernels.convolve(planes, self._tables)
        out = np.empty(self.unit_frames + num_beyond)
        out[:half] = planes[0, :half]
        out[half:] = planes[1]
        out[half:num_circle] += planes[0, half:]
        return out[: len(frames) + num_beyond]


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
    """One signal through ``paths``, whose outputs are added up per target; all as many parts.

    Products are made of real operations, each rounded by itself: NumPy's complex ones round in
    another way on some processors.
    """

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
        out[np.abs(out) < _ROUNDING_FLOOR] = 0.0
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
