from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gear.chains.grammar import MAX_BLOCKS, ChainBlock, validate_chain
from gear.chains.permutations import (
    MAX_LABEL,
    MAX_PERMUTATIONS,
    NOTHING,
    GroupSlot,
    Option,
    TooManyPermutationsError,
    check_slots,
    count_permutations,
    expand,
)


def option(text: str, detail: str = "") -> Option:
    """``slot:kind:name``, or ``slot=processor:name``; an empty text is nothing."""
    if not text:
        return NOTHING
    if "=" in text:
        slot, rest = text.split("=")
        processor, name = rest.split(":")
        return Option(ChainBlock(slot, processor=processor), name, detail)
    slot, kind, name = text.split(":")
    return Option(ChainBlock(slot, kind), name, detail)


def slots(*groups: str) -> list[GroupSlot]:
    """Options of a slot are divided by ``|``."""
    return [GroupSlot(tuple(option(text) for text in group.split("|"))) for group in groups]


def labels(*groups: str) -> list[str]:
    return [permutation.label for permutation in expand(slots(*groups))]


JCM, PLEXI, RIG = "amp:amp:JCM800", "amp:amp:Plexi", "amp:full_rig:Rig"
V30, GREEN = "cab:cab:V30", "cab:cab:Greenback"
TS, KLON = "pre:pedal:TS808", "pre:pedal:Klon"


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        # What is common to all is not said.
        ((TS, JCM, f"{V30}|{GREEN}"), ["V30", "Greenback"]),
        (
            (f"{JCM}|{PLEXI}", f"{V30}|{GREEN}"),
            ["JCM800 + V30", "JCM800 + Greenback", "Plexi + V30", "Plexi + Greenback"],
        ),
        ((f"{TS}|", f"{JCM}|{PLEXI}", V30), ["TS808 + JCM800", "TS808 + Plexi", "JCM800", "Plexi"]),
        # Where nothing is left to say, what is missing is said.
        ((f"|{TS}", JCM, V30), ["Without TS808", "TS808"]),
        ((f"{TS}|{KLON}|", RIG), ["TS808", "Klon", "Without effects"]),
        ((RIG, f"{V30}|"), ["V30", "Without V30"]),
        ((RIG, f"{V30}||{GREEN}"), ["V30", "Without cab", "Greenback"]),
        # The same name at two places, and twice at one.
        (
            ("pre=gain:Gain|", RIG, "post=gain:Gain|"),
            ["Gain + Gain", "Gain + –", "– + Gain", "Without effects"],
        ),
        ((f"{JCM}|{JCM}|{PLEXI}", V30), ["JCM800", "JCM800 #2", "Plexi"]),
        (("amp:amp:A|amp:amp:A|amp:amp:A #2", V30), ["A", "A #3", "A #2"]),
        (
            ("amp:amp:A|amp:amp:A + B", "cab:cab:B + C|cab:cab:C"),
            ["A + B + C", "A + C", "A + B + B + C", "A + B + C #2"],
        ),
        # One chain: there is nothing to tell it from.
        ((TS, JCM, V30), ["JCM800 + V30"]),
        ((TS,), ["TS808"]),
        (("amp:amp: ", V30), ["amp + V30"]),
        (("",), ["Empty chain"]),
        ((), []),
    ],
)
def test_labels_say_what_differs(groups: tuple[str, ...], expected: list[str]) -> None:
    assert labels(*groups) == expected


def test_details_tell_options_of_one_name_apart() -> None:
    gain = "pre=gain:Gain"
    three, six = option(gain, "Gain +3 dB"), option(gain, "Gain +6 dB")
    group = [GroupSlot((three, six, option(TS, "clean"), three)), *slots(RIG)]
    assert [permutation.label for permutation in expand(group)] == [
        "Gain (Gain +3 dB)",
        "Gain (Gain +6 dB)",
        "TS808",
        "Gain (Gain +3 dB) #2",
    ]


