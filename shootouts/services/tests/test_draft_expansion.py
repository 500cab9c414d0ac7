"""What becomes of a draft: cells, what the grammar says at a slot, the line-up, the title."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gear.models import Capture
from gear.services.chains import chain_create
from gear.tests.factories import block, make_capture, make_chain
from shootouts.models import DITrack
from shootouts.pages.tests.pages import make_track
from shootouts.services.draft_document import document_read
from shootouts.services.draft_expansion import Expansion, draft_expand
from shootouts.tests.draft_documents import document_with, slot_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def track(alice: User) -> DITrack:
    return make_track(alice, "Undertow")


@pytest.fixture
def amps(alice: User) -> list[Capture]:
    return [make_capture(alice, name=f"Amp {n}") for n in range(3)]


@pytest.fixture
def cabs(alice: User) -> list[Capture]:
    return [make_capture(alice, "cab", name=f"Cab {n}") for n in range(3)]


def expanded(owner: User, document: dict[str, Any]) -> Expansion:
    return draft_expand(owner, document_read(document))


def labels(expansion: Expansion) -> list[str]:
    return [each.label for each in expansion.line_up]


def problems(expansion: Expansion) -> list[str]:
    return [problem.message for problem in expansion.problems]


def guidance(expansion: Expansion) -> dict[str, tuple[str, bool]]:
    return {slot.id: (slot.message, slot.allows_none) for slot in expansion.cells.slots}


def test_three_amps_and_three_cabs_are_nine_chains(
    alice: User,
    track: DITrack,
    amps: list[Capture],
    cabs: list[Capture],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    document = document_with(slot_of("amp", *amps), slot_of("cab", *cabs), tracks=[track])
    with django_assert_max_num_queries(6):
        found = expanded(alice, document)
    assert [cell.key for cell in found.cells.cells][:4] == [
        "amp1/cab1", "amp1/cab2", "amp1/cab3", "amp2/cab1",
    ]  # fmt: skip
    assert found.cells.cells[3].label == "Amp 1 + Cab 0"
    assert found.cells.cells[3].names == ("Amp 1", "Cab 0")
    assert all(cell.is_valid and cell.is_on for cell in found.cells.cells)
    assert len(found.line_up) == 9
    assert problems(found) == []
    assert found.auto_title == "3 amps × 3 cabs over Undertow"


def test_what_is_switched_off_does_not_play_and_order_and_labels_are_kept(
    alice: User, amps: list[Capture], cabs: list[Capture]
) -> None:
    document = document_with(
        slot_of("amp", *amps[:2]),
        slot_of("cab", *cabs[:2]),
        off=["amp1/cab2", "gone/cab1"],
        line_up=[
            {"cell": "amp2/cab2", "label": "Best"},
            {"cell": "amp1/cab2", "label": "Off"},
            {"cell": "gone/cab1"},
            {"cell": "amp2/cab2", "label": "Again"},
        ],
    )
    found = expanded(alice, document)
    assert labels(found) == ["Best", "Amp 0 + Cab 0", "Amp 1 + Cab 0"]
    assert [cell.is_on for cell in found.cells.cells] == [True, False, True, True]


def test_what_the_grammar_rules_out_is_left_out_and_said_at_the_slot(
    alice: User, track: DITrack, amps: list[Capture], cabs: list[Capture]
) -> None:
    rig = make_capture(alice, "full_rig", name="Rig")
    slots = slot_of("amp", amps[0], rig), slot_of("cab", cabs[0], None)
    found = expanded(alice, document_with(*slots, tracks=[track]))
    assert labels(found) == ["Amp 0 + Cab 0", "Rig"]
    assert problems(found) == []
    head_alone = found.cells.cells[1]
    assert [(e.code, e.slot_id, e.option_id) for e in head_alone.errors] == [
        ("IR_REQUIRED", "cab", "cab2")
    ]
    assert guidance(found) == {
        "amp": ("", False),
        "cab": ("2 of 4 chains cannot be played: An amp head needs a cabinet: add a cab IR.", True),
    }


def test_slots_say_what_they_need(alice: User, amps: list[Capture], cabs: list[Capture]) -> None:
    assert guidance(expanded(alice, document_with(slot_of("amp"), slot_of("cab")))) == {
        "amp": ("Choose the amp, a head or a full rig.", False),
        "cab": ("", True),
    }
    assert guidance(expanded(alice, document_with(slot_of("amp", amps[0]), slot_of("cab")))) == {
        "amp": ("", False),
        "cab": ("The amp head needs a cabinet: choose a cab IR.", False),
    }
    document = document_with(slot_of("pre", None), slot_of("amp", amps[0], None))
    assert guidance(expanded(alice, document))["pre"] == ("", True)
    assert guidance(expanded(alice, document))["amp"] == (
        "Every chain needs an amp: this slot cannot be empty.", False,
    )  # fmt: skip
    late = document_with(slot_of("cab", cabs[0]), slot_of("amp", amps[0]))
    assert "cannot stand after" in guidance(expanded(alice, late))["amp"][0]


def test_an_amp_with_its_own_cab_needs_none(alice: User, cabs: list[Capture]) -> None:
    combo = make_capture(alice, name="Combo", info={"metadata": {"gear_type": "amp_cab"}})
    found = expanded(alice, document_with(slot_of("amp", combo), slot_of("cab", cabs[0], None)))
    assert guidance(found)["cab"] == ("", True)
    assert labels(found) == ["Cab 0", "Without Cab 0"]


def test_what_is_broken_is_a_problem_and_not_left_out(
    alice: User, track: DITrack, amps: list[Capture], cabs: list[Capture]
) -> None:
    amp = slot_of("amp", *amps[:2])
    amp["options"][1]["block"]["capture_id"] = str(uuid4())
    cab = slot_of("cab", *cabs[:2])
    cab["options"][0]["block"]["parameters"] = {"gain_db": 99}
    found = expanded(alice, document_with(amp, cab, tracks=[track]))
    assert problems(found) == [
        "Cab 0: gain_db must be from -24 to 24 dB.",
        "Deleted capture: Capture not found.",
    ]
    assert [each.is_valid for each in found.line_up] == [False, True, False, False]
    off = ["amp1/cab1", "amp2/cab1", "amp2/cab2"]
    found = expanded(alice, document_with(amp, cab, tracks=[track], off=off))
    assert problems(found) == ["Add one more chain: there is nothing to compare the one with."]


def test_captures_of_strangers_are_not_there(
    alice: User, charlie: User, cabs: list[Capture]
) -> None:
    secret = make_capture(charlie, name="Secret")
    found = expanded(alice, document_with(slot_of("amp", secret), slot_of("cab", cabs[0])))
    assert [error.code for error in found.cells.cells[0].errors] == ["NOT_FOUND"]
    assert "Secret" not in repr(found)


def test_more_chains_than_are_shown_are_counted(
    alice: User, amps: list[Capture], cabs: list[Capture]
) -> None:
    many = ["gain"] * 6
    document = document_with(
        slot_of("pre", *many), slot_of("amp", *amps), slot_of("cab", *cabs), slot_of("post", *many)
    )
    found = expanded(alice, document)
    assert (found.cells.num_cells, found.cells.cells) == (324, ())
    assert "The options make 324 chains, and 108 can be shown: remove some of them." in problems(
        found
    )


def test_more_than_a_shootout_takes_can_be_switched_off(
    alice: User, track: DITrack, amps: list[Capture], cabs: list[Capture]
) -> None:
    pedals = slot_of("pre", None, "gain", "compressor", "noise_gate")
    document = document_with(pedals, slot_of("amp", *amps), slot_of("cab", *cabs), tracks=[track])
    found = expanded(alice, document)
    assert problems(found) == [
        "These are 36 chains; a shootout takes at most 27. Switch some of them off."
    ]
    document["off"] = [cell.key for cell in found.cells.cells[:9]]
    assert problems(expanded(alice, document)) == []


def test_saved_chains_play_beside_cells_and_equal_ones_are_told(
    alice: User, track: DITrack, amps: list[Capture], cabs: list[Capture]
) -> None:
    saved = make_chain(alice, "My crunch")
    blocks = [block("amp", amps[0]), block("cab", cabs[0])]
    equal = chain_create(owner=alice, name="The same", blocks=blocks)
    slots = slot_of("amp", *amps[:2]), slot_of("cab", cabs[0])
    document = document_with(*slots, tracks=[track], chains=[saved])
    found = expanded(alice, document)
    assert labels(found) == ["My crunch", "Amp 0", "Amp 1"]
    assert found.auto_title == "2 amps + 1 chain over Undertow"
    document["line_up"].append({"chain_id": str(equal.uuid)})
    assert problems(expanded(alice, document)) == [
        "“The same” and “Amp 0” are the same chain: remove one of them."
    ]
    document["line_up"] = [{"chain_id": str(uuid4()), "label": "Old"}]
    assert problems(expanded(alice, document)) == ["Old: This chain was deleted."]


@pytest.mark.parametrize(
    ("pre", "num_cabs", "title"),
    [
        ([None, "gain"], 1, "Amp 0 with and without Gain over Undertow"),
        ([None, "gain"], 2, "Amp 0 × 2 cabs with and without Gain over Undertow"),
        (["gain", "compressor"], 1, "2 pedals × Amp 0 over Undertow"),
        ([], 1, "Amp 0 over Undertow"),
    ],
)
def test_titles_are_short(
    alice: User,
    track: DITrack,
    amps: list[Capture],
    cabs: list[Capture],
    pre: list[str | None],
    num_cabs: int,
    title: str,
) -> None:
    slots = slot_of("pre", *pre), slot_of("amp", amps[0]), slot_of("cab", *cabs[:num_cabs])
    assert expanded(alice, document_with(*slots, tracks=[track])).auto_title == title


def test_an_empty_draft_says_what_is_missing(alice: User) -> None:
    found = expanded(alice, {"schema_version": 1})
    assert problems(found) == ["Choose a DI track.", "Add at least two chains."]
    assert found.auto_title == ""
