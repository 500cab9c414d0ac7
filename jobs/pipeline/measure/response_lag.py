"""Where responses begin, relative to each other: the joint estimate.

Every response is split into a minimum-phase part and the rest (by its cepstrum). What begins at
once is minimum-phase as far as amps and loudspeakers are concerned, however long it rings and
however slowly it rises, so the rest is the delay and the polarity. Between all pairs of rests, and
between each and an impulse at time zero, the lag is the peak of the weighted cross-correlation
(GCC-PHAT, whose whitening the split has done already). One lag per response is then found that
contradicts the pairs least, in the sense of the sum of absolute differences: a bad pair, or all
pairs of a bad response, do not move the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.measure.chain_probes import RESPONSE_FRAMES, PartResponse, Taps
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, db_to_gain

_LENGTH = 4 * RESPONSE_FRAMES
_FINER = 4  # lags are looked for in quarters of a sample, and then between them

# The sweep says nothing outside of these; nor does a response this far below its greatest band.
_BAND_HZ = (40.0, 18_000.0)
_FLOOR_DB = -80.0

# A peak this far away is another one.
_PEAK_WIDTH_FRAMES = 16

# What reaches no higher rises so slowly that its beginning cannot be told to a few samples.
_REACH_DB = -50.0
MIN_REACH_HZ = 5_000.0
DARK_UNCERTAINTY_FRAMES = 16.0

# Where sound is first heard: smoothed, so that what a resampler rings ahead is not it, and put
# back by what an impulse loses to the smoothing.
_SMOOTHING_FRAMES = 1.2
_AUDIBLE = 0.05
_IMPULSE_LEAD_FRAMES = _SMOOTHING_FRAMES * float(np.sqrt(-2.0 * np.log(_AUDIBLE)))
_QUIET_BEFORE = 0.01
MAX_CONTRADICTION_FRAMES = 3.0
FIRST_SOUND_UNCERTAINTY_FRAMES = 4.0

# What a response must show to be believed: the height of its peak (1: all of it is one delay), how
# far it stands above others (linear), and agreement with the lag found for all (samples).
MIN_PEAK = 0.5
MIN_PEAK_RATIO = 1.5
MIN_OWN_PEAK_RATIO = 2.5
MAX_DISAGREEMENT_FRAMES = 2.0
MIN_AGREEING = 3

_NUM_STEPS = 60
_SMALLEST_RESIDUAL = 0.01

# How it was found: from the phase, together with the others, or where silence ends.
OnsetMethod: TypeAlias = Literal["phase", "first_sound"]

_Spectra = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Onset:
    """``frame``: where the response begins, in samples at 48 kHz, to fractions; ``alone_frame``:
    the same, found from this response alone. ``sign``: 1, −1, or 0 where it is not clear.
    ``peak_ratio``: how far the peak of the correlation with an impulse stands above all others.

    ``method``: None where no method can be trusted. ``uncertainty_frames``: by how much ``frame``
    may be wrong, beyond fractions; infinite where it says nothing.
    """

    frame: float
    alone_frame: float
    sign: int
    method: OnsetMethod | None
    peak_ratio: float
    uncertainty_frames: float = 0.0


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Between responses ``i`` and ``j``; number 0 is the impulse. ``lag``: how much later i
    begins. ``height``: of the peak, with its sign. ``ratio``: above all others."""

    lag: Taps
    height: Taps
    ratio: Taps


def joint_onsets(responses: Sequence[PartResponse]) -> list[Onset]:
    """One for each, in the order given. Equal responses should be given once."""
    if not responses:
        return []
    starts = np.array([0.0, *(response.start_frame for response in responses)])
    taps = [response.samples() for response in responses]
    pairs = _pairs(np.stack([_impulse(), *(_excess(each) for each in taps)]), starts)
    lags = solve_lags(pairs.lag, np.square(pairs.height))
    agrees = _agreement(pairs, lags)
    is_bright = np.array([True, *(_reach_hz(each) >= MIN_REACH_HZ for each in taps)])
    is_sure = agrees[:, 0] & is_bright & (pairs.ratio[:, 0] >= MIN_OWN_PEAK_RATIO)
    signs = _signs(pairs.height)
    onsets = []
    for number, each in enumerate(taps, 1):
        by_phase = Onset(
            float(lags[number]),
            float(pairs.lag[number, 0]),
            int(signs[number]),
            "phase",
            float(pairs.ratio[number, 0]),
        )
        first_sound = _first_sound(each)
        first_frame = None if first_sound is None else starts[number] + first_sound
        num_sure = int((agrees[number] & is_sure).sum())
        is_backed = num_sure >= MIN_AGREEING and 2 * num_sure > int(is_sure.sum())
        if not is_bright[number]:
            onsets.append(_dark(by_phase, is_clear=bool(agrees[number, 0])))
        elif is_sure[number]:
            onsets.append(_sure(by_phase, first_frame))
        elif first_frame is not None:
            onsets.append(_at_first_sound(by_phase, first_frame))
        else:
            onsets.append(by_phase if is_backed else _unknown(by_phase))
    return onsets


