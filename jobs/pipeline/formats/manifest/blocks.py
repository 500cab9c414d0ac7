"""What each block of a chain turned out to be, as the manifest has it; told apart by ``kind``."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from jobs.pipeline.formats.described import Count, Record, about

_RATE = about("the rate it ran at")
_SOURCE_RATE = about("an IR as in its file")
_OF_FIRST = about("of its one IR", is_former=True)
_SCALING = about("scaling to unit energy")
_TRIMMED = "silence left out in front"
_TAIL_END = "where it ends, below its peak"
_CUT = "how much sound above −90 dB was left out at the end, with a fade"


class NamFacts(Record, frozen=True, kw_only=True, tag_field="kind", tag="nam"):
    """A captured amp, rig or pedal."""

    label: Annotated[str, about("the network that played: of a container, the chosen submodel")]
    version: Annotated[str, about("of the file")]
    sample_rate_hz: Annotated[int, _RATE]
    num_weights: Annotated[Count, about("of the network")]
    gain_before_db: Annotated[
        float | None, about("calibrated gain from the captured block before it; null: none")
    ]


class CabIRFacts(Record, frozen=True, kw_only=True):
    """One IR of a cabinet."""

    source_sample_rate_hz: Annotated[int, _SOURCE_RATE]
    source_num_frames: Annotated[Count, _SOURCE_RATE]
    scaling_db: Annotated[float, _SCALING]
    gain_db: Annotated[float, about("its own gain")]
    is_inverted: Annotated[bool, about("its own polarity")]
    delay_frames: Annotated[int, about("its own delay")]
    align_lag_frames: Annotated[int, about("the lag that was taken out")]
    channel: Annotated[
        Literal["mono", "left", "right", "mix"] | None,
        about("which channel of the file was used", is_later=True),
    ] = None
    num_trimmed_frames: Annotated[Count | None, about(_TRIMMED, is_later=True)] = None
    tail_end_db: Annotated[float | None, about(_TAIL_END, is_later=True)] = None
    num_cut_frames: Annotated[Count | None, about(_CUT, is_later=True)] = None


class CabFacts(Record, frozen=True, kw_only=True, tag_field="kind", tag="cab"):
    """A cabinet: one to four IRs, summed. The first manifests had one, and described it here."""

    sample_rate_hz: Annotated[int, _RATE]
    num_frames: Annotated[Count, about("of the sum of its IRs, as it was used")]
    is_aligned: Annotated[
        bool, about("whether the onsets of its IRs were brought together", is_later=True)
    ] = False
    irs: Annotated[tuple[CabIRFacts, ...], about("", is_later=True)] = ()
    source_sample_rate_hz: Annotated[int | UnsetType, _OF_FIRST] = UNSET
    source_num_frames: Annotated[Count | UnsetType, _OF_FIRST] = UNSET
    scaling_db: Annotated[float | UnsetType, _OF_FIRST] = UNSET
    gain_db: Annotated[float | UnsetType, _OF_FIRST] = UNSET


class SpaceFacts(Record, frozen=True, kw_only=True, tag_field="kind", tag="space"):
    """A reverb of one, two or four channels."""

    sample_rate_hz: Annotated[int, _RATE]
    num_frames: Annotated[Count, about("of its IR, as it was used")]
    mix_pct: Annotated[float, about("how much of it there is, 0 to 100")]
    source_sample_rate_hz: Annotated[int, _SOURCE_RATE]
    source_num_frames: Annotated[Count, _SOURCE_RATE]
    scaling_db: Annotated[float, _SCALING]
    channel: Annotated[
        Literal["mono", "stereo", "true_stereo"], about("how its channels were used")
    ]
    num_trimmed_frames: Annotated[Count, about(_TRIMMED)]
    tail_end_db: Annotated[float, about(_TAIL_END)]
    num_cut_frames: Annotated[Count, about(_CUT)]


class ProcessorFacts(Record, frozen=True, kw_only=True, tag_field="kind", tag="processor"):
    """A built-in effect."""

    processor: Annotated[str, about("which effect it is")]
    sample_rate_hz: Annotated[int, _RATE]
    parameters: Annotated[
        dict[str, float | bool], about("", {"*": "every parameter, defaults too"})
    ]


BlockFacts: TypeAlias = NamFacts | CabFacts | SpaceFacts | ProcessorFacts
