from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gear.chains.grammar import (
    AMP_CLASS,
    MAX_BLOCKS,
    SLOTS,
    ChainBlock,
    Guidance,
    guide_chain,
    validate_chain,
)
from gear.chains.tests.test_grammar import AMP, CAB, LOOP, PEDAL, POST, RIG, blocks_strategy, chain
from gear.chains.tests.test_grammar import good_chains as good_chains_strategy
from jobs.pipeline.vocabulary.gear import GearKind


def candidates(guidance: Guidance) -> list[ChainBlock]:
    return [
        block
        for following in guidance.next
        for block in (
            *(ChainBlock(following.slot, kind=kind) for kind in following.kinds),
            *(ChainBlock(following.slot, processor=name) for name in following.processors),
        )
    ]


@pytest.mark.parametrize(
    ("text", "slots", "words"),
    [
        ("", ["pre", "amp"], "a head or a full rig"),
        (PEDAL, ["pre", "amp"], "a head or a full rig"),
        (AMP, ["loop", "cab"], "in its FX loop"),
        (f"{AMP} {LOOP}", ["loop", "cab"], "in its FX loop"),
        (f"{AMP} {CAB}", ["post"], "effects may follow"),
        (RIG, ["post"], "effects may follow"),
        (f"{RIG} {POST}", ["post"], "effects may follow"),
        (f"{PEDAL} " * 15, ["amp"], "room for one block more: choose a full rig"),
        (f"{PEDAL} " * 16, [], "no room left for the amp"),
        (f"{PEDAL} " * 14 + AMP, ["cab"], "choose a cab IR"),
        (f"{PEDAL} " * 15 + AMP, [], "no room left for the cabinet"),
        (f"{RIG} " + f"{POST} " * 15, [], "it is full"),
        (CAB, [], "Put the amp before"),
        (f"{AMP} {POST}", [], "Put the cabinet before"),
        (f"{RIG} {CAB}", [], "Fix this first: A full rig has its cabinet baked in"),
        (f"!{AMP}", [], "Fix this first: The renderer cannot play"),
    ],
)
def test_what_may_come_next_and_one_sentence(text: str, slots: list[str], words: str) -> None:
    guidance = guide_chain(chain(text))
    assert [following.slot for following in guidance.next] == slots
    assert words in guidance.message
    assert guidance.is_complete == (validate_chain(chain(text)) == [])


def test_a_full_rig_is_what_fits_the_last_place() -> None:
    [following] = guide_chain(chain(f"{PEDAL} " * 15)).next
    assert (following.kinds, following.processors) == (("full_rig",), ())


def test_processors_are_offered_only_where_they_may_stand() -> None:
    [before, _] = guide_chain([]).next
    [after] = guide_chain(chain(RIG)).next
    assert "gain" in before.processors
    assert "reverb" not in before.processors
    assert "reverb" in after.processors


@settings(max_examples=50)  # each is up to 16 steps
@given(st.data())
def test_every_chain_built_by_following_the_guidance_is_valid(data: st.DataObject) -> None:
    """However one chooses, there is always a way on, until the chain is complete or full."""
    blocks: list[ChainBlock] = []
    while True:
        guidance = guide_chain(blocks)
        assert guidance.errors == ()
        assert guidance.is_complete == (validate_chain(blocks) == [])
        if guidance.is_complete and (len(blocks) == MAX_BLOCKS or data.draw(st.booleans())):
            break
        blocks.append(data.draw(st.sampled_from(candidates(guidance))))
    assert validate_chain(blocks) == []


@settings(max_examples=50)
@given(good_chains_strategy())
def test_every_chain_of_the_grammar_can_be_built_by_following_the_guidance(
    blocks: list[ChainBlock],
) -> None:
    for length, block in enumerate(blocks):
        assert block in candidates(guide_chain(blocks[:length]))
    assert guide_chain(blocks).is_complete