def test_each_chain_has_its_own_mistakes_which_lead_back_to_the_slots() -> None:
    group = slots(f"|{TS}", f"{JCM}|{RIG}", f"{V30}|", "post=limiter:Limiter")
    expanded = expand(group)
    assert [[(e.code, e.position) for e in each.errors] for each in expanded] == [
        [],
        [("IR_REQUIRED", 0)],
        [("IR_FORBIDDEN", 1)],
        [],
        [],
        [("IR_REQUIRED", 1)],
        [("IR_FORBIDDEN", 2)],
        [],
    ]
    assert [each.is_valid for each in expanded] == [not each.errors for each in expanded]
    assert expanded[5].slots == (0, 1, 3)
    assert expanded[5].choices == (1, 0, 1, 0)
    assert expanded[2].slots == (1, 2, 3)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((), [("NO_SLOTS", None, None)]),
        ((TS, f"{JCM}|{RIG}", f"{V30}|"), []),
        ((f"{TS}|", JCM, V30, "post=reverb:Reverb|"), []),
        ((f"{JCM}|", V30), [("NOTHING_NOT_ALLOWED", 0, 1)]),
        ((f"{JCM}|{PLEXI}", f"|{V30}"), [("NOTHING_NOT_ALLOWED", 1, 0)]),
        ((f"{JCM}|", f"|{V30}"), [("NOTHING_NOT_ALLOWED", 0, 1), ("NOTHING_NOT_ALLOWED", 1, 0)]),
        # Of an amp whose capture is gone no one knows whether it needs a cab.
        (("amp::Gone", f"|{V30}"), []),
        # Two places for a cab: one of them is enough.
        ((JCM, f"{V30}|", f"{GREEN}|"), []),
        ((f"{TS}||", RIG), [("NOTHING_TWICE", 0, 2)]),
        (("", RIG), [("NOTHING_NOT_ALLOWED", 0, 0)]),
        ((*[TS] * MAX_BLOCKS, RIG), [("TOO_MANY_SLOTS", None, None)]),
    ],
)
def test_slots_that_cannot_be_used_are_pointed_at(
    groups: tuple[str, ...], expected: list[tuple[str, int | None, int | None]]
) -> None:
    found = check_slots(slots(*groups))
    assert [(error.code, error.slot, error.option) for error in found] == expected
    assert all(error.message for error in found)


def test_a_slot_without_options_makes_no_chain() -> None:
    group = [*slots(RIG), GroupSlot(())]
    assert expand(group) == []
    assert [(error.code, error.slot) for error in check_slots(group)] == [("NO_OPTIONS", 1)]


def test_too_many_chains_are_refused_with_their_number() -> None:
    three = "|".join([TS, KLON, ""])
    group = slots(three, f"{JCM}|{PLEXI}|{RIG}", f"{V30}|{GREEN}|")
    assert len(expand(group)) == MAX_PERMUTATIONS == 27
    with pytest.raises(TooManyPermutationsError, match="54") as caught:
        expand([*group, *slots("post=reverb:Reverb|")])
    assert (caught.value.count, caught.value.limit) == (54, 27)
    with pytest.raises(TooManyPermutationsError, match="27 chains; at most 26"):
        expand(group, limit=26)


def test_a_flood_of_chains_is_counted_and_not_made() -> None:
    """16 slots of 27 options would not fit into any memory."""
    group = slots(*["|".join([TS] * 27)] * MAX_BLOCKS)
    assert count_permutations(group) == 27**MAX_BLOCKS
    with pytest.raises(TooManyPermutationsError):
        expand(group)


_SLOT_NAMES = ("pre", "amp", "loop", "cab", "post")
_KINDS = ("amp", "full_rig", "pedal", "outboard", "cab", "space", "")
_blocks = st.builds(ChainBlock, slot=st.sampled_from(_SLOT_NAMES), kind=st.sampled_from(_KINDS))
_options = st.just(NOTHING) | st.builds(
    Option,
    block=_blocks,
    name=st.sampled_from(["A", "B", "A + B", "A #2", "x" * 150, " "]),
    detail=st.sampled_from(["", "1", "2"]),
)
_groups = st.lists(
    st.lists(_options, max_size=4).map(lambda options: GroupSlot(tuple(options))), max_size=5
).filter(lambda group: count_permutations(group) <= MAX_PERMUTATIONS)


