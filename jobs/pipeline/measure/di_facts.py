"""What was found of a DI recording, and what people should know of it. Without NumPy."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

from jobs.pipeline.recipe import ChannelChoice, ChannelRule

MAX_DI_DURATION_S = 600.0
CHANNELS: Final = "CHANNELS"  # the code of what a report says about them

ChannelLayout: TypeAlias = Literal[
    "mono", "identical", "left_only", "right_only", "out_of_phase", "different"
]


@dataclass(frozen=True, slots=True)
class ChannelLevels:
    """The two channels of a recording and their mix, gated as the input level is; ``None`` is
    silence. ``correlation``: −1 to 1. ``rule``: what is right unless people choose otherwise.
    """

    layout: ChannelLayout
    rule: ChannelRule
    left_dbfs: float | None
    right_dbfs: float | None
    mix_dbfs: float | None
    correlation: float

    def level_dbfs(self, rule: ChannelRule) -> float | None:
        """What the amp gets by that rule."""
        return {"left": self.left_dbfs, "right": self.right_dbfs, "mix": self.mix_dbfs}[rule]

    def louder_dbfs(self) -> float:
        """Of the channel that has more."""
        return max(_or_silence(self.left_dbfs), _or_silence(self.right_dbfs))


Severity: TypeAlias = Literal["note", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark. ``figure`` in ``unit``; ``message``: what it is and what to do, for people."""

    code: str
    severity: Severity
    figure: float | None
    unit: str
    message: str


@dataclass(frozen=True, slots=True)
class DIProbe:
    """What a DI file is. ``rms_dbfs``: gated (``InputLevelMeter``), of the one channel that
    ``channel_rule`` makes. ``peak_dbfs``: of the loudest channel. ``waveform``: peaks per column,
    linear. ``sound_start_s``, ``sound_end_s``: where silence ends and begins. ``report``: what is
    doubtful; ``warnings`` are the same in words, to go with what is rendered.

    Of the part that was asked for; ``num_frames`` and ``duration_s`` are its length, and times
    count from its beginning.
    """

    sample_rate_hz: int
    num_channels: int
    num_frames: int
    duration_s: float
    format: str
    peak_dbfs: float
    rms_dbfs: float
    is_dual_mono: bool
    waveform: tuple[float, ...]
    warnings: tuple[str, ...]
    channel_rule: ChannelRule
    channels: ChannelLevels
    sound_start_s: float
    sound_end_s: float
    report: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON-safe, by the names of the fields."""
        return asdict(self)


def channel_finding(levels: ChannelLevels, rule: ChannelRule) -> Finding | None:
    """What the report says about making one channel of two by that rule."""
    warning = channel_warning(levels, rule)
    return None if warning is None else Finding(CHANNELS, "warning", None, "", warning)


def resolve_rule(choice: ChannelChoice, levels: ChannelLevels) -> ChannelRule:
    """What is done when people choose that."""
    return levels.rule if choice == "auto" else choice


def channel_warning(levels: ChannelLevels, rule: ChannelRule) -> str | None:
    """What people should know about making one channel of two by that rule."""
    if levels.layout in ("mono", "identical"):
        return None
    lost_db = levels.louder_dbfs() - _or_silence(levels.level_dbfs(rule))
    if levels.layout in ("left_only", "right_only"):
        full = "left" if levels.layout == "left_only" else "right"
        if rule == full:
            return f"The sound of the DI is on the {full} channel only; the other was left out."
        return (
            f"The sound of the DI is on the {full} channel only; “{rule}” was chosen, which is "
            f"{_shown_db(lost_db)} quieter. Choose “{full}”."
        )
    if rule != "mix":
        if levels.layout == "out_of_phase":
            return (
                "The two channels of the DI are out of phase and would cancel each other; "
                f"only the {rule} one was used."
            )
        return f"The two channels of the DI differ; the {rule} one was used."
    if levels.layout == "out_of_phase":
        return (
            "The two channels of the DI are out of phase: mixed they are "
            f"{_shown_db(lost_db)} quieter and thinner. Choose “left” or “right”."
        )
    return (
        f"The two channels of the DI differ and were mixed: {_shown_db(lost_db)} quieter than the "
        f"louder channel (correlation {levels.correlation:.2f}), and what differs in time makes "
        "the sound hollow. If one of them is the guitar, choose “left” or “right”."
    )


def _shown_db(lost_db: float) -> str:
    return f"{lost_db:.1f} dB" if math.isfinite(lost_db) else "more than 100 dB"


def _or_silence(level_dbfs: float | None) -> float:
    return -math.inf if level_dbfs is None else level_dbfs
