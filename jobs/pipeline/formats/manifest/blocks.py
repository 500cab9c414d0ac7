"""The blocks of a chain in the manifest: as they were asked for, and as they turned out.

The recipe of a segment (``Recorded…``) is a record of any age, with every key as it was;
``jobs.pipeline.recipe`` is what is rendered, and makes that of an older record too. The digest of a
recipe is that of its text, so a number stays as it was written.

``BlockFacts`` are what each block turned out to be. Both are told apart by ``kind``.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from jobs.pipeline.formats.records import Count, Number, Record, Sha256, about
from jobs.pipeline.recipe import MAX_CAB_IRS, ChannelRule
from jobs.pipeline.vocabulary.options import InputMode

# Of what was asked for.
_Seconds: TypeAlias = Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)]
_CAPTURE = about("of the capture")
_WANTED_TAIL_END = "where its file ends, in dB below its peak; null for −90, and −60 over "
_LEAD = "whether silence in front of its file is left out"
_START = about("where it was played from", is_later=True)
_END = about("where it was played to; null is its end", is_later=True)
_CHANNEL = about("the channel of its file, where several differ", is_later=True)
_ALIGNED = about("whether the onsets of its IRs are brought together", is_later=True)
_IRS = about("", is_later=True)

# Of what it turned out to be.
_RATE = about("the rate it ran at")
_SOURCE_RATE = about("an IR as in its file")
_SCALING = about("scaling to unit energy")
_TRIMMED = "silence left out in front"
_TAIL_END = "where it ends, below its peak"
_CUT = "how much sound above −90 dB was left out at the end, with a fade"

# Of both, where a cabinet had one IR only.
_OF_FIRST = about("of its one IR", is_former=True)


class RecordedDI(Record, frozen=True, kw_only=True):
    sha256: Annotated[Sha256, about("the DI")]
    channel_rule: Annotated[ChannelRule, about("which channel was used")]
    input_level_dbu: Annotated[Number | None, about("its level at 0 dBFS; null: not known")]
    start_s: Annotated[_Seconds | UnsetType, _START] = UNSET
    end_s: Annotated[Number | UnsetType | None, _END] = UNSET


class RecordedNam(Record, frozen=True, kw_only=True, tag_field="kind", tag="nam"):
    sha256: Annotated[Sha256, _CAPTURE]
    slim_size: Annotated[Number, about("which size of a slimmable capture, 0 to 1")]


class RecordedCabIR(Record, frozen=True, kw_only=True):
    sha256: Annotated[Sha256, _CAPTURE]
    gain_db: Annotated[Number, about("its own gain")]
    is_inverted: Annotated[bool, about("its own polarity")]
    delay_ms: Annotated[Number, about("its own delay")]
    channel_rule: Annotated[ChannelRule | UnsetType, _CHANNEL] = UNSET
    tail_end_db: Annotated[
        Number | UnsetType | None, about(f"{_WANTED_TAIL_END}2 s", is_later=True)
    ] = UNSET
    is_lead_trimmed: Annotated[bool | UnsetType, about(_LEAD, is_later=True)] = UNSET


_CabIRs: TypeAlias = Annotated[
    tuple[RecordedCabIR, ...], Meta(min_length=1, max_length=MAX_CAB_IRS)
]


class RecordedCab(Record, frozen=True, kw_only=True, tag_field="kind", tag="cab"):
    """Recipes of version 1 had one IR, with its hash and gain here."""

    is_aligned: Annotated[bool | UnsetType, _ALIGNED] = UNSET
    irs: Annotated[_CabIRs | UnsetType, _IRS] = UNSET
    sha256: Annotated[Sha256 | UnsetType, _OF_FIRST] = UNSET
    gain_db: Annotated[Number | UnsetType, _OF_FIRST] = UNSET


class RecordedSpace(Record, frozen=True, kw_only=True, tag_field="kind", tag="space"):
    sha256: Annotated[Sha256, _CAPTURE]
    mix_pct: Annotated[Number, about("its mix, 0 to 100")]
    tail_end_db: Annotated[Number | None, about(f"{_WANTED_TAIL_END}10 s")]
    is_lead_trimmed: Annotated[bool, about(_LEAD)]


class RecordedProcessor(Record, frozen=True, kw_only=True, tag_field="kind", tag="processor"):
    processor: Annotated[str, about("which effect it is")]
    parameters: Annotated[
        dict[str, Number | bool], about("", {"*": "every parameter, defaults too"})
    ]


RecordedBlock: TypeAlias = RecordedNam | RecordedCab | RecordedSpace | RecordedProcessor


class RecordedRecipe(Record, frozen=True, kw_only=True):
    """All that a render depends on, with files by their hash."""

    di: RecordedDI
    blocks: tuple[RecordedBlock, ...]
    input_mode: Annotated[InputMode, about("as in the options")]
    is_aligned: Annotated[
        bool | UnsetType, about("whether the render was moved as it was made", is_former=True)
    ] = UNSET


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