def brute_force(group: list[GroupSlot]) -> list[list[Option]]:
    """Counting up like a clock: the last slot first."""
    if not group or any(not slot.options for slot in group):
        return []
    digits = [0] * len(group)
    chains = []
    while True:
        chains.append([slot.options[digit] for slot, digit in zip(group, digits, strict=True)])
        place = len(group) - 1
        while place >= 0 and digits[place] == len(group[place].options) - 1:
            digits[place] = 0
            place -= 1
        if place < 0:
            return chains
        digits[place] += 1


@given(_groups)
def test_the_expansion_equals_the_brute_force_product(group: list[GroupSlot]) -> None:
    expanded = expand(group)
    expected = brute_force(group)
    assert len(expanded) == count_permutations(group) == len(expected)
    for permutation, chosen in zip(expanded, expected, strict=True):
        blocks = [option.block for option in chosen if option.block is not None]
        assert list(permutation.blocks) == blocks
        assert list(permutation.errors) == validate_chain(blocks)
        taken = [
            slot.options[choice] for slot, choice in zip(group, permutation.choices, strict=True)
        ]
        assert taken == chosen
        assert [group[s].options[permutation.choices[s]].block for s in permutation.slots] == blocks


@given(_groups)
def test_labels_are_distinct_and_fit(group: list[GroupSlot]) -> None:
    found = [permutation.label for permutation in expand(group)]
    assert [label for label, times in Counter(found).items() if times > 1] == []
    assert all(label.strip() == label and 0 < len(label) <= MAX_LABEL for label in found)


@given(st.permutations(["TS808", "JCM800", "V30", "Klon", "Plexi"]), st.data())
def test_labels_never_name_what_all_have(names: list[str], data: st.DataObject) -> None:
    """Fixed slots are in every chain, so their names are in no label, once anything varies."""
    group = []
    fixed = set()
    for name in names:
        num_options = data.draw(st.integers(1, 2))
        block = ChainBlock("pre", "pedal")
        options = [Option(block, name), Option(block, f"other {name}")][:num_options]
        group.append(GroupSlot(tuple(options)))
        if num_options == 1:
            fixed.add(name)
    expanded = expand(group, limit=32)
    if len(expanded) > 1:
        assert not [each.label for each in expanded for name in fixed if name in each.label]


_fitting = {
    "pre": [option(TS), option(KLON), option("pre=gain:Gain")],
    "amp": [option(JCM), option(PLEXI), option(RIG)],
    "loop": [option("loop=reverb:Reverb")],
    "cab": [option(V30), option(GREEN)],
    "post": [option("post:pedal:Desk")],
}
_fitting_groups = (
    st.lists(
        st.sampled_from(sorted(_fitting)).flatmap(
            lambda slot: st.lists(
                st.sampled_from([*_fitting[slot], NOTHING]), min_size=1, max_size=3, unique=True
            )
        ),
        max_size=5,
    )
    .map(lambda group: [GroupSlot(tuple(options)) for options in group])
    .filter(lambda group: count_permutations(group) <= MAX_PERMUTATIONS)
)


@given(_fitting_groups)
def test_an_empty_slot_is_refused_only_where_it_never_makes_a_chain(group: list[GroupSlot]) -> None:
    """Apart from the amp's, which may never be empty."""
    for error in check_slots(group):
        slot = error.slot
        if slot is None or error.code != "NOTHING_NOT_ALLOWED":
            continue
        places = {each.block.slot for each in group[slot].options if each.block}
        if places and "amp" not in places:
            empty = [each for each in expand(group) if each.choices[slot] == error.option]
            assert not [each for each in empty if each.is_valid]
