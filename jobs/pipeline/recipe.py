"""What to render, as frozen data: the same recipe always gives the same samples.

A recipe names its inputs by SHA-256, never by path. What is stored of it, and the digest under
which its sound is found again, is canonical JSON: sorted keys, no spaces, finite numbers only (RFC
8785 in spirit; floats as Python's shortest repr).

The segments of a shootout are a graph: those with the same DI, the same input mode and the same
first blocks share a beginning. ``plan_renders`` says what is computed in which order, so that
nothing is computed twice: 3 amps × 9 cabs over one DI are 3 passes through a capture, not 27.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import msgspec

from jobs.pipeline.versions import ENGINE_VERSION, RENDERER_VERSION
from jobs.pipeline.vocabulary.options import InputMode

# Raised whenever the same recipe would give other samples: old digests then no longer match.
RECIPE_SCHEMA_VERSION = 3

MAX_CAB_IRS = 4
MAX_CAB_DELAY_MS = 10.0
DEFAULT_SPACE_MIX_PCT = 20.0
# Where an impulse response may be told to end, below its peak.
MIN_TAIL_END_DB, MAX_TAIL_END_DB = -90.0, -30.0

# A whole number stays one when it is read: its text, and so the digest, is another.
Number: TypeAlias = int | float
ChannelRule: TypeAlias = Literal["mix", "left", "right"]
CHANNEL_RULES: tuple[ChannelRule, ...] = ("mix", "left", "right")
# What people ask for; "auto" is resolved before a recipe is written.
ChannelChoice: TypeAlias = Literal["auto", "mix", "left", "right"]


class DISource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A direct-input recording. ``input_level_dbu``: its level at 0 dBFS, when known.

    Played from ``start_s`` to ``end_s`` (``None``: its end), to the nearest frame of its own rate.
    ``rms_dbfs``: the level that the input gain is counted from; unset: that of what is played. A
    passage has that of the whole, so that it drives the amp as the whole will. Unset, it is not
    written either, and digests are what they were before it was there.
    """

    sha256: str
    channel_rule: ChannelRule = "mix"
    input_level_dbu: Number | None = None
    start_s: Number = 0.0
    end_s: Number | None = None
    rms_dbfs: Number | msgspec.UnsetType = msgspec.UNSET


class NamBlock(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="nam"
):
    """A captured amp, rig or pedal. ``slim_size`` 0..1 picks a container's submodel."""

    sha256: str
    slim_size: Number = 1.0


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


