"""What is kept of a person here, for export."""

from __future__ import annotations

from accounts.personal_data import register_table
from gear.models import (
    Block,
    BlockIR,
    Capture,
    ChainGroup,
    GearItem,
    GearTag,
    LibraryEntry,
    Preset,
    SignalChain,
    Tag,
)


def register_all() -> None:
    register_table(GearItem, owner="owner")
    register_table(Capture, owner="gear__owner")
    register_table(LibraryEntry, owner="user")
    register_table(Tag, owner="owner")
    register_table(GearTag, owner="tag__owner")
    register_table(Preset, owner="owner")
    register_table(SignalChain, owner="owner")
    register_table(Block, owner="chain__owner")
    register_table(BlockIR, owner="block__chain__owner")
    register_table(ChainGroup, owner="owner")
