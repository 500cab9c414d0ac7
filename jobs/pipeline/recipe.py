"""What to render, as frozen data: the same recipe always gives the same samples.

A recipe names its inputs by SHA-256, never by path, so its digest is the key under which a
finished render can be found again. Serialised as canonical JSON: sorted keys, no spaces,
finite numbers only (RFC 8785 in spirit; floats as Python's shortest repr).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

# Raised whenever the same recipe would give other samples: old digests then no longer match.
RECIPE_SCHEMA_VERSION = 3

MAX_CAB_IRS = 4
MAX_CAB_DELAY_MS = 10.0
DEFAULT_SPACE_MIX_PCT = 20.0
# Where an impulse response may be told to end, below its peak.
MIN_TAIL_END_DB, MAX_TAIL_END_DB = -90.0, -30.0
# Until schema version 2 the left channel was heard.
_OLD_IR = {"channel_rule": "left"}

InputMode: TypeAlias = Literal["auto", "calibrated", "normalized", "raw"]
ChannelRule: TypeAlias = Literal["mix", "left", "right"]
CHANNEL_RULES: tuple[ChannelRule, ...] = ("mix", "left", "right")
# What people ask for; "auto" is resolved before a recipe is written.
ChannelChoice: TypeAlias = Literal["auto", "mix", "left", "right"]
PlaybackOrder: TypeAlias = Literal["sequential", "alternating"]


@dataclass(frozen=True, slots=True)
class DISource:
    """A direct-input recording. ``input_level_dbu``: its level at 0 dBFS, when known.

    Played from ``start_s`` to ``end_s`` (``None``: its end), to the nearest frame of its own rate.
    """

    sha256: str
    channel_rule: ChannelRule = "mix"
    input_level_dbu: float | None = None
    start_s: float = 0.0
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class NamBlock:
    """A captured amp, rig or pedal. ``slim_size`` 0..1 picks a container's submodel."""

    sha256: str
    slim_size: float = 1.0
    kind: Literal["nam"] = "nam"


@dataclass(frozen=True, slots=True)
class IRSettings:
    """How the file of an impulse response is read.

    ``channel_rule``: where its channels differ. ``tail_end_db``: where it ends, below its peak, and
    fades out if that leaves out sound; null is −90, and −60 for one that is too long as it is (2 s
    for a cabinet, 10 s for a space).
    ``is_lead_trimmed``: silence in front is left out.
    """

    channel_rule: ChannelRule = "mix"
    tail_end_db: float | None = None
    is_lead_trimmed: bool = False


DEFAULT_IR_SETTINGS = IRSettings()


@dataclass(frozen=True, slots=True)
class CabIR:
    """One impulse response of a cabinet, as loud, turned over and late as wanted (0 to 10 ms).

    ``channel_rule``, ``tail_end_db``, ``is_lead_trimmed``: see ``IRSettings``.
    """

    sha256: str
    gain_db: float = 0.0
    is_inverted: bool = False
    delay_ms: float = 0.0
    channel_rule: ChannelRule = "mix"
    tail_end_db: float | None = None
    is_lead_trimmed: bool = False

    @property
    def settings(self) -> IRSettings:
        return IRSettings(self.channel_rule, self.tail_end_db, self.is_lead_trimmed)


@dataclass(frozen=True, slots=True)
class CabBlock:
    """One to four impulse responses, summed. ``is_aligned``: their onsets are brought together."""

    irs: tuple[CabIR, ...]
    is_aligned: bool = False
    kind: Literal["cab"] = "cab"

    @classmethod
    def of(cls, sha256: str, gain_db: float = 0.0) -> CabBlock:
        """A cabinet of one impulse response."""
        return cls((CabIR(sha256, gain_db),))


@dataclass(frozen=True, slots=True)
class SpaceBlock:
    """A reverb impulse response of one, two or four channels, which all sound.

    ``mix_pct``: 0 is the signal as it came, 100 the reverb alone. ``tail_end_db``,
    ``is_lead_trimmed``: see ``IRSettings``.
    """

    sha256: str
    mix_pct: float = DEFAULT_SPACE_MIX_PCT
    tail_end_db: float | None = None
    is_lead_trimmed: bool = False
    kind: Literal["space"] = "space"

    @classmethod
    def of(cls, sha256: str, mix_pct: float, settings: IRSettings) -> SpaceBlock:
        """Of ``settings`` what a space has."""
        return cls(sha256, mix_pct, settings.tail_end_db, settings.is_lead_trimmed)

    @property
    def settings(self) -> IRSettings:
        return IRSettings(tail_end_db=self.tail_end_db, is_lead_trimmed=self.is_lead_trimmed)


@dataclass(frozen=True, slots=True)
class ProcessorBlock:
    """A built-in processor with all of its parameters spelled out."""

    processor: str
    parameters: Mapping[str, float | bool] = field(default_factory=dict)
    kind: Literal["processor"] = "processor"


BlockRecipe: TypeAlias = NamBlock | CabBlock | SpaceBlock | ProcessorBlock


