"""Third-octave bands (IEC 61260-1, base ten): where they are, and levels in them. Without NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

# IEC 61260-1, equation 2 with b = 3: exact center 1000·10^(x/10) Hz; 25 Hz to 20 kHz by name.
BAND_NUMBERS: Final = range(-16, 14)
THIRD_OCTAVE_CENTERS_HZ: Final[tuple[float, ...]] = tuple(
    round(1000.0 * 10.0 ** (number / 10.0), 3) for number in BAND_NUMBERS
)

Bands: TypeAlias = Sequence[float | None]


def third_octave_difference_db(bands: Bands, reference: Bands) -> tuple[float | None, ...]:
    """``bands`` minus ``reference``, both in dB; ``None`` where one of them is silent."""
    return tuple(
        None if level is None or other is None else level - other
        for level, other in zip(bands, reference, strict=True)
    )


def third_octave_mean_db(segments: Sequence[Bands]) -> tuple[float | None, ...]:
    """Mean of the levels in dB, per band, over the segments that are not silent there."""
    means: list[float | None] = []
    for levels in zip(*segments, strict=True):
        known = [level for level in levels if level is not None]
        means.append(sum(known) / len(known) if known else None)
    return tuple(means)
