from gear.models.chain import Block, BlockIR, SignalChain
from gear.models.group import ChainGroup
from gear.models.item import Capture, GearItem
from gear.models.library import LibraryEntry
from gear.models.preset import Preset
from gear.models.tag import GearTag, Tag

__all__ = [
    "Block",
    "BlockIR",
    "Capture",
    "ChainGroup",
    "GearItem",
    "GearTag",
    "LibraryEntry",
    "Preset",
    "SignalChain",
    "Tag",
]
