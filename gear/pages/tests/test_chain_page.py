"""The page of a stored chain: it is changed as it was built."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gear.models import Capture, SignalChain
from gear.selectors import chain_get
from gear.services.chains import BlockInput, IRInput, chain_create
from gear.tests.factories import block, make_capture, make_chain

pytestmark = pytest.mark.django_db


def page_of(chain: SignalChain) -> str:
    return reverse("chain-detail", args=[chain.uuid])


def sent_by(text: str) -> dict[str, Any]:
    """What the chain form on this page sends when no one has touched it."""
    form = text[text.index('id="chain-form"') :]
    form = form[: form.index("</form>")]
    data: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if given.get("type") == "checkbox" and not tag.endswith(" checked>"):
            continue
        if "name" in given:
            data.setdefault(given["name"], []).append(unescape(given.get("value", "on")))
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected>', options)
        data[name] = [chosen.group(1) if chosen else ""]
    data.pop("csrfmiddlewaretoken")
    return data


def content_of(chain: SignalChain) -> list[Any]:
    stored = chain_get(chain.owner, chain.uuid)
    return [
        (
            row.slot,
            row.capture_id,
            row.processor,
            row.parameters,
            [(ir.capture_id, ir.parameters) for ir in row.extra_irs.all()],
        )
        for row in stored.blocks.all()
    ]


def make_rich_chain(owner: User) -> SignalChain:
    cab, second = make_capture(owner, "cab", name="V30"), make_capture(owner, "cab", name="G12")
    space = make_capture(owner, "space", name="Hall", info={"num_channels": 2})
    return chain_create(
        owner=owner,
        name="Rich",
        blocks=[
            block("pre", processor="gain", gain_db=3.5, bypass=True),
            block("pre", make_capture(owner, "pedal", name="Screamer")),
            block("amp", make_capture(owner)),
            BlockInput(
                slot="cab",
                capture_id=cab.uuid,
                parameters={"gain_db": -2.0, "is_aligned": True},
                extra_irs=[IRInput(second.uuid, {"delay_ms": 0.25, "is_inverted": True})],
            ),
            block("post", space, mix_pct=30.0),
            block("post", processor="gain", gain_db=-1.0),
        ],
    )


def test_saving_it_untouched_changes_nothing(client: Client, alice: User) -> None:
    chain = make_rich_chain(alice)
    before = content_of(chain)
    client.force_login(alice)
    answer = client.post(page_of(chain), sent_by(client.get(page_of(chain)).content.decode()))
    assert (answer.status_code, answer["Location"]) == (302, page_of(chain))
    assert content_of(chain) == before
    assert chain_get(alice, chain.uuid).name == "Rich"


def test_name_and_parameters_are_changed(client: Client, alice: User) -> None:
    chain = make_chain(alice)
    client.force_login(alice)
    data = sent_by(client.get(page_of(chain)).content.decode())
    [boost] = [name for name in data if name.endswith("-gain_db") and data[name] == ["3.0"]]
    client.post(page_of(chain), {**data, boost: "6,5", "name": "Boosted"})
    assert chain_get(alice, chain.uuid).name == "Boosted"
    assert content_of(chain)[0][3]["gain_db"] == 6.5


def test_of_two_windows_the_second_is_asked(client: Client, alice: User) -> None:
    chain = make_chain(alice)
    client.force_login(alice)
    data = sent_by(client.get(page_of(chain)).content.decode())
    assert client.post(page_of(chain), {**data, "name": "First"}).status_code == 302
    answer = client.post(page_of(chain), {**data, "name": "Second"})
    assert answer.status_code == 422
    assert chain_get(alice, chain.uuid).name == "First"
    again = sent_by(answer.content.decode())
    assert again["name"] == ["Second"]
    assert client.post(page_of(chain), again).status_code == 302
    assert chain_get(alice, chain.uuid).name == "Second"


def test_what_was_deleted_of_it_is_chosen_again(client: Client, alice: User) -> None:
    chain = make_chain(alice)
    amp = chain.blocks.get(slot="amp").capture
    assert amp is not None
    amp.gear.delete()
    client.force_login(alice)
    text = client.get(page_of(chain)).content.decode()
    assert "It cannot be played as it is." in text
    data = sent_by(text)
    assert client.post(page_of(chain), data).status_code == 422
    other = make_capture(alice, name="Plexi")
    [key] = [name for name in data if name.endswith("-slot") and data[name] == ["amp"]]
    saved = client.post(page_of(chain), {**data, key.replace("-slot", "-source"): str(other.uuid)})
    assert saved.status_code == 302
    assert "It cannot be played" not in client.get(page_of(chain)).content.decode()


def test_a_copy_has_the_same_blocks_and_a_name_of_its_own(client: Client, alice: User) -> None:
    chain = make_rich_chain(alice)
    client.force_login(alice)
    duplicate = reverse("chain-duplicate", args=[chain.uuid])
    for name in ("Rich (2)", "Rich (3)"):
        answer = client.post(duplicate)
        copy = SignalChain.objects.get(name=name)
        assert answer["Location"] == page_of(copy)
        assert content_of(copy) == content_of(chain)


def test_a_chain_that_cannot_be_played_is_not_copied(client: Client, alice: User) -> None:
    chain = make_chain(alice)
    Capture.objects.all().delete()
    client.force_login(alice)
    answer = client.post(reverse("chain-duplicate", args=[chain.uuid]), follow=True)
    assert answer.redirect_chain == [(page_of(chain), 302)]
    assert "notice--error" in answer.content.decode()
    assert SignalChain.objects.count() == 1
