"""Renaming gear, changing its kind and its licence, and deleting it: API and pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture, ChainGroup, GearItem, SignalChain
from gear.models.item import GearSource
from gear.services.chain_groups import SlotInput, chain_group_create
from gear.services.chains import BlockInput, IRInput, chain_create
from gear.tests.factories import block, make_capture, make_chain, nam_bytes, upload_of

pytestmark = pytest.mark.django_db


def address(capture: Capture) -> str:
    return f"/api/v1/gear/{capture.gear.uuid}/"


def patch(user: User | None, capture: Capture, **values: Any) -> Any:
    client = api_client(user) if user else api_client()
    return client.patch(address(capture), values, format="json")


def test_its_owner_changes_everything_and_no_one_else_does(alice: User, charlie: User) -> None:
    capture = make_capture(alice, is_shared=True)
    values = {
        "kind": "pedal",
        "name": "Screamer",
        "make": "Ibanez",
        "creator": "Me",
        "licence": "CC0-1.0",
        "description": "Green.",
    }
    assert patch(None, capture, **values).status_code == 401
    assert patch(charlie, capture, **values).status_code == 404
    assert GearItem.objects.get().name == "JCM800"
    answer = patch(alice, capture, **values)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in values} == values
    assert patch(alice, capture, make="").json()["make"] == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"name": ""}, [("/name", "BLANK")]),
        ({"name": "x" * 201}, [("/name", "MAX_LENGTH")]),
        ({"name": " other "}, [("/name", "DUPLICATE_NAME")]),
        ({"kind": "banjo"}, [("/kind", "INVALID_CHOICE")]),
        ({"kind": "cab"}, [("/kind", "KIND_OF_OTHER_FORMAT")]),
        ({"kind": "cab", "name": "Other"}, [("/name", "DUPLICATE_NAME")]),
        ({"is_shared": True}, [("/is_shared", "UNKNOWN_FIELD")]),
    ],
)
def test_what_is_wrong_is_told_and_nothing_changes(
    alice: User, values: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    capture = make_capture(alice)
    make_capture(alice, name="Other")
    answer = patch(alice, capture, **values)
    assert answer.status_code == 422
    assert details_of(answer)[:1] == expected
    assert GearItem.objects.filter(name="JCM800", kind="amp").count() == 1


def test_the_name_of_another_owner_is_free(alice: User, charlie: User) -> None:
    make_capture(charlie, name="Plexi")
    assert patch(alice, make_capture(alice), name="Plexi").status_code == 200


def test_a_kind_that_breaks_a_chain_is_refused_with_the_name_of_the_chain(
    alice: User, charlie: User
) -> None:
    chain = make_chain(alice, "Plexi + V30")
    amp = chain.blocks.get(slot="amp").capture
    assert amp is not None
    GearItem.objects.filter(pk=amp.gear_id).update(is_shared=True)
    cab = make_capture(charlie, "cab")
    chain_create(owner=charlie, name="Secret", blocks=[block("amp", amp), block("cab", cab)])
    answer = patch(alice, amp, kind="full_rig", name="New")
    assert (answer.status_code, answer.json()["code"]) == (409, "KIND_IN_USE")
    assert "“Plexi + V30”" in answer.json()["message"]
    assert "1 of other people" in answer.json()["message"]
    assert "Secret" not in answer.json()["message"]
    assert GearItem.objects.get(pk=amp.gear_id).name == "JCM800"
    SignalChain.objects.all().delete()
    assert patch(alice, amp, kind="full_rig").status_code == 200


def test_a_kind_that_breaks_no_chain_is_taken(alice: User) -> None:
    pedal, amp = make_capture(alice, "pedal", name="Boost"), make_capture(alice, "full_rig")
    chain_create(owner=alice, name="a", blocks=[block("pre", pedal), block("amp", amp)])
    assert patch(alice, pedal, kind="outboard").status_code == 200
    assert patch(alice, pedal, kind="amp").json()["code"] == "KIND_IN_USE"


def test_a_further_response_of_a_cabinet_stays_a_cab(alice: User) -> None:
    amp, cab, more = make_capture(alice), make_capture(alice, "cab"), make_capture(alice, "cab")
    cabinet = BlockInput("cab", cab.uuid, extra_irs=[IRInput(more.uuid)])
    chain_create(owner=alice, name="a", blocks=[block("amp", amp), cabinet])
    assert patch(alice, more, kind="space").json()["code"] == "KIND_IN_USE"


def test_of_gear_from_tone3000_only_the_kind_changes(alice: User) -> None:
    capture = make_capture(alice)
    GearItem.objects.update(source=GearSource.TONE3000, tone3000_id="1", licence="T3K")
    answer = patch(alice, capture, licence="CC0-1.0", name="Mine")
    assert details_of(answer) == [("/name", "FROM_TONE3000"), ("/licence", "FROM_TONE3000")]
    assert patch(alice, capture, kind="full_rig").status_code == 200


def test_the_page_is_changed_by_its_owner_alone(client: Client, alice: User, charlie: User) -> None:
    page = reverse("gear-item", args=[make_capture(alice, is_shared=True).gear.uuid])
    delete = f"{page}delete/"
    assert client.post(page).status_code == client.post(delete).status_code == 302
    client.force_login(charlie)
    assert 'name="licence"' not in client.get(page).content.decode()
    assert client.post(page, {"kind": "pedal", "name": "Mine now"}).status_code == 404
    assert client.post(delete).status_code == 404
    assert GearItem.objects.get().name == "JCM800"
    client.force_login(alice)
    assert f'href="{page}"' in client.get(reverse("gear-list")).content.decode()
    assert 'value="JCM800"' in client.get(page).content.decode()


def test_the_page_saves_and_deletes(client: Client, alice: User) -> None:
    capture = make_capture(alice)
    page = reverse("gear-item", args=[capture.gear.uuid])
    client.force_login(alice)
    assert client.post(page, {"kind": "pedal", "name": ""}).status_code == 422
    values = {"kind": "pedal", "name": "Screamer", "licence": "CC0-1.0"}
    assert client.post(page, values)["Location"] == page
    item = GearItem.objects.get()
    assert (item.kind, item.name, item.licence) == ("pedal", "Screamer", "CC0-1.0")
    assert client.post(f"{page}delete/").status_code == 302
    assert not GearItem.objects.exists()


def test_the_page_names_the_chain_that_a_kind_would_break(client: Client, alice: User) -> None:
    amp = make_chain(alice, "Plexi + V30").blocks.get(slot="amp").capture
    assert amp is not None
    client.force_login(alice)
    page = reverse("gear-item", args=[amp.gear.uuid])
    assert "“Plexi + V30”" in client.get(page).content.decode()
    answer = client.post(page, {"kind": "full_rig", "name": "JCM800"})
    assert answer.status_code == 422
    assert "could not stand" in answer.content.decode()


def test_the_page_of_gear_from_tone3000_offers_its_kind(client: Client, alice: User) -> None:
    capture = make_capture(alice)
    GearItem.objects.update(source=GearSource.TONE3000, tone3000_id="1")
    client.force_login(alice)
    page = reverse("gear-item", args=[capture.gear.uuid])
    text = client.get(page).content.decode()
    assert 'name="licence"' not in text
    assert client.post(page, {"kind": "full_rig"}).status_code == 302
    assert GearItem.objects.get().kind == "full_rig"


def test_a_kind_of_another_format_says_what_the_file_is(alice: User) -> None:
    model, cab = make_capture(alice), make_capture(alice, "cab", name="G12")
    for capture, kind, said in ((model, "space", "a NAM model"), (cab, "pedal", "an impulse resp")):
        [detail] = patch(alice, capture, kind=kind).json()["details"]
        assert f"Its file is {said}" in detail["message"]


def test_a_file_that_is_here_already_is_linked_on_the_page(client: Client, alice: User) -> None:
    client.force_login(alice)
    url = reverse("gear-upload")
    client.post(url, {"file": upload_of(nam_bytes(), "a.nam")})
    answer = client.post(url, {"file": upload_of(nam_bytes(), "b.nam")}, HTTP_HX_REQUEST="true")
    item = GearItem.objects.get()
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "You have this file already: “a”." in text
    assert f'href="{reverse("gear-item", args=[item.uuid])}"' in text
    assert text.count(str(item.uuid)) == 1  # in the address, not in a text


def test_a_cab_that_becomes_a_space_has_no_channel_to_choose(alice: User) -> None:
    cab = make_capture(alice, "cab", channel_rule="left", info={"num_channels": 2})
    [capture] = patch(alice, cab, kind="space", tail_end_db=-50.0).json()["captures"]
    assert capture["unsupported_reason"] == ""
    assert capture["impulse_response"]["channel_rule"] == "mix"
    assert capture["impulse_response"]["tail_end_db"] == -50.0
    answer = patch(alice, cab, channel_rule="right")
    assert details_of(answer) == [("/channel_rule", "NOT_OF_A_SPACE")]
    assert patch(alice, cab, channel_rule="mix").status_code == 200
    assert patch(alice, cab, kind="cab", channel_rule="right").status_code == 200


def test_a_file_of_three_channels_is_no_space(alice: User) -> None:
    cab = make_capture(alice, "cab", info={"num_channels": 3})
    answer = patch(alice, cab, kind="space")
    assert details_of(answer) == [("/kind", "SPACE_CHANNELS_UNSUPPORTED")]
    assert "this file has 3" in answer.json()["message"]


def grouped(owner: User, *, name: str = "Both heads") -> tuple[ChainGroup, Capture, Capture]:
    """A boost that may be off, two heads, a cab with a second microphone; a head and that one."""
    heads = [make_capture(owner, name=head) for head in ("JCM800", "Plexi")]
    cab, second = make_capture(owner, "cab", name="V30"), make_capture(owner, "cab", name="Room")
    group = chain_group_create(
        owner=owner,
        name=name,
        slots=[
            SlotInput("pre", [None, BlockInput("pre", processor="gain")]),
            SlotInput("amp", [BlockInput("amp", head.uuid) for head in heads]),
            SlotInput("cab", [BlockInput("cab", cab.uuid, extra_irs=[IRInput(second.uuid)])]),
        ],
    )
    return group, heads[0], second


def test_a_kind_that_breaks_a_group_of_chains_is_refused(alice: User) -> None:
    group, head, second = grouped(alice)
    for capture, kind in ((head, "full_rig"), (head, "pedal"), (second, "space")):
        answer = patch(alice, capture, kind=kind)
        assert (answer.status_code, answer.json()["code"]) == (409, "KIND_IN_USE")
        assert "in these groups of chains: “Both heads”." in answer.json()["message"]
        capture.gear.refresh_from_db()
        assert capture.gear.kind != kind
    make_chain_of(alice, head)
    message = patch(alice, head, kind="full_rig").json()["message"]
    assert "in these chains: “Its chain”, and in these groups of chains: “Both heads”" in message
    SignalChain.objects.all().delete()
    group.delete()
    assert patch(alice, head, kind="full_rig").status_code == 200


def test_a_kind_that_a_group_can_live_with_is_taken(alice: User) -> None:
    """One that could not be played before does not keep its gear from becoming what it is."""
    group, head, _ = grouped(alice)
    other = make_capture(alice, name="Not in it")
    assert patch(alice, other, kind="full_rig").status_code == 200
    slots = group.slots
    slots[2]["options"] = [None]
    ChainGroup.objects.filter(pk=group.pk).update(slots=slots)
    assert patch(alice, head, kind="full_rig").status_code == 200


def test_groups_of_others_are_counted_and_not_named(alice: User, charlie: User) -> None:
    amp = make_capture(alice, is_shared=True)
    cab = make_capture(alice, "cab", is_shared=True)
    chain_group_create(
        owner=charlie,
        name="Secret",
        slots=[
            SlotInput("amp", [BlockInput("amp", amp.uuid)]),
            SlotInput("cab", [BlockInput("cab", cab.uuid)]),
        ],
    )
    message = patch(alice, amp, kind="pedal").json()["message"]
    assert "in these groups of chains: 1 of other people." in message
    assert "Secret" not in message


def make_chain_of(owner: User, amp: Capture) -> SignalChain:
    blocks = [block("amp", amp), block("cab", make_capture(owner, "cab", name="G12"))]
    return chain_create(owner=owner, name="Its chain", blocks=blocks)