@given(st.lists(blocks_strategy, max_size=17))
def test_guidance_and_grammar_agree_on_any_chain(blocks: list[ChainBlock]) -> None:
    guidance = guide_chain(blocks)
    errors = validate_chain(blocks)
    assert guidance.is_complete == (errors == [])
    assert guidance.message.endswith(".")
    assert set(guidance.errors) <= set(errors)
    if guidance.errors:
        assert guidance.next == ()


# The codes of the grammar, said a second time: straight from their table -------------------------


def expected_counts(blocks: list[ChainBlock]) -> Counter[tuple[str, int | None]]:
    """Every finding but those about order, each with its position."""
    amps = [i for i, block in enumerate(blocks) if block.kind in AMP_CLASS]
    cabs = [i for i, block in enumerate(blocks) if block.kind == "cab"]
    found: list[tuple[str, int | None]] = [("MULTIPLE_AMPS", i) for i in amps[1:]]
    found += [("MULTIPLE_IRS", i) for i in cabs[1:]]
    found += [("UNSUPPORTED_CAPTURE", i) for i, b in enumerate(blocks) if not b.is_supported]
    if not amps:
        found.append(("NO_AMP", None))
    elif blocks[amps[0]].kind == "amp":
        found += [] if cabs else [("IR_REQUIRED", amps[0])]
    else:
        found += [("IR_FORBIDDEN", i) for i in cabs]
        found += [("LOOP_FORBIDDEN", i) for i, b in enumerate(blocks) if b.slot == "loop"]
    return Counter(found)


any_blocks = st.builds(
    ChainBlock,
    slot=st.sampled_from([*SLOTS, "nowhere"]),
    kind=st.sampled_from(sorted(GearKind.values)),
    is_supported=st.sampled_from([True, True, True, False]),
)


@given(st.lists(any_blocks | blocks_strategy, max_size=MAX_BLOCKS))
def test_every_code_stands_exactly_where_its_table_says(blocks: list[ChainBlock]) -> None:
    found = Counter((e.code, e.position) for e in validate_chain(blocks))
    order = {key: times for key, times in found.items() if key[0] == "INVALID_ORDER"}
    assert found - Counter(order) == expected_counts(blocks)


@given(st.lists(any_blocks | blocks_strategy, max_size=MAX_BLOCKS))
def test_without_the_blocks_that_are_pointed_at_nothing_is_wrong(blocks: list[ChainBlock]) -> None:
    """So every mistake is pointed at. What is left may miss an amp or a cab, but holds no error."""
    pointed = {e.position for e in validate_chain(blocks) if e.code != "IR_REQUIRED"}
    left = [block for position, block in enumerate(blocks) if position not in pointed]
    assert {error.code for error in validate_chain(left)} <= {"NO_AMP", "IR_REQUIRED"}


@given(st.lists(blocks_strategy, max_size=MAX_BLOCKS))
def test_a_block_is_pointed_at_for_its_place_only_if_it_is_wrong_there(
    blocks: list[ChainBlock],
) -> None:
    """Nothing of that kind fits the place, or something of a later place stands before it."""
    for error in validate_chain(blocks):
        if error.code == "INVALID_ORDER":
            assert error.position is not None
            block = blocks[error.position]
            fits = bool(guide_alone(block))
            later = [
                other
                for other in blocks[: error.position]
                if other.slot in SLOTS and SLOTS.index(other.slot) > place_of(block)
            ]
            assert not fits or later


def guide_alone(block: ChainBlock) -> bool:
    """Whether a block may stand at its place in some chain."""
    if block.slot not in SLOTS:
        return False
    before: dict[str, str] = {"loop": AMP, "cab": AMP, "post": RIG}
    return block in candidates(guide_chain(chain(before.get(block.slot, ""))))


def place_of(block: ChainBlock) -> int:
    return SLOTS.index(block.slot) if block.slot in SLOTS else len(SLOTS)
