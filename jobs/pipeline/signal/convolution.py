"""Convolution of one channel with a fixed response, in float64, a unit of frames at a time."""

from __future__ import annotations

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
