"""What templates of chains are given, on pages of gear and of shootouts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from gear.chains.describe import describe_chain
from gear.models import Capture
from gear.models.chain import Slot
from gear.pages import chain_form
from gear.selectors import captures_get, captures_to_choose


def board_context(request: HttpRequest, board: chain_form.ChainForm) -> dict[str, Any]:
    # Several slots take the same kinds.
    found = {
        kinds: captures_to_choose(request.user, kinds)
        for kinds in {*chain_form.KINDS_OF_SLOT.values(), chain_form.KINDS_OF_SPACE}
    }
    chosen = captures_get(request.user, board.capture_ids()).values()
    options = {
        kinds: chain_form.capture_options(captures, kinds, chosen)
        for kinds, captures in found.items()
    }
    slots = [
        {
            "slot": slot,
            "help": text,
            "blocks": blocks,
            "options": options[chain_form.kinds_at(slot)],
            "spaces": options[chain_form.KINDS_OF_SPACE] if slot == Slot.POST else None,
            "processors": chain_form.processor_options(slot),
        }
        for slot, text, blocks in board.slots()
    ]
    return {"board": board, "slots": slots, "has_captures": any(found.values())}


def embedded_board_context(request: HttpRequest, board: chain_form.ChainForm) -> dict[str, Any]:
    """For a board within another page, which stays there when a chain has been built."""
    return {**board_context(request, board), "is_embedded": True}


def described(chains: Any) -> list[dict[str, Any]]:
    """Chains with their blocks as people read them."""
    return [{"chain": chain, "gear": describe_chain(chain)} for chain in chains]


def block_options(
    request: HttpRequest,
    block: chain_form.BoardBlock,
    text: str = "",
    chosen: Iterable[Capture] = (),
) -> chain_form.CaptureOptions:
    kinds = chain_form.kinds_at(block.slot, is_space=block.is_space)
    return chain_form.capture_options(captures_to_choose(request.user, kinds, text), kinds, chosen)
