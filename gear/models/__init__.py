"""Gear items, captures, the library, tags, chains and groups as rows."""

from gear.models.chain import (
    Block,
    BlockIR,
    ChainGroup,
    ChainGroupQuerySet,
    Preset,
    PresetQuerySet,
    SignalChain,
    SignalChainQuerySet,
)
from gear.models.item import Capture, CaptureQuerySet, GearItem, GearItemQuerySet
from gear.models.library import (
    GearTag,
    GearTagQuerySet,
    LibraryEntry,
    LibraryEntryQuerySet,
    Tag,
    TagQuerySet,
)

__all__ = [
    "Block",
    "BlockIR",
    "Capture",
    "CaptureQuerySet",
    "ChainGroup",
    "ChainGroupQuerySet",
    "GearItem",
    "GearItemQuerySet",
    "GearTag",
    "GearTagQuerySet",
    "LibraryEntry",
    "LibraryEntryQuerySet",
    "Preset",
    "PresetQuerySet",
    "SignalChain",
    "SignalChainQuerySet",
    "Tag",
    "TagQuerySet",
]
