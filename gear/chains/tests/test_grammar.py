from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gear.chains.grammar import (
    EFFECT_SLOTS,
    MAX_BLOCKS,
    NOT_BEFORE_AMP,
    SLOTS,
    ChainBlock,
    validate_chain,
)
from jobs.pipeline.effects.blocks import BLOCK_TYPES
from jobs.pipeline.vocabulary.gear import GearKind, Slot

# A chain in shorthand: "slot:kind", or "slot=processor"; "!" in front is not supported.
AMP, RIG, CAB = "amp:amp", "amp:full_rig", "cab:cab"
PEDAL, LOOP, POST = "pre:pedal", "loop:outboard", "post:pedal"


def chain(text: str) -> list[ChainBlock]:
    blocks = []
    for word in text.split():
        slot, sign, name = re.split("([:=])", word.lstrip("!"))
        is_processor = sign == "="
        blocks.append(
            ChainBlock(
                slot=slot,
                kind="" if is_processor else name,
                processor=name if is_processor else "",
                is_supported=not word.startswith("!"),
            )
        )
    return blocks


@pytest.mark.parametrize(
    "text",
    [
        RIG,
        f"{AMP} {CAB}",
        f"{PEDAL} pre=gain pre=gain {AMP} {LOOP} loop=reverb {CAB} post=limiter {POST}",
        f"{PEDAL} {RIG} post=delay",
        f"pre=high_pass {AMP} {CAB} post=reverb",
        f"{PEDAL} " * 14 + f"{AMP} {CAB}",
    ],
)
def test_good_chains_have_no_errors(text: str) -> None:
    assert validate_chain(chain(text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("NO_AMP", None)]),
        (CAB, [("NO_AMP", None)]),
        (f"{PEDAL} {CAB} {POST}", [("NO_AMP", None)]),
        (f"{CAB} {CAB}", [("NO_AMP", None), ("MULTIPLE_IRS", 1)]),
        (f"{AMP} {AMP} {CAB}", [("MULTIPLE_AMPS", 1)]),
        (f"{RIG} {RIG} {RIG}", [("MULTIPLE_AMPS", 1), ("MULTIPLE_AMPS", 2)]),
        (f"{RIG} {AMP}", [("MULTIPLE_AMPS", 1)]),
        (AMP, [("IR_REQUIRED", 0)]),
        (f"{PEDAL} {AMP} {LOOP} {POST}", [("IR_REQUIRED", 1)]),
        (f"{AMP} {RIG}", [("IR_REQUIRED", 0), ("MULTIPLE_AMPS", 1)]),
        (f"{RIG} {CAB}", [("IR_FORBIDDEN", 1)]),
        (
            f"{RIG} {CAB} {CAB}",
            [("IR_FORBIDDEN", 1), ("IR_FORBIDDEN", 2), ("MULTIPLE_IRS", 2)],
        ),
        (f"{AMP} {CAB} {CAB} {CAB}", [("MULTIPLE_IRS", 2), ("MULTIPLE_IRS", 3)]),
        (f"{RIG} {LOOP} loop=gain", [("LOOP_FORBIDDEN", 1), ("LOOP_FORBIDDEN", 2)]),
        (f"{AMP} {PEDAL} {CAB}", [("INVALID_ORDER", 1)]),
        (f"{POST} {AMP} {CAB}", [("INVALID_ORDER", 1), ("INVALID_ORDER", 2)]),
        (f"{CAB} {AMP}", [("INVALID_ORDER", 1)]),
        (f"{AMP} {CAB} {LOOP}", [("INVALID_ORDER", 2)]),
        # In the right order, but not what belongs there.
        (f"pre:amp {CAB}", [("INVALID_ORDER", 0)]),
        ("post:full_rig", [("INVALID_ORDER", 0)]),
        (f"{AMP} loop:cab", [("INVALID_ORDER", 1)]),
        (f"amp:pedal {CAB}", [("NO_AMP", None), ("INVALID_ORDER", 0)]),
        (f"{RIG} cab:pedal", [("INVALID_ORDER", 1)]),
        (f"amp=gain {AMP} {CAB}", [("INVALID_ORDER", 0)]),
        (f"pre:space {RIG}", [("INVALID_ORDER", 0)]),
        (f"pre=limiter pre=delay pre=reverb {RIG}", [("INVALID_ORDER", i) for i in range(3)]),
        (f"middle:pedal {RIG}", [("INVALID_ORDER", 0)]),
        (f"{PEDAL} " * 17 + RIG, [("INVALID_ORDER", MAX_BLOCKS)]),
        (f"!{AMP} {CAB}", [("UNSUPPORTED_CAPTURE", 0)]),
        (
            f"!{CAB} !{RIG} {RIG} {LOOP} post:amp",
            [
                ("IR_FORBIDDEN", 0),
                ("UNSUPPORTED_CAPTURE", 0),
                ("INVALID_ORDER", 1),
                ("UNSUPPORTED_CAPTURE", 1),
                ("MULTIPLE_AMPS", 2),
                ("INVALID_ORDER", 2),
                ("INVALID_ORDER", 3),
                ("LOOP_FORBIDDEN", 3),
                ("MULTIPLE_AMPS", 4),
                ("INVALID_ORDER", 4),
            ],
        ),
        # A capture that is gone is judged by its place.
        (f"!amp: {CAB}", [("UNSUPPORTED_CAPTURE", 0)]),
        (f"{AMP} !cab:", [("UNSUPPORTED_CAPTURE", 1)]),
    ],
)
def test_every_mistake_is_found(text: str, expected: list[tuple[str, int | None]]) -> None:
    found = [(error.code, error.position) for error in validate_chain(chain(text))]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert [position or 0 for _, position in found] == sorted(
        position or 0 for _, position in found
    )