@dataclass(frozen=True, slots=True)
class SegmentRecipe:
    """One DI through one chain, up to but not including alignment and the level match."""

    di: DISource
    blocks: tuple[BlockRecipe, ...]
    input_mode: InputMode = "auto"

    is_prefix: ClassVar[bool] = False

    def canonical_json(self) -> str:
        return canonical_json({"schema_version": RECIPE_SCHEMA_VERSION, **asdict(self)})

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    def prefixes(self) -> tuple[PrefixRecipe, ...]:
        """What may be computed once for all that begin alike: up to each capture, shortest first.

        Captures are what costs; nothing is gained by cutting behind anything else.
        """
        return _prefixes(self, has_cab_ahead=False)

    def is_behind_cab(self, position: int) -> bool:
        """Whether a block stands where a chain may have two channels: see ``_is_behind_cab``."""
        return _is_behind_cab(self.blocks, position, has_cab_ahead=False)

    def input_digests(self) -> tuple[str, ...]:
        """SHA-256 of every file this is made from, the DI first, each once."""
        return _input_digests(self)


@dataclass(frozen=True, slots=True)
class PrefixRecipe:
    """One DI through the beginning of a chain, up to and with a capture.

    ``has_cab_ahead``: whether a cabinet follows somewhere, which decides where the chain may
    become stereo.
    """

    di: DISource
    blocks: tuple[BlockRecipe, ...]
    input_mode: InputMode
    has_cab_ahead: bool
    is_prefix: ClassVar[bool] = True

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal; never that of a segment."""
        described = canonical_json(
            {"schema_version": RECIPE_SCHEMA_VERSION, "is_prefix": True, **asdict(self)}
        )
        return hashlib.sha256(described.encode()).hexdigest()

    def prefixes(self) -> tuple[PrefixRecipe, ...]:
        """All that this begins with, itself the last."""
        return _prefixes(self, has_cab_ahead=self.has_cab_ahead)

    def input_digests(self) -> tuple[str, ...]:
        """SHA-256 of every file this is made from, the DI first, each once."""
        return _input_digests(self)

    def is_behind_cab(self, position: int) -> bool:
        """As for the whole chain."""
        return _is_behind_cab(self.blocks, position, has_cab_ahead=self.has_cab_ahead)


ChainRecipe: TypeAlias = SegmentRecipe | PrefixRecipe


def _input_digests(recipe: ChainRecipe) -> tuple[str, ...]:
    captures = [sha256 for block in recipe.blocks for sha256 in block_digests(block)]
    return tuple(dict.fromkeys([recipe.di.sha256, *captures]))


def block_digests(block: BlockRecipe) -> list[str]:
    """SHA-256 of the files of a block, in the order in which a chain's description has them."""
    match block:
        case NamBlock() | SpaceBlock():
            return [block.sha256]
        case CabBlock():
            return [ir.sha256 for ir in block.irs]
        case ProcessorBlock():
            return []


def _prefixes(recipe: ChainRecipe, *, has_cab_ahead: bool) -> tuple[PrefixRecipe, ...]:
    return tuple(
        PrefixRecipe(
            di=recipe.di,
            blocks=recipe.blocks[: position + 1],
            input_mode=recipe.input_mode,
            has_cab_ahead=has_cab_ahead
            or any(isinstance(ahead, CabBlock) for ahead in recipe.blocks[position + 1 :]),
        )
        for position, block in enumerate(recipe.blocks)
        if isinstance(block, NamBlock)
    )


def _is_behind_cab(blocks: Sequence[BlockRecipe], position: int, *, has_cab_ahead: bool) -> bool:
    """Behind a cabinet, or anywhere where the chain has none.

    The grammar lets no stereo block stand before the amp, and an effects loop is always followed
    by a cabinet.
    """
    if any(isinstance(block, CabBlock) for block in blocks[:position]):
        return True
    return not has_cab_ahead and not any(isinstance(block, CabBlock) for block in blocks[position:])


def canonical_json(value: Mapping[str, Any]) -> str:
    """One spelling per value. Raises ``ValueError`` on NaN and infinity."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    )


def block_recipe_from_json(data: Mapping[str, Any]) -> BlockRecipe:
    """The inverse of ``dataclasses.asdict`` for a block. Raises ``ValueError`` on another kind.

    Schema version 1 wrote the one impulse response of a cabinet into the block itself; version 2
    had no settings of it.
    """
    values = {key: value for key, value in data.items() if key != "kind"}
    match data.get("kind"):
        case "nam":
            return NamBlock(**values)
        case "cab" if "irs" in values:
            irs = tuple(CabIR(**{**_OLD_IR, **ir}) for ir in values["irs"])
            return CabBlock(irs, is_aligned=values["is_aligned"])
        case "cab":
            return CabBlock((CabIR(**{**_OLD_IR, **values}),))
        case "space":
            return SpaceBlock(**values)
        case "processor":
            return ProcessorBlock(**values)
        case other:
            raise ValueError(f"unknown kind of block: {other!r}")


def segment_recipe_from_json(data: Mapping[str, Any]) -> SegmentRecipe:
    """Read what ``canonical_json`` wrote (its ``schema_version`` may be present or not).

    Until schema version 2 alignment was a part of it: see ``was_aligned``. Version 2 knew no trim:
    all was played.
    """
    return SegmentRecipe(
        di=DISource(**data["di"]),
        blocks=tuple(block_recipe_from_json(block) for block in data["blocks"]),
        input_mode=data["input_mode"],
    )


def was_aligned(data: Mapping[str, Any]) -> bool:
    """Whether a stored recipe is of a time when segments were moved as they were rendered."""
    return bool(data.get("is_aligned", False))
