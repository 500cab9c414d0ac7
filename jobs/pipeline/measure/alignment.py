"""Time alignment: the contenders of a DI are moved to begin together.

Captures and impulse responses often begin with a few samples of nothing, or are inverted. A
comparison should not hear that. Onsets are estimated for all contenders together (``onset``), amps
and what follows them each by themselves. One that cannot be trusted is moved as the others are,
never left behind: whatever it really is, the spread of the onsets cannot grow by that.

Polarity is reported and left alone: it belongs to the gear, and a constant gain is all that may
touch the samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.measure.chain_probes import ChainResponse, PartResponse
from jobs.pipeline.measure.response_lag import Onset, joint_onsets
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ

MAX_LAG_S = 0.010

# Contenders that seem no further apart are together: to move each by itself could only set them
# apart. They are moved as one.
RESOLUTION_FRAMES = 5.0

# What a spread of onsets may be without being heard or meant: less cannot be moved.
_SMALLEST_SPREAD_FRAMES = 1.0

# As for an onset; "group": as the others are moved; "none": nothing to go by.
AlignmentMethod: TypeAlias = Literal["phase", "first_sound", "group", "none"]
Polarity: TypeAlias = Literal["same", "inverted", "unclear"]
AlignmentWarningCode: TypeAlias = Literal[
    "ALIGNMENT_UNKNOWN",
    "ALIGNMENT_BY_GROUP",
    "ALIGNMENT_LATE",
    "ALIGNMENT_NOT_TIGHTER",
]


@dataclass(frozen=True, slots=True)
class AlignmentWarning:
    """``text``: one sentence for people."""

    code: AlignmentWarningCode
    text: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """What was found of a contender and done about it.

    ``is_accepted``: the segment was moved to begin ``lag_samples`` (48 kHz) earlier.
    ``onset_samples``: how late it begins, to fractions; None where nothing came through.
    ``is_trusted``: found from its own response; else ``method`` is "group" or "none".
    ``is_inverted``: against most contenders, where that is clear; ``polarity`` says whether it is.
    ``peak_ratio``: how far the peak of the least clear correlation stands above others (linear).
    """

    lag_samples: int
    is_inverted: bool
    is_accepted: bool
    peak_ratio: float
    lag_ms: float
    onset_samples: float | None
    polarity: Polarity
    is_trusted: bool
    method: AlignmentMethod
    warnings: tuple[AlignmentWarning, ...] = ()

    @property
    def advance_frames(self) -> int:
        """By how much the segment is moved, in frames at 48 kHz."""
        return self.lag_samples if self.is_accepted else 0


@dataclass(frozen=True, slots=True)
class _Estimate:
    """Of a part of a chain, or of a whole one. ``frame``, ``alone_frame`` and ``sign``: as of an
    ``Onset``, with those of the group where it is not trusted."""

    frame: float
    alone_frame: float
    sign: int
    method: AlignmentMethod
    peak_ratio: float

    @property
    def is_trusted(self) -> bool:
        return self.method in ("phase", "first_sound")


_NOTHING_THERE = _Estimate(0.0, 0.0, 1, "phase", np.inf)
_SILENT = _Estimate(0.0, 0.0, 0, "none", 0.0)

# Where methods differ within a chain, the weaker one counts.
_METHODS: tuple[AlignmentMethod, ...] = ("phase", "first_sound", "group", "none")


def align(responses: Sequence[ChainResponse | None]) -> list[Alignment]:
    """The contenders of one DI, in the order given. ``None``: nothing is known of its chain."""
    heard = [
        number
        for number, response in enumerate(responses)
        if response is not None
        and response.linear is not None
        and (response.captured is not None or not response.has_capture)
    ]
    chains = [response for n in heard if (response := responses[n]) is not None]
    captured = _estimates([chain.captured for chain in chains])
    linear = _estimates([chain.linear for chain in chains])
    wholes = [_in_series(c, li) for c, li in zip(captured, linear, strict=True)]
    aligned = dict(zip(heard, _aligned(wholes), strict=True))
    lags = [alignment.lag_samples for alignment in aligned.values() if alignment.is_accepted]
    silent = _moved_along(round(float(np.median(lags)))) if lags else _not_moved(_SILENT, [])
    return [aligned.get(number, silent) for number in range(len(responses))]


def _estimates(parts: Sequence[PartResponse | None]) -> list[_Estimate]:
    """Equal parts are estimated once. Of one part that all contenders share nothing can be heard
    between them, so it needs no trust."""
    distinct = list(dict.fromkeys(part for part in parts if part is not None))
    onsets = joint_onsets(distinct)
    bounded = [onset for onset in onsets if np.isfinite(onset.uncertainty_frames)]
    trusted = [onset for onset in bounded if onset.method is not None]
    sure = [onset for onset in trusted if onset.method == "phase"]
    to_go_by = sure or trusted or bounded  # of a pack of nothing but dark ones the last
    is_shared = len(distinct) == 1 and len(parts) > 1 and None not in parts
    middle = float(np.median([onset.frame for onset in to_go_by])) if to_go_by else None
    found = {
        part: _shared(onset) if is_shared else _estimate(onset, middle)
        for part, onset in zip(distinct, onsets, strict=True)
    }
    return [_NOTHING_THERE if part is None else found[part] for part in parts]


def _shared(onset: Onset) -> _Estimate:
    frame = onset.frame if onset.method else 0.0
    return _Estimate(frame, frame, onset.sign or 1, "phase", onset.peak_ratio)


def _estimate(onset: Onset, middle: float | None) -> _Estimate:
    """``middle``: where those begin that there is to go by, if there are any.

    What is not certain is taken to begin there, or as near to it as its uncertainty lets it: as
    long as it is not wrong by more than that, it ends up no further from the others than it was.
    """
    if middle is None:
        return _Estimate(0.0, 0.0, 0, "none", onset.peak_ratio)
    method: AlignmentMethod = onset.method or "group"
    frame, alone = onset.frame, onset.alone_frame
    if onset.uncertainty_frames:
        off = frame - middle
        frame = middle + float(np.sign(off)) * max(0.0, abs(off) - onset.uncertainty_frames)
        alone = frame
    return _Estimate(frame, alone, onset.sign, method, onset.peak_ratio)


def _in_series(first: _Estimate, second: _Estimate) -> _Estimate:
    return _Estimate(
        first.frame + second.frame,
        first.alone_frame + second.alone_frame,
        first.sign * second.sign,
        max(first.method, second.method, key=_METHODS.index),
        min(first.peak_ratio, second.peak_ratio),
    )


def _aligned(wholes: Sequence[_Estimate]) -> list[Alignment]:
    if not wholes:
        return []
    lags = whole_lags([whole.frame for whole in wholes])
    if np.ptp([whole.frame for whole in wholes]) <= RESOLUTION_FRAMES:
        lags = np.full_like(lags, round(float(np.median(lags))))
    reference = _reference_sign([whole.sign for whole in wholes])
    if is_wider(wholes, lags):
        return [_not_moved(whole, [_not_tighter()], reference) for whole in wholes]
    aligned = []
    for whole, lag in zip(wholes, lags, strict=True):
        if len(wholes) == 1 and not whole.is_trusted:
            aligned.append(_not_moved(whole, [], reference))
            continue
        aligned.append(_moved(whole, int(lag), reference))
    return aligned


def whole_lags(frames: Sequence[float]) -> NDArray[np.int_]:
    """Whole samples that bring onsets together, none negative.

    Rounded where the fractions leave the widest gap: so rounding never sets any two further
    apart than all are, and a contender that is moved by whole samples is rounded as before.
    """
    onsets = np.asarray(frames, dtype=np.float64)
    fractions = np.sort(onsets % 1.0)
    gaps = np.diff(np.append(fractions, fractions[0] + 1.0))
    widest = int(gaps.argmax())
    edge = (fractions[widest] + 0.5 * gaps[widest]) % 1.0
    lags: NDArray[np.int_] = (np.floor(onsets - edge) + 1.0).astype(np.int_)
    return lags - min(0, int(lags.min()))


def is_wider(wholes: Sequence[_Estimate], lags: NDArray[np.int_]) -> bool:
    """Whether moving sets those apart that are trusted, by what each says alone."""
    is_trusted = np.array([whole.is_trusted for whole in wholes])
    if not is_trusted.any():
        return False
    before = np.array([whole.alone_frame for whole in wholes])[is_trusted]
    after = before - lags[is_trusted]
    return bool(np.ptp(after) > max(float(np.ptp(before)), _SMALLEST_SPREAD_FRAMES))


def _reference_sign(signs: Sequence[int]) -> int:
    """Of most contenders; the DI has a vote, too, so it decides between two, and about one."""
    return -1 if signs.count(-1) > signs.count(1) + 1 else 1


def _moved(whole: _Estimate, lag: int, reference: int) -> Alignment:
    warnings = []
    if not whole.is_trusted:
        warnings.append(_by_the_group(lag))
    if lag > MAX_LAG_S * OUTPUT_SAMPLE_RATE_HZ:
        warnings.append(_late(lag))
    described = _not_moved(whole, warnings, reference)
    return replace(described, lag_samples=lag, lag_ms=_ms(lag), is_accepted=True)


def _moved_along(lag: int) -> Alignment:
    """One that lets no sweep through, as the others are."""
    described = _not_moved(replace(_SILENT, method="group"), [_by_the_group(lag)])
    return replace(described, lag_samples=lag, lag_ms=_ms(lag), is_accepted=True)


def _not_moved(
    whole: _Estimate, warnings: Sequence[AlignmentWarning], reference: int = 1
) -> Alignment:
    polarity: Polarity = "unclear"
    if whole.sign:
        polarity = "same" if whole.sign == reference else "inverted"
    return Alignment(
        lag_samples=0,
        is_inverted=polarity == "inverted",
        is_accepted=False,
        peak_ratio=whole.peak_ratio,
        lag_ms=0.0,
        onset_samples=round(whole.frame, 3) if whole.is_trusted else None,
        polarity=polarity,
        is_trusted=whole.is_trusted,
        method=whole.method,
        warnings=tuple(warnings) or (() if whole.is_trusted else (_unknown(),)),
    )


def _unknown() -> AlignmentWarning:
    return AlignmentWarning(
        "ALIGNMENT_UNKNOWN",
        "Time alignment: how late this contender is could not be measured, so it was not moved.",
    )


def _by_the_group(lag: int) -> AlignmentWarning:
    return AlignmentWarning(
        "ALIGNMENT_BY_GROUP",
        "Time alignment: how late this contender is could not be measured exactly. It was moved by "
        f"{_ms(lag):.2f} ms, as near to where the others begin as what is known of it allows.",
    )


def _late(lag: int) -> AlignmentWarning:
    return AlignmentWarning(
        "ALIGNMENT_LATE",
        f"Time alignment: this contender was {_ms(lag):.1f} ms late, more than 10 ms. It was "
        "moved; check whether its capture or impulse response is meant to be so late.",
    )


def _not_tighter() -> AlignmentWarning:
    return AlignmentWarning(
        "ALIGNMENT_NOT_TIGHTER",
        "Time alignment: moving the contenders would have set them further apart, so none was.",
    )


def _ms(frames: float) -> float:
    return round(1000.0 * frames / OUTPUT_SAMPLE_RATE_HZ, 4)
