"""What a shootout says about itself, as data. Without NumPy."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from jobs.pipeline.formats.records import JSONObject, Record, Sha256, about
from jobs.pipeline.vocabulary.options import ShootoutOptions

_OF_CAPTURE = about("where the capture is from")
_OF_OWNER = about("what its owner says of it; empty: nothing")


class GearLine(Record, frozen=True):
    """One block of a chain, for people."""

    slot: Annotated[
        str,
        msgspec.Meta(extra_json_schema={"enum": ["pre", "amp", "loop", "cab", "post"]}),
        about("of a block; one item for each, in the order of the signal"),
    ]
    kind: Annotated[
        str,
        about("of gear (`amp`, `full_rig`, `pedal`, `outboard`, `cab`, `space`), or `processor`"),
    ]
    name: Annotated[str, about("for people")]
    make: Annotated[str, about("for people")] = ""
    creator: Annotated[str, _OF_CAPTURE] = ""
    licence: Annotated[str, _OF_CAPTURE] = ""
    url: Annotated[str, _OF_CAPTURE] = ""
    source: Annotated[str, _OF_CAPTURE] = ""
    architecture: Annotated[str, about("of a network, “A1 standard (16 channels)”")] = ""
    settings: Annotated[str, about("for people")] = ""


class DIInfo(Record, frozen=True):
    name: Annotated[str, about("what the DI track is called")]
    sha256: Annotated[Sha256, about("of its file")]
    guitar: Annotated[str, _OF_OWNER] = ""
    pickup: Annotated[str, _OF_OWNER] = ""
    tuning: Annotated[str, _OF_OWNER] = ""
    bpm: Annotated[float | None, about("what its owner says of it; null: nothing")] = None
    notes: Annotated[str, _OF_OWNER] = ""


class ContenderInfo(Record, frozen=True):
    label: Annotated[str, about("what the chain is called in this shootout")]
    gear: tuple[GearLine, ...] = ()


class ShootoutInfo(Record, frozen=True):
    """What a shootout says about itself; positions are indices into ``dis`` and ``contenders``."""

    title: str
    dis: tuple[DIInfo, ...]
    contenders: tuple[ContenderInfo, ...]
    description: str = ""
    options: ShootoutOptions = msgspec.field(default_factory=ShootoutOptions)


def info_as_json(info: ShootoutInfo) -> dict[str, Any]:
    """As it is stored: JSON-safe."""
    stored: dict[str, Any] = msgspec.to_builtins(info)
    return stored


def info_from_json(data: JSONObject) -> ShootoutInfo:
    """The inverse of ``info_as_json``. Raises ``msgspec.ValidationError`` for anything else."""
    return msgspec.convert(data, ShootoutInfo)
