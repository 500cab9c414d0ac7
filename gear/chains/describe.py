"""Signal chains for people: what manifests, pages and videos say about the gear that sounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from gear.captures.inspection import kind_warning
from gear.chains.grammar import describe_settings
from gear.models import Block, Capture, SignalChain
from gear.models.item import GearKind
from jobs.pipeline.effects.blocks import BLOCK_TYPES, describe_ir
from jobs.pipeline.recipe import ChannelRule
from jobs.pipeline.render.ir_facts import (
    MAX_UNTOLD_LEAD_S,
    MAX_UNTOLD_PRE_DELAY_S,
    has_lead,
    ir_notes,
    space_notes,
)

GONE = "Deleted capture"
_NOTHING = dict.fromkeys(
    ("make", "creator", "licence", "url", "source", "architecture", "settings"), ""
)


def describe_chain(chain: SignalChain) -> list[dict[str, Any]]:
    """One dict per block, in the order of the signal, JSON-safe, all texts (empty: not known).
    After a cabinet one more for each further impulse response, so that all are credited.

    slot, kind (of gear, or "processor"), make, name, creator, licence, url, source,
    architecture, settings. No query when the chain comes from ``gear.selectors``.
    """
    described = []
    for block in chain.blocks.all():
        described.append(_describe_block(block))
        described += [
            _describe_capture(block.slot, ir.capture, describe_ir(ir.parameters))
            for ir in block.extra_irs.all()
        ]
    return described


def _describe_block(block: Block) -> dict[str, Any]:
    kind = block.capture.gear.kind if block.capture else None
    settings = describe_settings(block.processor, kind, block.parameters)
    if block.processor:
        block_type = BLOCK_TYPES.get(block.processor)
        title = block_type.title if block_type else block.processor
        return {
            **_NOTHING,
            "slot": block.slot,
            "kind": "processor",
            "name": title,
            "settings": settings,
        }
    return _describe_capture(block.slot, block.capture, settings)


def _describe_capture(slot: str, capture: Capture | None, settings: str) -> dict[str, Any]:
    if capture is None:
        return {**_NOTHING, "slot": slot, "kind": "", "name": GONE}
    gear = capture.gear
    return {
        "slot": slot,
        "kind": gear.kind,
        "make": gear.make,
        "name": capture.title,
        "creator": gear.creator,
        "licence": gear.licence,
        "url": gear.source_url,
        "source": gear.source,
        "architecture": architecture_of(capture),
        "settings": settings,
    }


def capture_warnings(capture: Capture) -> list[str]:
    """What people should know before they use it, each once. No query when its gear is loaded."""
    warnings = [str(warning) for warning in capture.info.get("warnings", [])]
    if "lead_s" in capture.info:  # the older ones of an impulse response are as they were stored
        notes_of = space_notes if capture.gear.kind == GearKind.SPACE else ir_notes
        warnings = notes_of(capture.info, capture.ir_settings)
    said = kind_warning(capture.gear.kind, gear_type_of(capture))
    return list(dict.fromkeys([*warnings, *([said] if said else [])]))


def lead_to_trim_ms(captures: Iterable[Capture]) -> float | None:
    """The longest silence in front of impulse responses that could be left out and is not."""
    leads_s = [
        capture.info["lead_s"]
        for capture in captures
        if not capture.is_lead_trimmed and has_lead(capture.info, _max_untold_lead_s(capture))
    ]
    return 1000.0 * max(leads_s) if leads_s else None


def _max_untold_lead_s(capture: Capture) -> float:
    """The silence in front of a space is its pre-delay."""
    is_space = capture.gear.kind == GearKind.SPACE
    return MAX_UNTOLD_PRE_DELAY_S if is_space else MAX_UNTOLD_LEAD_S


CHANNELS_TO_HEAR: Final[tuple[ChannelRule, ...]] = ("left", "right", "mix")


@dataclass(frozen=True, slots=True)
class ChannelToHear:
    """One way to make one channel of several, to be chosen by ear. ``note``: for people."""

    rule: ChannelRule
    note: str = ""
    is_used: bool = False

    @property
    def name(self) -> str:
        return self.rule.capitalize()


def channels_to_hear(capture: Capture) -> Iterator[ChannelToHear]:
    """Of an impulse response whose channels differ; those of a space all sound."""
    if capture.gear.kind == GearKind.SPACE or not capture.info.get("has_choice_of_channel"):
        return
    do_cancel = bool(capture.info.get("do_channels_cancel"))
    used = "left" if do_cancel and capture.channel_rule == "mix" else capture.channel_rule
    for rule in CHANNELS_TO_HEAR:
        note = "silent, so the left one is heard" if do_cancel and rule == "mix" else ""
        yield ChannelToHear(rule, note, is_used=rule == used)


def gear_type_of(capture: Capture) -> str:
    """What its file says it captures, in the trainer's word; empty: nothing."""
    return str(capture.info.get("metadata", {}).get("gear_type") or "")


def architecture_of(capture: Capture) -> str:
    """What the engine calls it ("A1 standard"), else the name of its architecture."""
    return str(capture.info.get("label") or capture.architecture)