def _sure(by_phase: Onset, first_frame: float | None) -> Onset:
    """Unless it is heard before: then it began somewhere in between."""
    if first_frame is None or first_frame >= by_phase.frame - MAX_CONTRADICTION_FRAMES:
        return by_phase
    middle = 0.5 * (by_phase.frame + first_frame)
    doubt = by_phase.frame - middle + MAX_CONTRADICTION_FRAMES
    return replace(
        by_phase, frame=middle, alone_frame=middle, method=None, uncertainty_frames=doubt
    )


def _dark(by_phase: Onset, *, is_clear: bool) -> Onset:
    if not is_clear:
        return _unknown(by_phase)
    return replace(by_phase, method=None, uncertainty_frames=DARK_UNCERTAINTY_FRAMES)


def _at_first_sound(by_phase: Onset, frame: float) -> Onset:
    return replace(
        by_phase,
        frame=frame,
        alone_frame=frame,
        sign=0,
        method="first_sound",
        uncertainty_frames=FIRST_SOUND_UNCERTAINTY_FRAMES,
    )


def _unknown(by_phase: Onset) -> Onset:
    return replace(by_phase, sign=0, method=None, uncertainty_frames=np.inf)


def _agreement(pairs: _Pairs, lags: Taps) -> NDArray[np.bool_]:
    """Which pairs are clear and say what the lags say."""
    is_clear = (np.abs(pairs.height) >= MIN_PEAK) & (pairs.ratio >= MIN_PEAK_RATIO)
    residual = np.abs(lags[:, np.newaxis] - lags - pairs.lag)
    agrees: NDArray[np.bool_] = is_clear & (residual <= MAX_DISAGREEMENT_FRAMES)
    np.fill_diagonal(agrees, val=False)
    return agrees


def solve_lags(lag: Taps, weights: Taps) -> Taps:
    """x with x₀ = 0 that minimizes Σ w_ij |x_i − x_j − lag_ij|, by reweighted least squares.

    ``lag`` is antisymmetric, ``weights`` symmetric; both ``(n, n)``.
    """
    weights = np.array(weights, dtype=np.float64)
    np.fill_diagonal(weights, 0.0)
    current = weights
    lags = np.zeros(len(lag))
    for _ in range(_NUM_STEPS):
        laplacian = np.diag(current.sum(axis=1)) - current
        lags[1:] = np.linalg.solve(laplacian[1:, 1:], (current * lag).sum(axis=1)[1:])
        residual = np.abs(lags[:, np.newaxis] - lags - lag)
        current = weights / np.maximum(residual, _SMALLEST_RESIDUAL)
    return lags


def _first_sound(taps: Taps) -> float | None:
    """Where silence ends; ``None`` where there is none before."""
    smooth = np.abs(scipy.ndimage.gaussian_filter1d(taps, _SMOOTHING_FRAMES, mode="constant"))
    threshold = _AUDIBLE * smooth.max()
    after = int(np.argmax(smooth >= threshold))
    if after < 2 * _PEAK_WIDTH_FRAMES:
        return None
    if smooth[: after - _PEAK_WIDTH_FRAMES].max() > _QUIET_BEFORE * smooth.max():
        return None
    below, above = smooth[after - 1], smooth[after]
    return float(after - (above - threshold) / (above - below) + _IMPULSE_LEAD_FRAMES)


