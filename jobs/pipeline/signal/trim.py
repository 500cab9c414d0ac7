"""Which part of a DI recording is played, and which parts can be. Without NumPy."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.pipeline.errors import PipelineError

MIN_DI_DURATION_S = 0.4  # one gating block of the loudness meter
_ROUNDING_S = 1e-3  # people and pages write milliseconds


@dataclass(frozen=True, slots=True)
class Trim:
    """``end_s``: ``None`` is the end of the recording."""

    start_s: float = 0.0
    end_s: float | None = None

    @property
    def is_whole(self) -> bool:
        return self.start_s == 0.0 and self.end_s is None


WHOLE = Trim()


def check_trim(trim: Trim, duration_s: float) -> None:
    """Raises ``DI_TRIM_INVALID`` for what is no part of a recording, or too short to be played."""
    end_s = duration_s if trim.end_s is None else trim.end_s
    is_inside = 0.0 <= trim.start_s < end_s <= duration_s + _ROUNDING_S
    if not is_inside or end_s - trim.start_s < MIN_DI_DURATION_S - _ROUNDING_S:
        shown = "its end" if trim.end_s is None else f"{trim.end_s:g} s"
        raise PipelineError(
            "DI_TRIM_INVALID",
            f"The DI is {duration_s:.3f} s long; it cannot be played from {trim.start_s:g} s to "
            f"{shown}. At least {MIN_DI_DURATION_S:g} s of it must be left.",
        )


def check_part(trim: Trim, duration_s: float, sound_s: tuple[float, float]) -> None:
    """As ``check_trim``, and for what is nothing but silence. ``sound_s``: where sound begins and
    ends in the recording, as probed."""
    check_trim(trim, duration_s)
    end_s = duration_s if trim.end_s is None else trim.end_s
    if trim.start_s >= sound_s[1] or end_s <= sound_s[0]:
        raise PipelineError(
            "DI_TRIM_INVALID",
            f"There is only silence from {trim.start_s:g} s to {end_s:g} s of the DI; it sounds "
            f"from {sound_s[0]:.1f} s to {sound_s[1]:.1f} s.",
        )