class CabIR(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One impulse response of a cabinet, as loud, turned over and late as wanted (0 to 10 ms).

    ``channel_rule``, ``tail_end_db``, ``is_lead_trimmed``: see ``IRSettings``.
    """

    sha256: str
    gain_db: Number = 0.0
    is_inverted: bool = False
    delay_ms: Number = 0.0
    channel_rule: ChannelRule = "mix"
    tail_end_db: Number | None = None
    is_lead_trimmed: bool = False

    @property
    def settings(self) -> IRSettings:
        return IRSettings(self.channel_rule, self.tail_end_db, self.is_lead_trimmed)


class CabBlock(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="cab"
):
    """One to four impulse responses, summed. ``is_aligned``: their onsets are brought together."""

    irs: tuple[CabIR, ...]
    is_aligned: bool = False

    @classmethod
    def of(cls, sha256: str, gain_db: float = 0.0) -> CabBlock:
        """A cabinet of one impulse response."""
        return cls((CabIR(sha256, gain_db),))


class SpaceBlock(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="space"
):
    """A reverb impulse response of one, two or four channels, which all sound.

    ``mix_pct``: 0 is the signal as it came, 100 the reverb alone. ``tail_end_db``,
    ``is_lead_trimmed``: see ``IRSettings``.
    """

    sha256: str
    mix_pct: Number = DEFAULT_SPACE_MIX_PCT
    tail_end_db: Number | None = None
    is_lead_trimmed: bool = False

    @classmethod
    def of(cls, sha256: str, mix_pct: float, settings: IRSettings) -> SpaceBlock:
        """Of ``settings`` what a space has."""
        return cls(sha256, mix_pct, settings.tail_end_db, settings.is_lead_trimmed)

    @property
    def settings(self) -> IRSettings:
        return IRSettings(tail_end_db=self.tail_end_db, is_lead_trimmed=self.is_lead_trimmed)


class ProcessorBlock(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="processor"
):
    """A built-in processor with all of its parameters spelled out."""

    processor: str
    parameters: Mapping[str, Number | bool] = msgspec.field(default_factory=dict)


BlockRecipe: TypeAlias = NamBlock | CabBlock | SpaceBlock | ProcessorBlock


class SegmentRecipe(msgspec.Struct, frozen=True):
    """One DI through one chain, up to but not including alignment and the level match."""

    di: DISource
    blocks: tuple[BlockRecipe, ...]
    input_mode: InputMode = "auto"

    is_prefix: ClassVar[bool] = False

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


class PrefixRecipe(msgspec.Struct, frozen=True):
    """One DI through the beginning of a chain, up to and with a capture.

    ``has_cab_ahead``: whether a cabinet follows somewhere, which decides where the chain may
    become stereo.
    """

    di: DISource
    blocks: tuple[BlockRecipe, ...]
    input_mode: InputMode
    has_cab_ahead: bool
    is_prefix: ClassVar[bool] = True

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


def recipe_as_json(recipe: ChainRecipe) -> dict[str, Any]:
    """What rows and manifests hold."""
    data: dict[str, Any] = msgspec.to_builtins(recipe)
    data["blocks"] = [block_recipe_as_json(block) for block in recipe.blocks]
    return data


def block_recipe_as_json(block: BlockRecipe) -> dict[str, Any]:
    """Its kind has always been written behind the rest."""
    data: dict[str, Any] = msgspec.to_builtins(block)
    kind = data.pop("kind")
    return {**data, "kind": kind}


def canonical_recipe(recipe: ChainRecipe) -> str:
    """The text of the digest, with the schema version; that of a prefix is never a segment's."""
    version: dict[str, Any] = {"schema_version": RECIPE_SCHEMA_VERSION}
    if isinstance(recipe, PrefixRecipe):
        version["is_prefix"] = True
    return canonical_json({**version, **recipe_as_json(recipe)})


def recipe_digest(recipe: ChainRecipe) -> str:
    """SHA-256 of ``canonical_recipe``, hexadecimal."""
    return hashlib.sha256(canonical_recipe(recipe).encode()).hexdigest()


def render_key(recipe: ChainRecipe) -> str:
    """SHA-256 over the recipe and the versions of what computes it: equal keys, equal samples."""
    described = canonical_json(
        {"recipe": recipe_digest(recipe), "nam": ENGINE_VERSION, "renderer": RENDERER_VERSION}
    )
    return hashlib.sha256(described.encode()).hexdigest()


def passage_key(recipe: ChainRecipe) -> str:
    """The same for what is made only to be heard, without the probes of a comparison: the signal
    has the same samples, what is known of it is less."""
    return hashlib.sha256(f"passage {render_key(recipe)}".encode()).hexdigest()


def canonical_json(value: Mapping[str, Any]) -> str:
    """One spelling per value. Raises ``ValueError`` on NaN and infinity."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    )


def segment_recipe_from_json(data: Mapping[str, Any]) -> SegmentRecipe:
    """Read what ``recipe_as_json`` wrote, of any schema version, told or not.

    Until version 2 alignment was a part of it: see ``was_aligned``. Version 2 knew no trim: all was
    played. Raises ``ValueError`` (of msgspec) on what is no recipe.
    """
    blocks = [_current_block(block) for block in data["blocks"]]
    return msgspec.convert({**data, "blocks": blocks}, SegmentRecipe)


def block_recipe_from_json(data: Mapping[str, Any]) -> BlockRecipe:
    """One block of it. Raises as ``segment_recipe_from_json``."""
    block: BlockRecipe = msgspec.convert(_current_block(data), BlockRecipe)
    return block


def was_aligned(data: Mapping[str, Any]) -> bool:
    """Whether a stored recipe is of a time when segments were moved as they were rendered."""
    return bool(data.get("is_aligned", False))


def _current_block(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """Schema version 1 wrote the one impulse response of a cabinet into the block itself; version 2
    had no settings of it, and the left channel was heard."""
    if block.get("kind") != "cab":
        return block
    if "irs" not in block:
        ir = {key: value for key, value in block.items() if key != "kind"}
        block = {"kind": "cab", "irs": [ir], "is_aligned": False}
    return {**block, "irs": [{"channel_rule": "left", **ir} for ir in block["irs"]]}


@dataclass(frozen=True, slots=True)
class Plan:
    """``stages``: prefixes that several segments share; each stage needs only those before it, and
    within a stage the order does not matter. ``segment_stages``: for each segment, how many of
    the stages must be done before it. ``num_captures``: passes through a capture, all in all.
    """

    stages: tuple[tuple[PrefixRecipe, ...], ...]
    segment_stages: tuple[int, ...]
    num_captures: int


def plan_renders(recipes: Sequence[SegmentRecipe]) -> Plan:
    """The plan of all segments that are to be rendered together.

    A prefix of only one segment is left to that segment.
    """
    prefixes = [(recipe_digest(each), each) for recipe in recipes for each in recipe.prefixes()]
    by_digest = dict(prefixes)
    num_users = Counter(digest for digest, _ in prefixes)
    shared = {digest for digest, count in num_users.items() if count > 1}

    def stages_before(prefixes: Sequence[PrefixRecipe]) -> int:
        return sum(recipe_digest(prefix) in shared for prefix in prefixes)

    stages: dict[int, list[PrefixRecipe]] = {}
    for digest, prefix in by_digest.items():
        if digest in shared:
            stages.setdefault(stages_before(prefix.prefixes()[:-1]), []).append(prefix)
    return Plan(
        stages=tuple(tuple(stages[number]) for number in sorted(stages)),
        segment_stages=tuple(stages_before(recipe.prefixes()) for recipe in recipes),
        num_captures=len(by_digest),
    )
