"""What there is to say of the files of cabinets and spaces: their limits, facts and notes.

Without NumPy: pages say it of files that were read elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from jobs.pipeline.recipe import IRSettings

# Of sound; silence after it does not count.
MAX_IR_DURATION_S: Final = 2.0
# Where one ends that is too long as it is.
CUT_TAIL_END_DB: Final = -60.0
# A microphone a third of a meter away is a millisecond late; more is told.
MAX_UNTOLD_LEAD_S: Final = 0.002

MAX_SPACE_DURATION_S: Final = 10.0
TRUE_STEREO_CHANNELS: Final = 4
SPACE_CHANNELS: Final = (1, 2, TRUE_STEREO_CHANNELS)

# The tones at which a response is drawn, a sixth of an octave apart.
RESPONSE_HZ: Final = tuple(round(50.0 * 2.0 ** (step / 6.0), 1) for step in range(51))

# Silence in front is the pre-delay of a reverb, and meant; more than any reverb offers is told.
MAX_UNTOLD_PRE_DELAY_S: Final = 0.100


@dataclass(frozen=True, slots=True)
class IRProbe:
    """What an impulse response file is, whatever its settings.

    ``sound_s``: up to where it falls below −90 dB; ``lead_s``: silence in front. ``only_channel``:
    the one that sounds of several. ``has_choice_of_channel``: several sound, and differ;
    ``do_channels_cancel``: and their mix is silent. ``warnings``: as ``ir_notes``, by default.
    ``waveform``, ``response_db``: to be drawn, see ``ir_picture``.
    """

    sample_rate_hz: int
    num_channels: int
    num_frames: int
    duration_s: float
    sound_s: float
    lead_s: float
    only_channel: str
    has_choice_of_channel: bool
    do_channels_cancel: bool
    format: str
    peak_dbfs: float
    warnings: tuple[str, ...]
    waveform: tuple[float, ...] = ()
    response_db: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """JSON-safe, by the names of the fields."""
        return asdict(self)


def ir_notes(facts: Mapping[str, Any], settings: IRSettings) -> list[str]:
    """What people should know of a file read with ``settings``. ``facts``: of ``IRProbe``, as JSON.

    The words do not depend on anything else, so that a page may say them without the file.
    """
    notes = []
    several = f"The {facts['num_channels']} channels of the impulse response differ"
    if facts["only_channel"]:
        notes.append(f"Only one channel of the impulse response sounds ({facts['only_channel']}).")
    elif facts["has_choice_of_channel"]:
        if settings.channel_rule != "mix":
            notes.append(f"{several}; the {settings.channel_rule} one is used.")
        elif facts["do_channels_cancel"]:
            notes.append(f"{several} and cancel each other; the left one is used.")
        else:
            notes.append(f"{several}; their mix is used, which can sound thin. Or choose one.")
    late = "so it sounds that much later where it is not time-aligned; it can be trimmed."
    notes += _lead_notes(facts, settings, MAX_UNTOLD_LEAD_S, late)
    return notes + _end_notes(facts, settings, MAX_IR_DURATION_S)


def space_channels_error(num_channels: int) -> str:
    """Why a file of so many channels is no space; empty where it may be one."""
    if num_channels in SPACE_CHANNELS:
        return ""
    return (
        "A space has one channel, two (left, right), or four for true stereo (left to left, left "
        f"to right, right to left, right to right); this file has {num_channels}."
    )


def space_notes(facts: Mapping[str, Any], settings: IRSettings) -> list[str]:
    """What people should know of a space read with ``settings``. ``facts``: of ``IRProbe``, as
    JSON; the words do not depend on anything else."""
    notes = []
    if facts["only_channel"]:
        notes.append(
            f"Only one channel of the impulse response sounds ({facts['only_channel']}); "
            "it is heard from both sides."
        )
    kept = "its pre-delay, which is kept; it can be trimmed."
    notes += _lead_notes(facts, settings, MAX_UNTOLD_PRE_DELAY_S, kept)
    return notes + _end_notes(facts, settings, MAX_SPACE_DURATION_S)


def _lead_notes(
    facts: Mapping[str, Any], settings: IRSettings, max_untold_s: float, kept: str
) -> list[str]:
    """Of silence in front; ``kept``: what it means where it stays."""
    if not has_lead(facts, max_untold_s):
        return []
    lead = f"The impulse response begins with {1000.0 * facts['lead_s']:.1f} ms of silence"
    return [f"{lead}, {'which is left out.' if settings.is_lead_trimmed else kept}"]


def _end_notes(facts: Mapping[str, Any], settings: IRSettings, max_duration_s: float) -> list[str]:
    """Of a response that is cut."""
    if facts["sound_s"] <= max_duration_s and settings.tail_end_db is None:
        return []
    end_db = CUT_TAIL_END_DB if settings.tail_end_db is None else settings.tail_end_db
    return [
        f"The impulse response lasts {facts['sound_s']:.2f} s; it is cut and fades out where "
        f"it falls {-end_db:g} dB below its peak, after {max_duration_s:g} s at the latest."
    ]


def has_lead(facts: Mapping[str, Any], max_untold_s: float = MAX_UNTOLD_LEAD_S) -> bool:
    """Whether there is silence in front that is worth leaving out. ``facts``: as of ``ir_notes``;
    those of an older version do not tell."""
    return bool(facts.get("lead_s", 0.0) > max_untold_s)
