"""Gear items, captures, the library, tags, chains and groups as rows."""

from gear.models.chain import Block, BlockIR, SignalChain, SignalChainQuerySet
from gear.models.group import ChainGroup, ChainGroupQuerySet
from gear.models.item import Capture, CaptureQuerySet, GearItem, GearItemQuerySet
from gear.models.library import LibraryEntry, LibraryEntryQuerySet
from gear.models.preset import Preset, PresetQuerySet
from gear.models.tag import GearTag, GearTagQuerySet, Tag, TagQuerySet

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
