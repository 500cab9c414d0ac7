"""Drafts: keeping them, and the shootouts that are made of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from gear.models import Capture, SignalChain
from gear.services.chains import chain_create
from gear.tests.factories import block, make_capture
from gts.web.errors import ConflictError, InvalidInputError, LimitError, TooLargeError
from jobs.models import Job
from shootouts.models import Draft, Shootout
from shootouts.pages.tests.pages import make_track
from shootouts.services.drafts import (
    draft_create,
    draft_make,
    draft_of_shootout,
    draft_update,
    drafts_prune,
)
from shootouts.services.shootouts import shootout_delete
from shootouts.tests.draft_documents import document_with, slot_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def captures(alice: User) -> list[Capture]:
    """Two amps and a cab."""
    amps = [make_capture(alice, name=f"Amp {n}") for n in range(2)]
    return [*amps, make_capture(alice, "cab", name="Cab")]


@pytest.fixture
def document(alice: User, captures: list[Capture]) -> dict[str, Any]:
    *amps, cab = captures
    tracks = [make_track(alice, "Undertow")]
    return document_with(slot_of("amp", *amps), slot_of("cab", cab), tracks=tracks)


def labels(shootout: Shootout) -> list[str]:
    return list(shootout.contenders.values_list("label", flat=True))


def test_a_draft_becomes_a_shootout_with_its_chains_and_its_render(
    alice: User, document: dict[str, Any]
) -> None:
    document["options"]["slice_s"] = 8.0
    draft = draft_create(owner=alice, document=document)
    made = draft_make(draft=draft)
    assert made.shootout.title == "2 amps over Undertow"
    options = made.shootout.options
    assert (options.slice_s, options.has_video) == (8.0, False)
    assert labels(made.shootout) == ["Amp 0", "Amp 1"]
    names = set(SignalChain.objects.values_list("name", flat=True))
    assert names == {"2 amps over Undertow: Amp 0", "2 amps over Undertow: Amp 1"}
    assert made.job is not None
    assert made.shootout.latest_render is not None
    assert made.shootout.latest_render.job == made.job
    draft.refresh_from_db()
    assert (draft.state, draft.shootout) == ("made", made.shootout)


def test_a_second_call_finds_the_same_shootout(alice: User, document: dict[str, Any]) -> None:
    draft = draft_create(owner=alice, document=document)
    first, again = draft_make(draft=draft), draft_make(draft=draft)
    assert (again.shootout, again.job) == (first.shootout, first.job)
    assert (first.is_new, again.is_new) == (True, False)
    assert (Shootout.objects.count(), Job.objects.roots().count()) == (1, 1)


def test_equal_chains_are_taken_instead_of_made_twice(
    alice: User, captures: list[Capture], document: dict[str, Any]
) -> None:
    amp, _, cab = captures
    mine = chain_create(owner=alice, name="Mine", blocks=[block("amp", amp), block("cab", cab)])
    turned_down = [block("amp", amp), block("cab", cab, gain_db=-3.0)]
    chain_create(owner=alice, name="Not the same", blocks=turned_down)
    made = draft_make(draft=draft_create(owner=alice, document=document), is_rendered=False)
    assert made.shootout.contenders.all()[0].chain == mine
    assert labels(made.shootout) == ["Amp 0", "Amp 1"]
    assert made.job is None
    draft_make(draft=draft_create(owner=alice, document=document), is_rendered=False)
    assert SignalChain.objects.count() == 3


def test_a_change_afterwards_changes_the_same_shootout(
    alice: User, document: dict[str, Any]
) -> None:
    draft = draft_create(owner=alice, document=document)
    shootout = draft_make(draft=draft, is_rendered=False).shootout
    document["line_up"] = [{"cell": "amp2/cab1", "label": "Loud"}]
    draft = draft_update(draft=draft, document=document, title="Loud and clean")
    assert (draft.state, draft.revision, draft.title) == ("open", 2, "Loud and clean")
    made = draft_make(draft=draft, is_rendered=False)
    assert (made.shootout, made.shootout.title) == (shootout, "Loud and clean")
    assert labels(made.shootout) == ["Loud", "Amp 0"]


def test_the_line_up_of_a_shootout_is_edited_in_one_draft(
    alice: User, document: dict[str, Any]
) -> None:
    first = draft_create(owner=alice, document={**document, "title": "Amps"})
    shootout = draft_make(draft=first, is_rendered=False).shootout
    draft, is_new = draft_of_shootout(shootout=shootout)
    assert is_new
    assert draft_of_shootout(shootout=shootout) == (draft, False)
    chains = [str(each.chain.uuid) for each in shootout.contenders.all() if each.chain]
    assert draft.document["line_up"] == [
        {"chain_id": chains[0], "label": "Amp 0"},
        {"chain_id": chains[1], "label": "Amp 1"},
    ]
    assert draft.document["options"]["has_video"] is False
    made = draft_make(draft=draft, is_rendered=False)
    assert (made.shootout, labels(made.shootout)) == (shootout, ["Amp 0", "Amp 1"])
    assert SignalChain.objects.count() == 2


def test_a_draft_is_open_again_when_its_shootout_is_deleted(
    alice: User, document: dict[str, Any]
) -> None:
    draft = draft_create(owner=alice, document=document)
    shootout_delete(shootout=draft_make(draft=draft, is_rendered=False).shootout)
    draft.refresh_from_db()
    assert draft.state == "open"
    assert Draft.objects.in_state("open").get() == draft
    assert draft_make(draft=draft, is_rendered=False).is_new
    assert Draft.objects.in_state("made").get() == draft


def test_what_keeps_it_from_being_rendered_is_said_and_nothing_is_made(
    alice: User, document: dict[str, Any]
) -> None:
    draft = draft_create(owner=alice, document={**document, "di_tracks": []})
    with pytest.raises(InvalidInputError) as caught:
        draft_make(draft=draft)
    assert caught.value.code == "DRAFT_INCOMPLETE"
    assert [detail.pointer for detail in caught.value.details] == ["/document/di_tracks"]
    assert not SignalChain.objects.exists()


def test_a_render_that_may_not_be_queued_leaves_nothing(
    alice: User, document: dict[str, Any], settings: Settings
) -> None:
    settings.GTS_QUOTA_RENDERS_PER_DAY = 1
    draft_make(draft=draft_create(owner=alice, document=document))
    document["off"] = []
    document["title"] = "Another"
    document["slots"][1]["options"][0]["block"]["parameters"] = {"gain_db": 1}
    draft = draft_create(owner=alice, document=document)
    with pytest.raises(LimitError):
        draft_make(draft=draft)
    assert (Shootout.objects.count(), SignalChain.objects.count()) == (1, 2)
    draft.refresh_from_db()
    assert draft.shootout is None


def test_what_changes_nothing_makes_no_revision(alice: User, document: dict[str, Any]) -> None:
    draft = draft_create(owner=alice, document=document)
    assert draft_update(draft=draft, document=document).revision == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema_version": 2},
        {"unknown": 1},
        {"slots": [slot_of("amp"), slot_of("amp")]},
        {"slots": [{"id": "S 1", "slot": "amp", "options": []}]},
        {"line_up": [{"label": "neither"}]},
        {"line_up": [{"cell": "a1", "chain_id": "1f8a6d0e-52b4-4f0b-a2a4-5c1f1de0c104"}]},
        {"options": {"loudness": 1}},
        {"title": "\x00"},
        {"slots": [{"id": "s", "slot": "amp", "options": [{"id": "o", "block": {
            "processor": "gain", "parameters": {"gain_db": float("inf")}}}]}]},
    ],
)  # fmt: skip
def test_only_the_shape_is_checked_and_that_strictly(alice: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        draft_create(owner=alice, document={"schema_version": 1, **wrong})
    assert not Draft.objects.exists()


def test_a_text_about_an_escape_is_no_such_character(alice: User) -> None:
    draft = draft_create(owner=alice, document={"schema_version": 1, "title": r"\u0000"})
    assert draft.title == r"\u0000"


def test_there_are_limits(alice: User, charlie: User, settings: Settings) -> None:
    with pytest.raises(TooLargeError):
        draft_create(owner=alice, document={"schema_version": 1, "title": "x" * 300_000})
    settings.GTS_MAX_DRAFTS = 1
    draft_create(owner=alice, document={"schema_version": 1})
    with pytest.raises(ConflictError) as caught:
        draft_create(owner=alice, document={"schema_version": 1})
    assert caught.value.code == "TOO_MANY_DRAFTS"
    draft_create(owner=charlie, document={"schema_version": 1})


def test_what_no_one_has_touched_is_forgotten(alice: User, document: dict[str, Any]) -> None:
    old, young = (draft_create(owner=alice, document=document) for _ in range(2))
    shootout = draft_make(draft=old, is_rendered=False).shootout
    then = timezone.now() - timedelta(days=91)
    Draft.objects.filter(pk=old.pk).update(updated_at=then)
    assert drafts_prune(untouched_since=timezone.now() - timedelta(days=90)) == 1
    assert list(Draft.objects.all()) == [young]
    assert Shootout.objects.get() == shootout
