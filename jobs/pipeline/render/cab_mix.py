"""A cabinet heard by one to four microphones: impulse responses summed into one.

Convolution is linear, so the sum of the responses costs no more than one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import MAX_CAB_DELAY_MS, MAX_CAB_IRS, CabBlock, CabIR
from jobs.pipeline.render.cab import ImpulseResponse, load_impulse_response
from jobs.pipeline.signal.samples import db_to_gain

# As far apart as onsets are looked for: what microphones a few meters away differ by.
_MAX_LAG_S = 0.010


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
