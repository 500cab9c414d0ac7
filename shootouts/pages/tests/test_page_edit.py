"""The page on which a shootout is changed: words, options, labels and order."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gear.tests.factories import make_chain
from jobs.pipeline.vocabulary.options import OPTION_NAMES
from shootouts.models import Contender, Shootout
from shootouts.pages.tests.pages import make_track
from shootouts.services.assembly import ContenderInput
from shootouts.services.shootouts import shootout_create

pytestmark = pytest.mark.django_db


def make(owner: User, num_chains: int = 3) -> Shootout:
    tracks = [make_track(owner, name) for name in ("Riff", "Solo")]
    chains = [make_chain(owner, f"Chain {n}") for n in range(num_chains)]
    return shootout_create(
        owner=owner,
        title="Amps",
        di_track_ids=[track.uuid for track in tracks],
        contenders=[ContenderInput(chain.uuid, chain.name) for chain in chains],
    )


def page_of(shootout: Shootout) -> str:
    return reverse("shootout-edit", args=[shootout.uuid])


def sent_by(shootout: Shootout, **changed: Any) -> dict[str, Any]:
    """As the page sends it untouched."""
    shootout.refresh_from_db()
    options = {name: getattr(shootout, name) for name in OPTION_NAMES}
    rows = list(shootout.contenders.all())
    data = {
        "revision": shootout.revision,
        "title": shootout.title,
        "description": shootout.description,
        "visibility": shootout.visibility,
        **{name: value for name, value in options.items() if value is not False},
        "contender": [str(row.uuid) for row in rows],
        **{f"label-{row.uuid}": row.label for row in rows},
        "di_track": [str(di.di_track.uuid) for di in shootout.dis.all() if di.di_track],
    }
    return {name: value for name, value in (data | changed).items() if value is not None}


def labels_of(shootout: Shootout) -> list[str]:
    return [row.label for row in shootout.contenders.all()]


def test_the_form_shows_what_is_stored(client: Client, alice: User) -> None:
    shootout = make(alice)
    client.force_login(alice)
    text = client.get(page_of(shootout)).content.decode()
    assert 'value="Chain 0"' in text
    assert f'name="revision" value="{shootout.revision}"' in text
    assert "Solo" in text


def test_sent_untouched_it_changes_nothing(client: Client, alice: User) -> None:
    shootout = make(alice)
    kept = list(Contender.objects.values_list("pk", "label", "chain"))
    options = shootout.options
    client.force_login(alice)
    answer = client.post(page_of(shootout), sent_by(shootout))
    assert answer["Location"] == reverse("shootout-detail", args=[shootout.uuid])
    assert list(Contender.objects.values_list("pk", "label", "chain")) == kept
    shootout.refresh_from_db()
    assert shootout.options == options


def test_labels_order_and_options_are_changed(client: Client, alice: User) -> None:
    shootout = make(alice)
    first, second, third = (str(row.uuid) for row in shootout.contenders.all())
    data = sent_by(
        shootout,
        title="Three amps",
        contender=[third, first, second],
        theme="light",
        has_video=None,
        **{f"label-{third}": "The best"},
    )
    data["di_track"].reverse()
    client.force_login(alice)
    assert client.post(page_of(shootout), data).status_code == 302
    shootout.refresh_from_db()
    assert labels_of(shootout) == ["The best", "Chain 0", "Chain 1"]
    assert [di.di_track.name for di in shootout.dis.all() if di.di_track] == ["Solo", "Riff"]
    options = shootout.options
    assert (shootout.title, options.theme, options.has_video) == ("Three amps", "light", False)


def test_one_is_taken_out_but_not_the_last_but_one(client: Client, alice: User) -> None:
    shootout = make(alice)
    client.force_login(alice)
    data = sent_by(shootout)
    data["contender"].pop(0)
    assert client.post(page_of(shootout), data).status_code == 302
    assert labels_of(shootout) == ["Chain 1", "Chain 2"]
    data = sent_by(shootout)
    data["contender"].pop(0)
    answer = client.post(page_of(shootout), data)
    assert answer.status_code == 422
    assert "A shootout takes 2 to" in answer.content.decode()
    assert labels_of(shootout) == ["Chain 1", "Chain 2"]


def test_while_it_renders_words_change_and_nothing_else(client: Client, alice: User) -> None:
    shootout = make(alice)
    Shootout.objects.update(state="rendering")
    client.force_login(alice)
    assert client.post(page_of(shootout), sent_by(shootout, title="New")).status_code == 302
    answer = client.post(page_of(shootout), sent_by(shootout, theme="light"))
    assert answer.status_code == 422
    assert "This shootout is rendering." in answer.content.decode()
    shootout.refresh_from_db()
    assert (shootout.title, shootout.options.theme) == ("New", "dark")


def test_of_two_windows_the_second_is_asked(client: Client, alice: User) -> None:
    shootout = make(alice)
    client.force_login(alice)
    stale = sent_by(shootout, title="Second")
    client.post(page_of(shootout), sent_by(shootout, title="First"))
    answer = client.post(page_of(shootout), stale)
    assert answer.status_code == 422
    assert "another window" in answer.content.decode()
    shootout.refresh_from_db()
    assert shootout.title == "First"


def test_a_deleted_chain_leaves_with_the_next_change(client: Client, alice: User) -> None:
    shootout = make(alice, num_chains=4)
    rows = list(shootout.contenders.all())
    assert rows[0].chain is not None
    rows[0].chain.delete()
    client.force_login(alice)
    assert "Its chain was deleted." in client.get(page_of(shootout)).content.decode()
    client.post(page_of(shootout), sent_by(shootout))
    assert len(labels_of(shootout)) == 4
    client.post(page_of(shootout), sent_by(shootout, **{f"label-{rows[1].uuid}": "One"}))
    assert labels_of(shootout) == ["One", "Chain 2", "Chain 3"]
