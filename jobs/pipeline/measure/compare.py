"""Two segments against each other: error-to-signal ratio and residual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.signal.decode import AudioFile, open_audio
from jobs.pipeline.signal.encode import write_pcm_24
from jobs.pipeline.signal.samples import FloatArray, gain_to_db

MAX_LAG_S = 0.1


@dataclass(frozen=True, slots=True)
class Comparison:
    """How ``other`` has to be changed to be as like ``reference`` as a constant gain and a shift
    by whole frames can make it, and what is left.

    ``lag_frames``: positive when ``other`` comes later. ``gain``: its factor, negative when its
    polarity is opposite. ``esr``: energy of the residual over energy of the reference where both
    sound, 0 when nothing is left, 1 when they have nothing in common.
    """

    lag_frames: int
    gain: float
    esr: float
    num_frames: int

    @property
    def gain_db(self) -> float | None:
        """20·log₁₀|gain|; ``None`` when nothing of ``other`` helps."""
        return gain_to_db(abs(self.gain)) if self.gain else None

    @property
    def is_inverted(self) -> bool:
        """Whether ``other`` has to be turned over."""
        return self.gain < 0.0

    @property
    def esr_db(self) -> float | None:
        """10·log₁₀ of the ratio of energies; ``None`` when nothing is left."""
        return 0.5 * gain_to_db(self.esr) if self.esr > 0.0 else None


def compare_files(
    reference_path: Path,
    other_path: Path,
    *,
    max_lag_s: float = MAX_LAG_S,
    progress: Progress = no_progress,
) -> Comparison:
    """Compare two files (WAV, AIFF, FLAC) of one rate, in bounded memory.

    The lag is where the cross-correlation, summed over channels, is greatest in magnitude; the
    gain is then the least-squares one, ⟨reference, other⟩ / ⟨other, other⟩. One channel against
    two counts as the same in both. ESR: Σ(reference − gain·other)² / Σ reference², the error that
    captures are trained and judged by (A. Wright et al., "Real-Time Guitar Amplifier Emulation with
    Deep Learning", Applied Sciences 10, 2020, without its pre-emphasis). Raises
    ``COMPARE_RATES_DIFFER``, ``COMPARE_CHANNELS_DIFFER``, ``COMPARE_SILENT``, and what
    ``open_audio`` raises.
    """
    pair = _Pair(reference_path, other_path)
    max_lag = round(max_lag_s * pair.reference.sample_rate_hz)
    correlation = pair.correlation(max_lag, lambda done: progress(0.5 * done))
    lag = int(np.abs(correlation).argmax()) - max_lag
    both = reference_energy = other_energy = 0.0
    num_frames = 0
    for reference, other in pair.aligned(lag):
        both += float(np.vdot(reference, other))
        reference_energy += float(np.vdot(reference, reference))
        other_energy += float(np.vdot(other, other))
        num_frames += reference.shape[1]
        progress(0.5 + 0.5 * min(1.0, num_frames / pair.reference.num_frames))
    if reference_energy <= 0.0 or other_energy <= 0.0:
        raise PipelineError("COMPARE_SILENT", "Silence cannot be compared.")
    gain = both / other_energy
    residual_energy = sum(
        float(np.square(reference - gain * other).sum()) for reference, other in pair.aligned(lag)
    )
    return Comparison(lag, gain, residual_energy / reference_energy, num_frames)


def write_residual(
    reference_path: Path, other_path: Path, comparison: Comparison, out_path: Path
) -> int:
    """Write reference − gain · other, shifted, as 24-bit FLAC (WAV where the name ends in .wav).

    As long as both sound together; rounded without dither, so equal signals leave digital silence.
    Returns the number of frames. Raises as ``compare_files``.
    """
    pair = _Pair(reference_path, other_path)
    residual = (
        (reference - comparison.gain * other).astype(np.float32)
        for reference, other in pair.aligned(comparison.lag_frames)
    )
    rate_hz = pair.reference.sample_rate_hz
    written = write_pcm_24(out_path, residual, rate_hz, pair.num_channels, dither_key=None)
    return written.num_frames


class _Pair:
    def __init__(self, reference_path: Path, other_path: Path) -> None:
        self.reference = open_audio(reference_path)
        self.other = open_audio(other_path)
        if self.reference.sample_rate_hz != self.other.sample_rate_hz:
            raise PipelineError("COMPARE_RATES_DIFFER", "The two files have different rates.")
        channels = {self.reference.num_channels, self.other.num_channels}
        self.num_channels = max(channels)
        if not channels <= {1, self.num_channels}:
            raise PipelineError("COMPARE_CHANNELS_DIFFER", "The two files differ in channels.")

    def aligned(self, lag_frames: int) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Both signals ``(channels, n)`` where both sound, the other one earlier by the lag."""
        starts = max(0, -lag_frames), max(0, lag_frames)
        num_frames = min(self.reference.num_frames - starts[0], self.other.num_frames - starts[1])
        if num_frames <= 0:
            return
        for reference, other in zip(
            self.reference.chunks(start_frame=starts[0], num_frames=num_frames),
            self.other.chunks(start_frame=starts[1], num_frames=num_frames),
            strict=True,
        ):
            yield self._as_channels(reference), self._as_channels(other)

    def correlation(self, max_lag: int, progress: Progress) -> NDArray[np.float64]:
        """Σ reference[n] · other[n + lag] for lags from −max_lag to max_lag, by FFT."""
        length = scipy.fft.next_fast_len(4 * (2 * max_lag + 1), real=True)
        step = length - 2 * max_lag
        total = np.zeros(length // 2 + 1, dtype=np.complex128)
        others = _Ahead(self.other, max_lag, step)
        done = 0
        for reference in self.reference.chunks(step):
            around = self._as_channels(others.next())
            spectrum = scipy.fft.rfft(self._as_channels(reference), length, axis=1).conj()
            total += (spectrum * scipy.fft.rfft(around, length, axis=1)).sum(axis=0)
            done += reference.shape[1]
            progress(min(1.0, done / self.reference.num_frames))
        return np.asarray(scipy.fft.irfft(total, length)[: 2 * max_lag + 1])

    def _as_channels(self, chunk: FloatArray) -> NDArray[np.float64]:
        channels = np.broadcast_to(chunk, (self.num_channels, chunk.shape[1]))
        return channels.astype(np.float64)


class _Ahead:
    """A file in steps, each with ``margin`` frames of what is before and after; silence around."""

    def __init__(self, audio: AudioFile, margin: int, step: int) -> None:
        self._chunks = audio.chunks(step)
        self._step = step
        self._length = step + 2 * margin
        self._window: FloatArray = np.zeros((audio.num_channels, margin), dtype=np.float32)
        self._is_first = True

    def next(self) -> FloatArray:
        if not self._is_first:
            self._window = self._window[:, self._step :]
        self._is_first = False
        while self._window.shape[1] < self._length:
            chunk = next(self._chunks, None)
            if chunk is None:
                missing = self._length - self._window.shape[1]
                chunk = np.zeros((len(self._window), missing), dtype=np.float32)
            self._window = np.concatenate([self._window, chunk], axis=1)
        return self._window[:, : self._length]