def test_each_kind_of_gear_has_a_slot() -> None:
    assert {kind for slot in Slot for kind in slot.kinds} == set(GearKind)


def test_processors_stand_where_the_renderer_takes_them() -> None:
    for name, block_type in BLOCK_TYPES.items():
        refused = {
            slot
            for slot in EFFECT_SLOTS
            if any(
                error.code == "INVALID_ORDER" and error.position == 0
                for error in validate_chain([ChainBlock(slot=slot, processor=name)])
            )
        }
        assert refused == EFFECT_SLOTS - set(block_type.places), name


blocks_strategy = st.builds(
    ChainBlock,
    slot=st.sampled_from([*SLOTS, "nowhere"]),
    kind=st.sampled_from(["amp", "full_rig", "pedal", "outboard", "cab", "space"]),
) | st.builds(
    ChainBlock,
    slot=st.sampled_from(SLOTS),
    processor=st.sampled_from(["gain", "delay", "limiter", "high_pass"]),
)

_LETTERS = {"amp": "a", "full_rig": "r", "cab": "c"}


def is_good(blocks: list[ChainBlock]) -> bool:
    """The grammar said a second time, as a regular expression over what stands where."""
    sentence = ""
    for block in blocks:
        if block.processor:
            fits = block.slot in EFFECT_SLOTS
            fits &= block.slot != "pre" or block.processor not in NOT_BEFORE_AMP
        else:
            fits = block.slot in SLOTS and block.kind in Slot(block.slot).kinds
        effect = {"pre": "1", "loop": "2", "post": "3"}.get(block.slot, "?")
        sentence += _LETTERS.get(block.kind, effect) if fits else "?"
    return len(blocks) <= 16 and re.fullmatch("1*(a2*c|r)3*", sentence) is not None


def good_chains() -> st.SearchStrategy[list[ChainBlock]]:
    def effects(slot: str) -> st.SearchStrategy[list[ChainBlock]]:
        kinds = st.sampled_from(["pedal", "outboard"])
        return st.lists(st.builds(ChainBlock, slot=st.just(slot), kind=kinds), max_size=4)

    amp, rig, cab = (chain(text) for text in (AMP, RIG, CAB))
    middle = effects("loop").map(lambda loop: [*amp, *loop, *cab]) | st.just(rig)
    return st.tuples(effects("pre"), middle, effects("post")).map(
        lambda parts: [block for part in parts for block in part]
    )


@given(good_chains())
def test_every_chain_of_the_grammar_is_accepted(blocks: list[ChainBlock]) -> None:
    assert is_good(blocks)
    assert validate_chain(blocks) == []


@given(st.lists(blocks_strategy, max_size=18))
def test_no_other_chain_is_accepted(blocks: list[ChainBlock]) -> None:
    assert (validate_chain(blocks) == []) == is_good(blocks)


@given(st.lists(blocks_strategy, max_size=18))
def test_no_finding_is_made_twice_or_outside_of_the_chain(blocks: list[ChainBlock]) -> None:
    errors = validate_chain(blocks)
    assert len({(error.code, error.position) for error in errors}) == len(errors)
    assert all(error.position is None or error.position < len(blocks) for error in errors)


@given(good_chains(), st.data())
def test_a_good_chain_with_one_block_out_of_place_is_pointed_at(
    blocks: list[ChainBlock], data: st.DataObject
) -> None:
    """A pedal for the front that is put in anywhere after the amp is found where it stands."""
    amp = next(i for i, block in enumerate(blocks) if block.slot == "amp")
    position = data.draw(st.integers(amp + 1, len(blocks)))
    worse = [*blocks[:position], ChainBlock(slot="pre", kind="pedal"), *blocks[position:]]
    found = [(error.code, error.position) for error in validate_chain(worse)]
    assert ("INVALID_ORDER", position) in found
