"""Signal chains for people: what manifests, pages and videos say about the gear that sounds."""

from __future__ import annotations

from typing import Any

from gear.block_parameters import describe
from gear.models import Block, Capture, SignalChain
from jobs.pipeline.audio.blocks import BLOCK_TYPES

GONE = "Deleted capture"


def describe_chain(chain: SignalChain) -> list[dict[str, Any]]:
    """One dict per block, in the order of the signal, JSON-safe, all texts (empty: not known).

    slot, kind (of gear, or "processor"), make, name, creator, licence, url, source,
    architecture, settings. No query when the chain comes from ``gear.selectors``.
    """
    return [_describe_block(block) for block in chain.blocks.all()]


def _describe_block(block: Block) -> dict[str, Any]:
    settings = describe(
        block.processor, block.capture.format if block.capture else None, block.parameters
    )
    nothing = dict.fromkeys(
        ("make", "creator", "licence", "url", "source", "architecture", "settings"), ""
    )
    if block.processor:
        block_type = BLOCK_TYPES.get(block.processor)
        title = block_type.title if block_type else block.processor
        return {
            **nothing,
            "slot": block.slot,
            "kind": "processor",
            "name": title,
            "settings": settings,
        }
    if block.capture is None:
        return {**nothing, "slot": block.slot, "kind": "", "name": GONE}
    gear = block.capture.gear
    return {
        "slot": block.slot,
        "kind": gear.kind,
        "make": gear.make,
        "name": gear.name,
        "creator": gear.creator,
        "licence": gear.licence,
        "url": gear.source_url,
        "source": gear.source,
        "architecture": architecture_of(block.capture),
        "settings": settings,
    }


def architecture_of(capture: Capture) -> str:
    """What the engine calls it ("A1 standard"), else the name of its architecture."""
    return str(capture.info.get("label") or capture.architecture)
