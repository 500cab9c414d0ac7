"""What to render, as frozen data: the same recipe always gives the same samples.

A recipe names its inputs by SHA-256, never by path, so its digest is the key under which a
finished render can be found again. Serialised as canonical JSON: sorted keys, no spaces,
finite numbers only (RFC 8785 in spirit; floats as Python's shortest repr).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

# Raised whenever the same recipe would give other samples: old digests then no longer match.
RECIPE_SCHEMA_VERSION = 2

InputMode: TypeAlias = Literal["auto", "calibrated", "normalized", "raw"]
ChannelRule: TypeAlias = Literal["mix", "left", "right"]
PlaybackOrder: TypeAlias = Literal["sequential", "alternating"]


@dataclass(frozen=True, slots=True)
class DISource:
    """A direct-input recording. ``input_level_dbu``: its level at 0 dBFS, when known."""

    sha256: str
    channel_rule: ChannelRule = "mix"
    input_level_dbu: float | None = None


@dataclass(frozen=True, slots=True)
class NamBlock:
    """A captured amp, rig or pedal. ``slim_size`` 0..1 picks a container's submodel."""

    sha256: str
    slim_size: float = 1.0
    kind: Literal["nam"] = "nam"


@dataclass(frozen=True, slots=True)
class CabBlock:
    """One cabinet impulse response."""

    sha256: str
    gain_db: float = 0.0
    kind: Literal["cab"] = "cab"


@dataclass(frozen=True, slots=True)
class ProcessorBlock:
    """A built-in processor with all of its parameters spelled out."""

    processor: str
    parameters: Mapping[str, float | bool] = field(default_factory=dict)
    kind: Literal["processor"] = "processor"


BlockRecipe: TypeAlias = NamBlock | CabBlock | ProcessorBlock


@dataclass(frozen=True, slots=True)
class SegmentRecipe:
    """One DI through one chain, up to but not including the level match.

    ``is_aligned``: the chain's lag is measured and taken out, in whole samples at 48 kHz.
    """

    di: DISource
    blocks: tuple[BlockRecipe, ...]
    input_mode: InputMode = "auto"
    is_aligned: bool = True

    def canonical_json(self) -> str:
        return canonical_json({"schema_version": RECIPE_SCHEMA_VERSION, **asdict(self)})

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    def input_digests(self) -> tuple[str, ...]:
        """SHA-256 of every file this segment is made from, the DI first, each once."""
        captures = [block.sha256 for block in self.blocks if not isinstance(block, ProcessorBlock)]
        return tuple(dict.fromkeys([self.di.sha256, *captures]))


def canonical_json(value: Mapping[str, Any]) -> str:
    """One spelling per value. Raises ``ValueError`` on NaN and infinity."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    )


def block_recipe_from_json(data: Mapping[str, Any]) -> BlockRecipe:
    """The inverse of ``dataclasses.asdict`` for a block. Raises ``ValueError`` on another kind."""
    values = {key: value for key, value in data.items() if key != "kind"}
    match data.get("kind"):
        case "nam":
            return NamBlock(**values)
        case "cab":
            return CabBlock(**values)
        case "processor":
            return ProcessorBlock(**values)
        case other:
            raise ValueError(f"unknown kind of block: {other!r}")


def segment_recipe_from_json(data: Mapping[str, Any]) -> SegmentRecipe:
    """Read what ``canonical_json`` wrote (its ``schema_version`` may be present or not).

    Schema version 1 knew no alignment: nothing was moved.
    """
    return SegmentRecipe(
        di=DISource(**data["di"]),
        blocks=tuple(block_recipe_from_json(block) for block in data["blocks"]),
        input_mode=data["input_mode"],
        is_aligned=data.get("is_aligned", False),
    )
