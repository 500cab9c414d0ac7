"""Long-term spectrum: third-octave bands (IEC 61260-1, base ten), energy shares, centroid."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.measure.third_octaves import BAND_NUMBERS
from jobs.pipeline.signal.samples import FloatArray

_BAND_EDGES_HZ = 1000.0 * 10.0 ** ((np.append(BAND_NUMBERS, BAND_NUMBERS.stop) - 0.5) / 10.0)

# Bass, middle, treble lie between these.
SHARE_EDGES_HZ = (20.0, 250.0, 2000.0, 20_000.0)

# What is below is digital silence (or its dither): it has no level.
SILENCE_POWER = 1e-12

# A band at 25 Hz is 5.8 Hz wide: eight bins.
_MAX_BIN_HZ = 0.75
_FRAMES_AT_ONCE = 16


class FrameCutter:
    """Cuts a stream into overlapping frames, after ``lead`` frames of silence."""

    def __init__(self, frame: int, hop: int, num_channels: int, lead: int) -> None:
        self._frame = frame
        self._hop = hop
        self._pending = np.zeros((num_channels, lead), dtype=np.float32)

    def push(self, chunk: FloatArray) -> Iterator[FloatArray]:
        """Take ``(channels, n)``; give what is whole as ``(channels, m, frame)``, m small."""
        self._pending = np.concatenate([self._pending, chunk], axis=1)
        count = max(0, (self._pending.shape[1] - self._frame) // self._hop + 1)
        if not count:
            return
        frames = np.lib.stride_tricks.sliding_window_view(self._pending, self._frame, axis=1)
        for first in range(0, count, _FRAMES_AT_ONCE):
            last = min(first + _FRAMES_AT_ONCE, count)
            yield frames[:, first * self._hop : (last - 1) * self._hop + 1 : self._hop]
        self._pending = self._pending[:, count * self._hop :].copy()


class SpectrumMeter:
    """Averages the power spectrum of a stream; keeps one frame and one spectrum.

    Hann windows of which every sample is in four (their squares add up to 3/2 everywhere), with
    silence before and after: by Parseval the bins add up to exactly the mean square of the signal,
    however short it is. Several channels: the mean of their powers.
    """

    def __init__(self, sample_rate_hz: int, num_channels: int) -> None:
        self._frame = 1 << int(np.ceil(np.log2(sample_rate_hz / _MAX_BIN_HZ)))
        hop = self._frame // 4
        self._lead = self._frame - hop
        self._sample_rate_hz = sample_rate_hz
        self._num_channels = num_channels
        self._cutter = FrameCutter(self._frame, hop, num_channels, self._lead)
        self._window = scipy.signal.get_window("hann", self._frame).astype(np.float32)
        self._energies = np.zeros(self._frame // 2 + 1)
        self._num_frames = 0

    def add(self, chunk: FloatArray) -> None:
        """Hear ``(channels, n)``."""
        self._num_frames += chunk.shape[1]
        self._hear(chunk)

    def result(self) -> Spectrum:
        """End the measurement."""
        self._hear(np.zeros((self._num_channels, self._frame), dtype=np.float32))
        scale = 1.0 / (1.5 * self._frame * self._num_channels * max(1, self._num_frames))
        powers = self._energies * scale
        powers[1:-1] *= 2.0  # the bins of negative frequency
        return Spectrum(powers, self._sample_rate_hz / self._frame)

    def _hear(self, chunk: FloatArray) -> None:
        for frames in self._cutter.push(chunk):
            bins = scipy.fft.rfft(frames * self._window, axis=-1)
            power = np.square(bins.real, dtype=np.float64) + np.square(bins.imag, dtype=np.float64)
            self._energies += power.sum(axis=(0, 1))


class Spectrum:
    """``powers``: mean square of the signal in each bin of ``bin_hz``, from 0 Hz on."""

    def __init__(self, powers: NDArray[np.float64], bin_hz: float) -> None:
        self.powers = powers
        self.bin_hz = bin_hz
        # Everything below the upper edge of bin k; a bin reaches half a bin to both sides.
        self._cumulated = np.concatenate([[0.0], np.cumsum(powers)])
        self._edges_hz = (np.arange(len(powers) + 1) - 0.5) * bin_hz

    def powers_between(self, edges_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean square between each two edges; a bin that an edge cuts counts in part."""
        return np.diff(np.interp(edges_hz, self._edges_hz, self._cumulated))

    def third_octave_dbfs(self) -> tuple[float | None, ...]:
        """Level of each band of ``THIRD_OCTAVE_CENTERS_HZ``, RMS relative to full scale."""
        return tuple(
            float(10.0 * np.log10(power)) if power > SILENCE_POWER else None
            for power in self.powers_between(_BAND_EDGES_HZ)
        )

    def energy_shares(self) -> tuple[float, float, float] | None:
        """Bass, middle and treble of what lies between 20 Hz and 20 kHz; they add up to 1."""
        powers = self.powers_between(np.array(SHARE_EDGES_HZ))
        total = float(powers.sum())
        if total <= SILENCE_POWER:
            return None
        bass, mid, treble = (float(power) / total for power in powers)
        return bass, mid, treble

    def centroid_hz(self) -> float | None:
        """Mean frequency between 20 Hz and 20 kHz, weighted by power: Σ f·P / Σ P."""
        frequencies_hz = np.arange(len(self.powers)) * self.bin_hz
        heard = (frequencies_hz >= SHARE_EDGES_HZ[0]) & (frequencies_hz <= SHARE_EDGES_HZ[-1])
        total = float(self.powers[heard].sum())
        if total <= SILENCE_POWER:
            return None
        return float((frequencies_hz[heard] * self.powers[heard]).sum()) / total
