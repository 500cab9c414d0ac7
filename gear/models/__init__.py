from gear.models.chain import Block, SignalChain
from gear.models.item import Capture, GearItem

__all__ = ["Block", "Capture", "GearItem", "SignalChain"]
