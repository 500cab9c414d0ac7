"""Cabinets: impulse responses, and convolution with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from jobs.pipeline.audio.probe import read_ir
from jobs.pipeline.audio.signal import (
    OUTPUT_SAMPLE_RATE_HZ,
    FloatArray,
    db_to_gain,
    empty,
    gain_to_db,
    resample,
)

_TRIM_DB = -90.0
_RESAMPLING_MARGIN_S = 0.010
_MIN_FFT_FRAMES = 16_384

# Rounding in the transforms leaves about 1e-16 of the signal where there should be nothing.
_ROUNDING_FLOOR = 1e-13


@dataclass(frozen=True, slots=True)
class ImpulseResponse:
    """``taps``: (n,) at ``sample_rate_hz``; the tap at ``lead_frames`` is time zero (resampling
    rings a little ahead of it). ``scaling_db``: gain already in the taps. ``source_…``: the file.
    """

    taps: NDArray[np.float64]
    lead_frames: int
    sample_rate_hz: int
    scaling_db: float
    source_sample_rate_hz: int
    source_num_frames: int
    warnings: tuple[str, ...]

    @property
    def tail_s(self) -> float:
        """How long a sound goes on after it has ended."""
        return (len(self.taps) - 1 - self.lead_frames) / self.sample_rate_hz


def load_impulse_response(path: Path, sample_rate_hz: int) -> ImpulseResponse:
    """Read an impulse response for a chain at ``sample_rate_hz``.

    What follows after the last tap above −90 dB of the peak is cut off, so padding in a file
    changes nothing. Scaled to unit energy, Σh²·fs/48000 = 1 at the file's rate fs: white noise of
    one band comes out as loud from every cabinet, whatever the file's rate. Raises as ``probe_ir``
    does, but takes a response of any length above zero.
    """
    audio, samples, warnings = read_ir(path)
    taps = _without_tail(samples[0].astype(np.float64))
    energy = float(np.square(taps).sum()) * audio.sample_rate_hz / OUTPUT_SAMPLE_RATE_HZ
    scaling = 1.0 / math.sqrt(energy)
    resampled, lead_frames = _at_rate(taps * scaling, audio.sample_rate_hz, sample_rate_hz)
    return ImpulseResponse(
        taps=resampled,
        lead_frames=lead_frames,
        sample_rate_hz=sample_rate_hz,
        scaling_db=gain_to_db(scaling),
        source_sample_rate_hz=audio.sample_rate_hz,
        source_num_frames=samples.shape[1],
        warnings=warnings,
    )


def load_unscaled_impulse_response(path: Path, sample_rate_hz: int) -> ImpulseResponse:
    """The file's own taps, neither trimmed nor scaled. At another rate: the same frequency
    response, for which the resampled taps are multiplied by the ratio of the rates."""
    audio, samples, warnings = read_ir(path)
    taps, lead_frames = _at_rate(
        samples[0].astype(np.float64), audio.sample_rate_hz, sample_rate_hz
    )
    return ImpulseResponse(
        taps, lead_frames, sample_rate_hz, 0.0, audio.sample_rate_hz, samples.shape[1], warnings
    )


def _without_tail(taps: NDArray[np.float64]) -> NDArray[np.float64]:
    magnitudes = np.abs(taps)
    audible = np.flatnonzero(magnitudes > magnitudes.max() * db_to_gain(_TRIM_DB))
    return taps[: int(audible[-1]) + 1]


def _at_rate(
    taps: NDArray[np.float64], from_rate_hz: int, to_rate_hz: int
) -> tuple[NDArray[np.float64], int]:
    """Taps with the same frequency response at another rate, and the index of time zero.

    A response often begins with its peak; what the resampler rings ahead of it would be lost
    without a margin of silence in front, whose length is a whole number of frames at both rates.
    """
    if from_rate_hz == to_rate_hz:
        return taps, 0
    step = from_rate_hz // math.gcd(from_rate_hz, to_rate_hz)
    margin = step * math.ceil(_RESAMPLING_MARGIN_S * from_rate_hz / step)
    padded = np.pad(taps, margin)[np.newaxis].astype(np.float32)
    resampled = resample(padded, from_rate_hz, to_rate_hz)[0].astype(np.float64)
    resampled = _without_tail(resampled * (from_rate_hz / to_rate_hz))
    zero = margin * to_rate_hz // from_rate_hz
    magnitudes = np.abs(resampled)
    first = int(np.flatnonzero(magnitudes > magnitudes.max() * db_to_gain(_TRIM_DB))[0])
    first = min(first, zero)
    return resampled[first:], zero - first


class CabStage:
    """Convolution with an impulse response: FFT overlap-add in float64, the tail kept.

    The transforms always take the same number of frames, so the result does not depend, to the
    bit, on how the signal is cut. n frames in give n + tail frames out, without delay.
    """

    def __init__(
        self, response: ImpulseResponse, num_channels: int, *, gain_db: float = 0.0
    ) -> None:
        self._num_channels = num_channels
        self._taps = response.taps * db_to_gain(gain_db)
        num_taps = len(self._taps)
        self._is_single_tap = np.count_nonzero(self._taps) == 1
        fft_frames = max(_MIN_FFT_FRAMES, 1 << (4 * num_taps - 1).bit_length())
        self._fft_frames = fft_frames
        self._hop_frames = fft_frames - num_taps + 1
        self._spectrum = fft.rfft(self._taps, fft_frames)
        self._pending = empty(num_channels)
        self._overlap = np.zeros((num_channels, num_taps - 1))
        self._to_drop = response.lead_frames

    def process(self, block: FloatArray) -> FloatArray:
        pending = np.concatenate([self._pending, block], axis=1)
        outputs = [empty(self._num_channels)]
        start = 0
        while pending.shape[1] - start >= self._hop_frames:
            outputs.append(self._convolve(pending[:, start : start + self._hop_frames]))
            start += self._hop_frames
        self._pending = pending[:, start:].copy()
        return self._emit(np.concatenate(outputs, axis=1))

    def finish(self) -> FloatArray:
        rest, self._pending = self._pending, empty(self._num_channels)
        last = self._convolve(rest)
        tail = self._overlap.astype(np.float32)
        self._overlap = np.zeros((self._num_channels, 0))
        return self._emit(np.concatenate([last, tail], axis=1))

    def _convolve(self, block: FloatArray) -> FloatArray:
        """The next ``block.shape[1]`` frames; what lies beyond them is kept for the next call."""
        num_frames = block.shape[1]
        out = np.zeros((self._num_channels, num_frames + len(self._taps) - 1))
        if self._is_single_tap:
            # No transform: a unit impulse passes to the bit.
            delay = int(np.flatnonzero(self._taps)[0])
            out[:, delay : delay + num_frames] = block * self._taps[delay]
        elif num_frames:
            spectrum = fft.rfft(block.astype(np.float64), self._fft_frames, axis=1)
            out[:] = fft.irfft(spectrum * self._spectrum, self._fft_frames, axis=1)[
                :, : out.shape[1]
            ]
            out[np.abs(out) < _ROUNDING_FLOOR] = 0.0
        out[:, : self._overlap.shape[1]] += self._overlap
        self._overlap = out[:, num_frames:].copy()
        return out[:, :num_frames].astype(np.float32)

    def _emit(self, out: FloatArray) -> FloatArray:
        dropped = min(self._to_drop, out.shape[1])
        self._to_drop -= dropped
        return out[:, dropped:]
