"""Where things are used, and what deleting them touches."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gear.models import SignalChain
from gear.services.chains import preset_create
from gear.services.library import gear_tags_set, tag_create
from gear.tests.factories import make_capture, make_chain
from gts.web.errors import NotFoundError
from shootouts.models import Contender, Shootout, ShootoutDI
from shootouts.pages.tests.pages import make_draft, make_track
from shootouts.services.comments import comment_create
from shootouts.tests.factories import make_published
from shootouts.uses import deletion_text, uses_of_chain, uses_of_di_track, uses_of_gear

pytestmark = pytest.mark.django_db


def put_in(shootout: Shootout, chain: SignalChain, position: int = 0) -> None:
    Contender.objects.create(shootout=shootout, chain=chain, position=position, label="A")


def said(user: User, kind: str, uuid: UUID) -> str:
    return deletion_text(user, kind, uuid)


def test_gear_is_used_by_chains_and_by_their_shootouts(alice: User, charlie: User) -> None:
    chain = make_chain(alice, "Plexi + V30")
    amp = chain.blocks.get(slot="amp").capture
    assert amp is not None
    draft = make_draft(alice, title="Amps")
    put_in(draft, chain)
    put_in(draft, chain, 1)
    uses = uses_of_gear(alice, amp.gear)
    assert (list(uses.chains), list(uses.shootouts)) == ([chain], [draft])
    assert not uses_of_gear(charlie, amp.gear)
    assert said(alice, "gear", amp.gear.uuid) == (
        "“Plexi + V30” cannot be played without it. What was rendered stays."
    )
    unused = make_capture(alice, name="Spare")
    assert said(alice, "gear", unused.gear.uuid).startswith("No chain of yours uses it.")


def test_many_are_counted(alice: User) -> None:
    chain = make_chain(alice)
    for number in range(3):
        put_in(make_draft(alice, title=f"S {number}"), chain)
    assert said(alice, "chain", chain.uuid) == (
        "3 shootouts cannot be re-rendered with it. What was rendered stays."
    )
    for number in range(20):
        put_in(make_draft(alice, title=f"T {number}"), chain)
    assert said(alice, "chain", chain.uuid).startswith("More than 20 shootouts cannot")
    assert len(uses_of_chain(chain).shootouts) == 21


def test_a_di_track(alice: User) -> None:
    track = make_track(alice)
    assert said(alice, "di", track.uuid) == "No shootout of yours uses it."
    draft = make_draft(alice, title="Amps")
    ShootoutDI.objects.create(shootout=draft, di_track=track, position=0)
    assert list(uses_of_di_track(track).shootouts) == [draft]
    assert said(alice, "di", track.uuid).startswith("“Amps” cannot be re-rendered with it.")


def test_a_shootout_takes_its_renders_and_comments_along(alice: User) -> None:
    assert said(alice, "shootout", make_draft(alice).uuid) == "Its DI tracks and chains stay."
    shootout = make_published(alice)
    assert said(alice, "shootout", shootout.uuid).startswith("1 render goes with it.")
    comment_create(shootout=shootout, author=alice, text="Nice")
    comment_create(shootout=shootout, author=alice, text="Very")
    assert said(alice, "shootout", shootout.uuid).startswith("1 render and 2 comments go with it.")


def test_tags_and_presets(alice: User) -> None:
    tag = tag_create(owner=alice, name="crunch")
    assert said(alice, "tag", tag.uuid) == "It is on no gear."
    gear_tags_set(user=alice, item=make_capture(alice).gear, names=["crunch"])
    assert said(alice, "tag", tag.uuid).startswith("It is taken off 1 piece of gear.")
    preset = preset_create(owner=alice, processor="gain", name="Boost", parameters={})
    assert "stay as they are" in said(alice, "preset", preset.uuid)


@pytest.mark.parametrize("kind", ["gear", "chain", "chain-group", "di", "shootout", "tag", "x"])
def test_what_is_not_there_is_not_found(alice: User, kind: str) -> None:
    with pytest.raises(NotFoundError):
        deletion_text(alice, kind, uuid4())


def test_the_page_is_asked_while_it_can_be_undone(client: Client, alice: User) -> None:
    client.force_login(alice)
    answer = client.get(reverse("uses", args=["chain", make_chain(alice).uuid]))
    assert answer.json() == {"message": "No shootout of yours uses it."}
