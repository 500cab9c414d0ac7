"""Loudness and true peak: ITU-R BS.1770-5, EBU Tech 3341 (meters) and Tech 3342 (range).

Symbols follow BS.1770-5 Annex 1. Arrays inside are float64.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.measure.loudness_kernels import TruePeak, WeightedEnergy
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.samples import FloatArray, gain_to_db
from jobs.pipeline.step_times import timed

_Array = NDArray[np.float64]

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_RELATIVE_GATE_LU = -20.0  # Tech 3342, section 3
_OFFSET_LU = -0.691  # BS.1770-5 Annex 1, equation 2

# Energy is collected in steps of 10 ms; every window is a whole number of them.
_HOPS_PER_S = 100
_MOMENTARY_HOPS = 40
_SHORT_TERM_HOPS = 300
_BLOCK_STEP_HOPS = 10  # gating blocks of 400 ms overlap by 75 %

# Weights G_i (Annex 1, table 3), in the order of WAV and FLAC. One channel is counted twice: mono
# is played by two loudspeakers. The low-frequency effects channel does not count.
_CHANNEL_WEIGHTS: dict[int, tuple[float, ...]] = {
    1: (2.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    4: (1.0, 1.0, 1.41, 1.41),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
}

# Annex 1, tables 1 and 2: a shelf for the head, then a high-pass (RLB). b0 b1 b2, then a0 a1 a2.
_SHELF_48_KHZ = (
    *(1.53512485958697, -2.69169618940638, 1.19839281085285),
    *(1.0, -1.69065929318241, 0.73248077421585),
)
_RLB_48_KHZ = (*(1.0, -2.0, 1.0), *(1.0, -1.99004745483398, 0.99007225036621))


def k_weighting(sample_rate_hz: int) -> _Array:
    """Second-order sections (2, 6) of the K-weighting filter.

    At 48 kHz exactly the coefficients of the standard. At other rates the same two analog
    filters through the bilinear transform; their corner frequencies, gain and quality are what
    solves the standard's coefficients (the numbers are libebur128's). The standard's RLB filter
    has a gain of 0.04 dB far above its corner: kept, so that a sound is as loud at every rate.
    """
    if sample_rate_hz == 48_000:
        return np.array([_SHELF_48_KHZ, _RLB_48_KHZ])
    shelf_hz, shelf_gain_db, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = np.tan(np.pi * shelf_hz / sample_rate_hz)
    high = 10.0 ** (shelf_gain_db / 20.0)
    band = high**0.4996667741545416
    norm = 1.0 + k / shelf_q + k * k
    shelf = (
        (high + band * k / shelf_q + k * k) / norm,
        2.0 * (k * k - high) / norm,
        (high - band * k / shelf_q + k * k) / norm,
        1.0,
        2.0 * (k * k - 1.0) / norm,
        (1.0 - k / shelf_q + k * k) / norm,
    )
    rlb_hz, rlb_q = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * rlb_hz / sample_rate_hz)
    norm = 1.0 + k / rlb_q + k * k
    k_48_khz = np.tan(np.pi * rlb_hz / 48_000)
    gain = (1.0 + k_48_khz / rlb_q + k_48_khz * k_48_khz) / norm
    rlb = (
        *(gain, -2.0 * gain, gain),
        *(1.0, 2.0 * (k * k - 1.0) / norm, (1.0 - k / rlb_q + k * k) / norm),
    )
    return np.array([shelf, rlb])


@dataclass(frozen=True, slots=True)
class LoudnessResult:
    """A finished measurement; ``None`` where there is nothing to measure: silence, everything
    below the gate, or a signal shorter than the window (0.4 s; 3 s for short-term)."""

    integrated_lufs: float | None
    max_momentary_lufs: float | None
    max_short_term_lufs: float | None
    loudness_range_lu: float
    true_peak_dbtp: float | None
    sample_peak_dbfs: float | None

    def as_json(self) -> dict[str, Any]:
        """JSON-safe, by the names of the fields: there is ``None``, never an infinity."""
        return asdict(self)

    def basis_lufs(self, target_lufs: float) -> float | None:
        """What a gain to ``target_lufs`` is counted from. A single figure knows no better than
        that the loudness moves with the gain; see ``GatingBlocks``."""
        return self.integrated_lufs


class GatingBlocks:
    """Weighted mean squares of the gating blocks of a signal: what a gain makes of its loudness.

    The absolute gate stays where it is while a gain moves the blocks across it, and the relative
    gate follows the mean of those above it. So the loudness after a gain is the gain plus a basis
    that depends on how many blocks are heard: it is constant in between.
    """

    def __init__(self, powers: _Array) -> None:
        self._powers = np.sort(powers)
        num_blocks = len(powers)
        sums = np.append(np.cumsum(self._powers[::-1])[::-1], 0.0)  # of all from here on
        first = np.arange(num_blocks)  # the softest that is above the absolute gate
        gates = sums[:-1] / (num_blocks - first) * 10.0 ** (RELATIVE_GATE_LU / 10.0)
        first = np.maximum(first, np.searchsorted(self._powers, gates, side="right"))
        first = np.minimum(first, num_blocks - 1)  # where it is silent, none is above
        self._bases_lufs = power_to_lufs(sums[first] / (num_blocks - first))

    def basis_lufs(self, target_lufs: float) -> float | None:
        """The loudness after a gain of ``target_lufs`` − basis is ``target_lufs``: where a gate
        leaps, what is louder becomes softer, so none is leaped over. ``None`` for silence."""
        bases = self._bases_lufs[np.isfinite(self._bases_lufs)]
        reached = self.loudness_lufs(target_lufs - bases)
        misses = np.abs(reached - target_lufs)
        if not np.isfinite(misses).any():
            return None
        # Of several, that which the signal as it is would be counted from.
        best = np.flatnonzero(misses <= np.nanmin(misses) + 1e-6)
        as_it_is = float(self.loudness_lufs(np.zeros(1))[0])
        distances = np.abs(bases[best] - as_it_is) if np.isfinite(as_it_is) else -bases[best]
        return float(bases[best[int(np.argmin(distances))]])

    def loudness_lufs(self, gains_db: _Array) -> _Array:
        """After each of ``gains_db``; NaN where nothing is above the gate."""
        gates = _power(ABSOLUTE_GATE_LUFS) * 10.0 ** (-gains_db / 10.0)
        first = np.searchsorted(self._powers, gates, side="right")
        bases = np.append(self._bases_lufs, np.nan)[first]
        return np.asarray(gains_db + bases)


@dataclass(frozen=True, slots=True)
class GatedLoudness(LoudnessResult):
    """A measurement that knows what a gain would make of it."""

    blocks: GatingBlocks

    def as_json(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(LoudnessResult)}

    def basis_lufs(self, target_lufs: float) -> float | None:
        return self.blocks.basis_lufs(target_lufs)


class LoudnessMeter:
    """Hears a signal chunk by chunk; keeps eight bytes per 10 ms.

    One channel is measured as it is played, as dual mono: 3.01 LU above the single channel.
    Raises ``AUDIO_TOO_MANY_CHANNELS`` above six.
    """

    def __init__(self, sample_rate_hz: int, num_channels: int) -> None:
        if num_channels not in _CHANNEL_WEIGHTS:
            raise PipelineError(
                "AUDIO_TOO_MANY_CHANNELS",
                f"Loudness is defined for up to six channels, not {num_channels}.",
            )
        self._sample_rate_hz = sample_rate_hz
        self._weights = np.array(_CHANNEL_WEIGHTS[num_channels])[:, np.newaxis]
        self._weighting = WeightedEnergy(k_weighting(sample_rate_hz), num_channels)
        self._hop_energies: list[_Array] = []  # Σ_i G_i Σ y_i² of each finished hop
        self._pending_energies: _Array = np.zeros((num_channels, 1))  # of the hop not full yet
        self._num_hops = 0
        self._num_frames = 0
        self._sample_peak = 0.0
        self._true_peak = TruePeak(num_channels)
        self._is_finished = False

    @timed("measure")
    def add(self, chunk: FloatArray) -> None:
        """Hear ``(channels, n)``. Raises ``ValueError`` after ``result``."""
        if self._is_finished:
            raise ValueError("the measurement is finished")
        if chunk.shape[1] == 0:
            return
        self._sample_peak = max(self._sample_peak, float(chunk.max()), -float(chunk.min()))
        self._true_peak.add(chunk)
        self._collect(chunk)

    def result(self) -> LoudnessResult:
        """End the measurement; the same answer however often it is asked."""
        if not self._is_finished:
            self._true_peak.finish()
            self._is_finished = True
        momentary, short_term = self.momentary_powers(), self.short_term_powers()
        return LoudnessResult(
            integrated_lufs=_gated_loudness(momentary[::_BLOCK_STEP_HOPS]),
            max_momentary_lufs=_loudness(momentary.max()) if len(momentary) else None,
            max_short_term_lufs=_loudness(short_term.max()) if len(short_term) else None,
            loudness_range_lu=_loudness_range(short_term[::_BLOCK_STEP_HOPS]),
            true_peak_dbtp=_peak_db(max(self._true_peak.peak, self._sample_peak)),
            sample_peak_dbfs=_peak_db(self._sample_peak),
        )

    def gated_result(self) -> GatedLoudness:
        """As ``result``, with what a gain would make of it."""
        blocks = GatingBlocks(self.momentary_powers()[::_BLOCK_STEP_HOPS])
        return GatedLoudness(**self.result().as_json(), blocks=blocks)

    def momentary_powers(self) -> _Array:
        """Weighted mean square of every 400 ms window so far, one each 10 ms."""
        return self._windows(_MOMENTARY_HOPS)

    def short_term_powers(self) -> _Array:
        """Weighted mean square of every 3 s window so far, one each 10 ms."""
        return self._windows(_SHORT_TERM_HOPS)

    def _collect(self, chunk: FloatArray) -> None:
        """Sum up whole hops. Where 10 ms is no whole number of frames, hop k ends at the frame
        nearest to its time, so hops differ by one frame and never drift."""
        num_new = chunk.shape[1]
        last_hop = (self._num_frames + num_new) * _HOPS_PER_S // self._sample_rate_hz + 1
        ends = self._boundary(np.arange(self._num_hops + 1, last_hop + 1)) - self._num_frames
        ends = ends[ends <= num_new]
        energies = np.zeros((len(chunk), len(ends) + 1))
        energies[:, :1] = self._pending_energies
        self._weighting.add(chunk, np.append(ends, num_new), energies)
        # Not a product of matrices: BLAS would start threads.
        self._hop_energies.append((energies[:, :-1] * self._weights).sum(axis=0))
        self._pending_energies = energies[:, -1:]
        self._num_hops += len(ends)
        self._num_frames += num_new

    def _boundary(self, hop: Any) -> Any:
        return (hop * self._sample_rate_hz + _HOPS_PER_S // 2) // _HOPS_PER_S

    def _windows(self, num_hops: int) -> _Array:
        if self._num_hops < num_hops:
            return np.zeros(0)
        # Not by differences of running sums: those would lose silence after something loud.
        hops = np.lib.stride_tricks.sliding_window_view(
            np.concatenate(self._hop_energies), num_hops
        )
        first = np.arange(len(hops))
        num_frames = self._boundary(first + num_hops) - self._boundary(first)
        return np.asarray(hops.sum(axis=1) / num_frames)


def measure_chunks(
    chunks: Iterable[FloatArray], sample_rate_hz: int, num_channels: int
) -> LoudnessResult:
    """Measure a whole signal given as chunks ``(channels, n)``."""
    return _metered(chunks, sample_rate_hz, num_channels).result()


def measure_gated_chunks(
    chunks: Iterable[FloatArray], sample_rate_hz: int, num_channels: int
) -> GatedLoudness:
    """As ``measure_chunks``, with what a gain would make of it."""
    return _metered(chunks, sample_rate_hz, num_channels).gated_result()


def _metered(chunks: Iterable[FloatArray], sample_rate_hz: int, num_channels: int) -> LoudnessMeter:
    meter = LoudnessMeter(sample_rate_hz, num_channels)
    for chunk in chunks:
        meter.add(chunk)
    return meter


@dataclass(frozen=True, slots=True)
class Measurement(LoudnessResult):
    """A measured file."""

    duration_s: float
    sample_rate_hz: int
    num_channels: int


def measure_file(path: Path, progress: Progress = no_progress) -> Measurement:
    """Decode and measure a sound file of any length.

    Raises what ``open_audio`` and ``AudioFile.chunks`` raise, ``AUDIO_TOO_MANY_CHANNELS``, and
    ``AUDIO_NOT_FINITE`` on NaN or infinity.
    """
    audio = open_audio(path)
    meter = LoudnessMeter(audio.sample_rate_hz, audio.num_channels)
    num_frames = 0
    for chunk in audio.chunks():
        if not np.isfinite(chunk).all():
            raise PipelineError(
                "AUDIO_NOT_FINITE", "The file holds values that are not numbers (NaN, infinity)."
            )
        meter.add(chunk)
        num_frames += chunk.shape[1]
        progress(min(1.0, num_frames / audio.num_frames))
    return Measurement(
        **meter.result().as_json(),
        duration_s=num_frames / audio.sample_rate_hz,
        sample_rate_hz=audio.sample_rate_hz,
        num_channels=audio.num_channels,
    )


def power_to_lufs(powers: _Array) -> _Array:
    """Loudness of weighted mean squares (equation 2). Digital silence gives minus infinity."""
    with np.errstate(divide="ignore"):
        return np.asarray(_OFFSET_LU + 10.0 * np.log10(powers))


def _loudness(power: float) -> float | None:
    return float(_OFFSET_LU + 10.0 * np.log10(power)) if power > 0.0 else None


def _power(loudness_lufs: float) -> float:
    return float(10.0 ** ((loudness_lufs - _OFFSET_LU) / 10.0))


def _gate(powers: _Array, relative_gate_lu: float) -> _Array:
    """What is above the absolute gate and above the relative one (equations 5 and 6)."""
    heard = powers[powers > _power(ABSOLUTE_GATE_LUFS)]
    if not len(heard):
        return heard
    return np.asarray(heard[heard > heard.mean() * 10.0 ** (relative_gate_lu / 10.0)])


def _gated_loudness(powers: _Array) -> float | None:
    """Equation 7, from the gating blocks."""
    heard = _gate(powers, RELATIVE_GATE_LU)
    return _loudness(heard.mean()) if len(heard) else None


def _loudness_range(powers: _Array) -> float:
    """Tech 3342: from the 10th to the 95th percentile of gated short-term loudness, in LU.

    Nearest-rank percentiles, as in the Tech's own reference code. 0.0 when nothing is heard.
    """
    heard = np.sort(_gate(powers, RANGE_RELATIVE_GATE_LU))
    if not len(heard):
        return 0.0
    low, high = (heard[int(np.floor((len(heard) - 1) * part + 0.5))] for part in (0.10, 0.95))
    return float(10.0 * np.log10(high / low))


def _peak_db(peak: float) -> float | None:
    return gain_to_db(peak) if peak > 0.0 else None