def _reach_hz(taps: Taps) -> float:
    """The highest frequency that is not lost."""
    power = np.square(np.abs(np.fft.rfft(taps, _LENGTH)))
    smooth = scipy.ndimage.uniform_filter1d(power, 33)
    heard = np.flatnonzero(smooth >= db_to_gain(_REACH_DB) ** 2 * smooth.max())
    return float(heard[-1]) * OUTPUT_SAMPLE_RATE_HZ / _LENGTH


def _excess(taps: Taps) -> _Spectra:
    """The response without its minimum-phase part, weighted by the root of its magnitude."""
    spectrum = np.fft.rfft(taps, _LENGTH)
    magnitude = np.abs(spectrum)
    hz = np.fft.rfftfreq(_LENGTH, 1.0 / OUTPUT_SAMPLE_RATE_HZ)
    low, high = np.searchsorted(hz, _BAND_HZ)
    magnitude[:low], magnitude[high:] = magnitude[low], magnitude[high]
    magnitude = np.maximum(magnitude, db_to_gain(_FLOOR_DB) * magnitude.max())
    inside = np.zeros(len(hz))
    inside[low:high] = np.sqrt(magnitude[low:high] / magnitude.max())
    excess: _Spectra = inside * spectrum / _minimum_phase(magnitude)
    return excess


def _minimum_phase(magnitude: Taps) -> _Spectra:
    """The spectrum of this magnitude whose energy comes first (homomorphic)."""
    cepstrum = np.fft.irfft(np.log(magnitude), _LENGTH)
    cepstrum[1 : _LENGTH // 2] *= 2.0
    cepstrum[_LENGTH // 2 + 1 :] = 0.0
    spectrum: _Spectra = np.exp(np.fft.rfft(cepstrum, _LENGTH))
    return spectrum


def _impulse() -> _Spectra:
    hz = np.fft.rfftfreq(_LENGTH, 1.0 / OUTPUT_SAMPLE_RATE_HZ)
    return ((hz >= _BAND_HZ[0]) & (hz < _BAND_HZ[1])).astype(np.complex128)


def _pairs(excesses: _Spectra, starts: Taps) -> _Pairs:
    count = len(excesses)
    lag, height, ratio = np.zeros((count, count)), np.eye(count), np.ones((count, count))
    for i in range(1, count):
        for j in range(i):
            offset, height[i, j], ratio[i, j] = _peak(excesses[i] * np.conj(excesses[j]))
            lag[i, j] = offset + starts[i] - starts[j]
            lag[j, i], height[j, i], ratio[j, i] = -lag[i, j], height[i, j], ratio[i, j]
    return _Pairs(lag, height, ratio)


def _peak(cross: _Spectra) -> tuple[float, float, float]:
    """Where the magnitude of a correlation is greatest, its height with its sign (1: all of the
    spectrum agrees), and how far it stands above the rest."""
    total = 2.0 * float(np.abs(cross).sum()) / _LENGTH
    if total == 0.0:
        return 0.0, 0.0, 1.0
    correlation = np.fft.irfft(cross, _FINER * _LENGTH) * (_FINER / total)
    magnitude = np.abs(correlation)
    top = int(magnitude.argmax())
    before, at, after = (float(magnitude[(top + k) % len(magnitude)]) for k in (-1, 0, 1))
    bend = before - 2.0 * at + after
    between = 0.5 * (before - after) / bend if bend else 0.0
    far = np.roll(magnitude, -top)[_FINER * _PEAK_WIDTH_FRAMES : -_FINER * _PEAK_WIDTH_FRAMES]
    signed = top - len(magnitude) if top > len(magnitude) // 2 else top
    return (
        (signed + between) / _FINER,
        float(correlation[top]),
        at / max(float(far.max()), 1e-6 * at),
    )


def _signs(height: Taps) -> NDArray[np.int_]:
    """Of each against the impulse, so that most of the evidence agrees; 0 where it does not."""
    evidence = np.sign(height) * np.square(height)
    np.fill_diagonal(evidence, 0.0)
    _, vectors = np.linalg.eigh(evidence)
    side = np.sign(vectors[:, -1])
    side[side == 0.0] = 1.0
    agreement = side * (evidence @ side) / np.maximum(np.abs(evidence).sum(axis=1), 1e-12)
    strongest = np.abs(height - np.eye(len(height))).max(axis=1)
    is_clear = (agreement >= MIN_PEAK) & (strongest >= MIN_PEAK)
    return np.where(is_clear, side * side[0], 0).astype(np.int_)
