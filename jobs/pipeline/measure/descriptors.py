"""What the numbers say in plain words: each contender against the mean of those it stands beside.

Rules, no judgment: a remark is made where a value differs from the mean by more than a listener
is likely to notice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jobs.pipeline.formats.manifest import Descriptor, SegmentMetrics


@dataclass(frozen=True, slots=True)
class _Rule:
    """``above`` and ``below``: what it means when the value is greater or smaller than the mean.
    Both take the size of the difference as text."""

    metric: str
    threshold: float
    above: str
    below: str
    size: Callable[[float], str]


def _points(difference: float) -> str:
    return f"{100.0 * difference:.0f} percentage points"


_RULES = (
    _Rule(
        "spectral_centroid_hz",
        100.0,
        "Brighter: the center of its spectrum lies {} higher than the average.",
        "Darker: the center of its spectrum lies {} lower than the average.",
        "{:.0f} Hz".format,
    ),
    _Rule(
        "bass_ratio",
        0.05,
        "More bass: {} more of its energy lie below 250 Hz.",
        "Less bass: {} less of its energy lie below 250 Hz.",
        _points,
    ),
    _Rule(
        "mid_ratio",
        0.05,
        "More mids: {} more of its energy lie between 250 Hz and 2 kHz.",
        "Scooped mids: {} less of its energy lie between 250 Hz and 2 kHz.",
        _points,
    ),
    _Rule(
        "treble_ratio",
        0.03,
        "More treble: {} more of its energy lie above 2 kHz.",
        "Less treble: {} less of its energy lie above 2 kHz.",
        _points,
    ),
    _Rule(
        "crest_factor_db",
        1.0,
        "More dynamic: its peaks stand {} further above its level than the average.",
        "More compressed: its peaks stand {} less above its level than the average.",
        "{:.1f} dB".format,
    ),
    _Rule(
        "attack_time_ms",
        5.0,
        "Softer attack: its notes take {} longer to rise than the average.",
        "Harder attack: its notes rise in {} less than the average.",
        "{:.0f} ms".format,
    ),
    # The rate at which notes fade: more of it is less sustain.
    _Rule(
        "decay_rate_db_per_s",
        5.0,
        "Less sustain: its notes fade {} faster than the average.",
        "More sustain: its notes fade {} more slowly than the average.",
        "{:.0f} dB/s".format,
    ),
)


def describe(segments: Sequence[SegmentMetrics]) -> list[tuple[Descriptor, ...]]:
    """Remarks on each of the segments of one DI, in their order.

    A value that is not defined is left out of the mean. One segment alone has nothing to be
    compared with and gets no descriptors.
    """
    descriptors: list[list[Descriptor]] = [[] for _ in segments]
    for rule in _RULES:
        values: list[float | None] = [getattr(segment, rule.metric) for segment in segments]
        known = [value for value in values if value is not None]
        if len(known) < 2:
            continue
        mean = sum(known) / len(known)
        for found, value in zip(descriptors, values, strict=True):
            if value is None or abs(value - mean) <= rule.threshold:
                continue
            difference = value - mean
            text = (rule.above if difference > 0.0 else rule.below).format(
                rule.size(abs(difference))
            )
            found.append(Descriptor(rule.metric, round(difference, 4), text))
    return [tuple(found) for found in descriptors]
