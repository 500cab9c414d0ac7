"""What a shootout says about itself, as data. Without NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from jobs.pipeline.recipe import InputMode, PlaybackOrder


@dataclass(frozen=True, slots=True)
class ShootoutOptions:
    playback_order: PlaybackOrder = "sequential"
    slice_s: float = 4.0
    target_loudness_lufs: float = -14.0
    input_mode: InputMode = "auto"
    has_video: bool = True
    theme: str = "dark"
    is_aligned: bool = True


@dataclass(frozen=True, slots=True)
class GearLine:
    """One block of a chain, for people."""

    slot: str
    kind: str
    name: str
    make: str = ""
    creator: str = ""
    licence: str = ""
    url: str = ""
    source: str = ""
    architecture: str = ""
    settings: str = ""


@dataclass(frozen=True, slots=True)
class DIInfo:
    name: str
    sha256: str
    guitar: str = ""
    pickup: str = ""
    tuning: str = ""
    bpm: float | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True)
class ContenderInfo:
    label: str
    gear: tuple[GearLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ShootoutInfo:
    """What a shootout says about itself; positions are indices into ``dis`` and ``contenders``."""

    title: str
    dis: tuple[DIInfo, ...]
    contenders: tuple[ContenderInfo, ...]
    description: str = ""
    options: ShootoutOptions = field(default_factory=ShootoutOptions)


def info_as_json(info: ShootoutInfo) -> dict[str, Any]:
    return asdict(info)


def info_from_json(data: Mapping[str, Any]) -> ShootoutInfo:
    """The inverse of ``info_as_json``."""
    return ShootoutInfo(
        title=data["title"],
        description=data["description"],
        options=ShootoutOptions(**data["options"]),
        dis=tuple(DIInfo(**di) for di in data["dis"]),
        contenders=tuple(
            ContenderInfo(
                label=contender["label"],
                gear=tuple(GearLine(**line) for line in contender["gear"]),
            )
            for contender in data["contenders"]
        ),
    )
