"""Cabinets: one to four impulse responses summed into one, and convolution with it.

Convolution is linear, so a cabinet that is heard by several microphones costs no more than by one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import (
    DEFAULT_IR_SETTINGS,
    MAX_CAB_DELAY_MS,
    MAX_CAB_IRS,
    CabBlock,
    CabIR,
    IRSettings,
)
from jobs.pipeline.render.ir_file import IR_TAIL_END_DB, num_sounding, read_ir
from jobs.pipeline.signal.convolution import Convolver, lay_out
from jobs.pipeline.signal.samples import (
    OUTPUT_SAMPLE_RATE_HZ,
    FloatArray,
    db_to_gain,
    empty,
    gain_to_db,
    resample,
)

_RESAMPLING_MARGIN_S = 0.010
# As far apart as onsets are looked for: what microphones a few meters away differ by.
_MAX_LAG_S = 0.010


@dataclass(frozen=True)
class ImpulseResponse:
    """``taps``: (n,) at ``sample_rate_hz``; the tap at ``lead_frames`` is time zero (resampling
    rings a little ahead of it). ``scaling_db``: gain already in the taps. ``source_…``: the file.
    ``treatment``: what was done to it, JSON-safe.
    """

    taps: NDArray[np.float64]
    lead_frames: int
    sample_rate_hz: int
    scaling_db: float
    source_sample_rate_hz: int
    source_num_frames: int
    warnings: tuple[str, ...]
    treatment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tail_s(self) -> float:
        """How long a sound goes on after it has ended."""
        return (len(self.taps) - 1 - self.lead_frames) / self.sample_rate_hz

    @functools.cached_property
    def convolver(self) -> Convolver:
        """Laid out once for all signals."""
        return lay_out(self.taps)


def load_impulse_response(
    path: Path, sample_rate_hz: int, settings: IRSettings = DEFAULT_IR_SETTINGS
) -> ImpulseResponse:
    """Read an impulse response for a chain at ``sample_rate_hz``, as ``settings`` say.

    What follows after the last tap above −90 dB of the peak is cut off, so padding in a file
    changes nothing. Scaled to unit energy, Σh²·fs/48000 = 1 at the file's rate fs: white noise of
    one band comes out as loud from every cabinet, whatever the file's rate. Raises as ``probe_ir``
    does, but takes a response of any length above zero.
    """
    reading = read_ir(path, settings)
    audio, samples = reading.audio, reading.samples
    taps = samples[:, : num_sounding(samples[0])].astype(np.float64)
    energy = float(np.square(taps).sum()) * audio.sample_rate_hz / OUTPUT_SAMPLE_RATE_HZ
    scaling = 1.0 / math.sqrt(energy)
    resampled, lead_frames = taps_at_rate(taps * scaling, audio.sample_rate_hz, sample_rate_hz)
    return ImpulseResponse(
        taps=resampled[0],
        lead_frames=lead_frames,
        sample_rate_hz=sample_rate_hz,
        scaling_db=gain_to_db(scaling),
        source_sample_rate_hz=audio.sample_rate_hz,
        source_num_frames=reading.num_source_frames,
        warnings=reading.warnings,
        treatment=reading.treatment(),
    )


def load_unscaled_impulse_response(path: Path, sample_rate_hz: int) -> ImpulseResponse:
    """The file's own taps, neither trimmed nor scaled. At another rate: the same frequency
    response, for which the resampled taps are multiplied by the ratio of the rates."""
    reading = read_ir(path)
    audio, samples = reading.audio, reading.samples
    taps, lead_frames = taps_at_rate(
        samples.astype(np.float64), audio.sample_rate_hz, sample_rate_hz
    )
    return ImpulseResponse(
        taps[0],
        lead_frames,
        sample_rate_hz,
        0.0,
        audio.sample_rate_hz,
        reading.num_source_frames,
        reading.warnings,
        reading.treatment(),
    )


def taps_at_rate(
    taps: NDArray[np.float64], from_rate_hz: int, to_rate_hz: int
) -> tuple[NDArray[np.float64], int]:
    """Taps ``(channels, n)`` with the same frequency response at another rate, and the index of
    time zero, one for all channels.

    A response often begins with its peak; what the resampler rings ahead of it would be lost
    without a margin of silence in front, whose length is a whole number of frames at both rates.
    """
    if from_rate_hz == to_rate_hz:
        return taps, 0
    step = from_rate_hz // math.gcd(from_rate_hz, to_rate_hz)
    margin = step * math.ceil(_RESAMPLING_MARGIN_S * from_rate_hz / step)
    padded = np.pad(taps, ((0, 0), (margin, margin))).astype(np.float32)
    resampled = np.concatenate(
        [resample(channel[np.newaxis], from_rate_hz, to_rate_hz) for channel in padded]
    ).astype(np.float64)
    num_kept = num_sounding(np.abs(resampled).max(axis=0))
    resampled = resampled[:, :num_kept] * (from_rate_hz / to_rate_hz)
    zero = margin * to_rate_hz // from_rate_hz
    magnitudes = np.abs(resampled).max(axis=0)
    first = int(np.flatnonzero(magnitudes > magnitudes.max() * db_to_gain(IR_TAIL_END_DB))[0])
    first = min(first, zero)
    return resampled[:, first:], zero - first


class CabProcessor:
    """Convolution with an impulse response: FFT overlap-add in float64, the tail kept.

    The transforms always take the same number of frames, so the result does not depend, to the
    bit, on how the signal is cut. n frames in give n + tail frames out, without delay.
    """

    def __init__(self, response: ImpulseResponse, num_channels: int) -> None:
        self._num_channels = num_channels
        self._convolver = response.convolver
        self._pending = empty(num_channels)
        self._overlaps = [np.zeros(self._convolver.num_taps - 1) for _ in range(num_channels)]
        self._to_drop = response.lead_frames

    def process(self, chunk: FloatArray) -> FloatArray:
        """``(channels, n)`` to ``(channels, m)``: as many whole transforms as there are."""
        pending = np.concatenate([self._pending, chunk], axis=1)
        unit_frames = self._convolver.unit_frames
        num_ready = pending.shape[1] // unit_frames * unit_frames
        out = np.empty((self._num_channels, num_ready), np.float32)
        for start in range(0, num_ready, unit_frames):
            self._convolve(pending, out, start, start + unit_frames)
        self._pending = pending[:, num_ready:].copy()
        return self._emit(out)

    def finish(self) -> FloatArray:
        """What was kept back, and the tail: ``(channels, tail + n of the last part)``."""
        num_left = self._pending.shape[1]
        out = np.empty((self._num_channels, num_left + self._convolver.num_taps - 1), np.float32)
        if num_left:
            self._convolve(self._pending, out, 0, num_left)
        for channel, overlap in zip(out, self._overlaps, strict=True):
            self._finish(overlap, channel[num_left:])
        self._pending, self._overlaps = empty(self._num_channels), []
        return self._emit(out)

    def _convolve(self, source: FloatArray, target: FloatArray, start: int, end: int) -> None:
        """Frames from ``start`` to ``end``; what lies beyond them is kept for the next call."""
        for channel, frames in enumerate(source[:, start:end]):
            out = self._convolver.convolve(frames)
            overlap = self._overlaps[channel]
            out[: len(overlap)] += overlap
            self._overlaps[channel] = out[end - start :].copy()
            self._finish(out[: end - start], target[channel, start:end])

    def _finish(self, out: NDArray[np.float64], target: FloatArray) -> None:
        """What the transforms have left of nothing becomes nothing again."""
        target[:] = out
        target[np.abs(target) < self._convolver.noise_floor] = 0.0

    def _emit(self, out: FloatArray) -> FloatArray:
        dropped = min(self._to_drop, out.shape[1])
        self._to_drop -= dropped
        return out[:, dropped:]


@dataclass(frozen=True, slots=True)
class CabMix:
    """``irs``: JSON-safe, one description per response in the order of the block."""

    response: ImpulseResponse
    irs: tuple[dict[str, Any], ...]


def load_cab(block: CabBlock, sources: Mapping[str, Path], sample_rate_hz: int) -> CabMix:
    """The block's responses as one, for a chain at ``sample_rate_hz``.

    Each is trimmed and scaled to unit energy as ``load_impulse_response`` says; then its gain,
    polarity and delay apply, and they are added. The sum is not scaled again: a gain stays what
    its knob says, two equal responses at 0 dB are 6.02 dB louder than one, and the level match
    takes that out. Delays are rounded to whole samples of the chain (at most 10.4 µs at 48 kHz).

    ``is_aligned``: before that each response is moved, in whole samples, to where the magnitude of
    its cross-correlation with the first is greatest within ±10 ms; polarity stays.

    Raises ``PipelineError``: CAB_IR_COUNT, CAB_DELAY_OUT_OF_RANGE, and what reading the files
    raises.
    """
    if not 1 <= len(block.irs) <= MAX_CAB_IRS:
        raise PipelineError("CAB_IR_COUNT", f"A cabinet has 1 to {MAX_CAB_IRS} impulse responses.")
    for ir in block.irs:
        if not 0.0 <= ir.delay_ms <= MAX_CAB_DELAY_MS:
            raise PipelineError(
                "CAB_DELAY_OUT_OF_RANGE",
                f"Delay must be between 0 and {MAX_CAB_DELAY_MS:g} ms.",
            )
    responses = [
        load_impulse_response(sources[ir.sha256], sample_rate_hz, ir.settings) for ir in block.irs
    ]
    lags = [lag_frames(responses[0], other) if block.is_aligned else 0 for other in responses]
    delays = [round(ir.delay_ms * sample_rate_hz / 1000.0) for ir in block.irs]
    shifts = [delay - lag for delay, lag in zip(delays, lags, strict=True)]
    mixed = mix_responses(responses, block.irs, shifts)
    return CabMix(
        mixed,
        tuple(
            {
                "source_sample_rate_hz": response.source_sample_rate_hz,
                "source_num_frames": response.source_num_frames,
                "scaling_db": response.scaling_db,
                "gain_db": ir.gain_db,
                "is_inverted": ir.is_inverted,
                "delay_frames": delay,
                "align_lag_frames": lag,
                **response.treatment,
            }
            for response, ir, delay, lag in zip(responses, block.irs, delays, lags, strict=True)
        ),
    )


def lag_frames(reference: ImpulseResponse, other: ImpulseResponse) -> int:
    """How much later ``other`` comes than ``reference``, in frames of their common rate; ±10 ms."""
    correlation = scipy.signal.correlate(other.taps, reference.taps, "full", "fft")
    lags = scipy.signal.correlation_lags(len(other.taps), len(reference.taps), "full")
    lags = lags - other.lead_frames + reference.lead_frames
    is_near = np.abs(lags) <= round(_MAX_LAG_S * reference.sample_rate_hz)
    return int(lags[is_near][np.abs(correlation[is_near]).argmax()])


def mix_responses(
    responses: Sequence[ImpulseResponse], irs: Sequence[CabIR], shifts_frames: Sequence[int]
) -> ImpulseResponse:
    """The sum, each response moved by its shift (later is positive) around the common time zero.

    What comes to lie before time zero is kept there (``lead_frames``). ``scaling_db`` and
    ``source_…`` are those of the first.
    """
    first = responses[0]
    starts = [
        shift - response.lead_frames
        for response, shift in zip(responses, shifts_frames, strict=True)
    ]
    lead = max(0, -min(starts))
    ends = [start + len(response.taps) for response, start in zip(responses, starts, strict=True)]
    taps = np.zeros(lead + max(ends))
    for response, ir, start in zip(responses, irs, starts, strict=True):
        gain = db_to_gain(ir.gain_db) * (-1.0 if ir.is_inverted else 1.0)
        taps[lead + start : lead + start + len(response.taps)] += response.taps * gain
    return ImpulseResponse(
        taps=taps,
        lead_frames=lead,
        sample_rate_hz=first.sample_rate_hz,
        scaling_db=first.scaling_db,
        source_sample_rate_hz=first.source_sample_rate_hz,
        source_num_frames=first.source_num_frames,
        warnings=tuple(dict.fromkeys(w for response in responses for w in response.warnings)),
    )
