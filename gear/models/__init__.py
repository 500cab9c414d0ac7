from gear.models.chain import Block, BlockIR, SignalChain
from gear.models.item import Capture, GearItem

__all__ = ["Block", "BlockIR", "Capture", "GearItem", "SignalChain"]
