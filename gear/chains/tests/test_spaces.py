"""Spaces: taken in, looked into, put at the end of chains, by their owner alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import api_client, details_of, make_user
from gear.chains.tests.test_ir_settings import ir_bytes, upload
from gear.models import Capture, GearItem, SignalChain
from gear.pages.tests.test_pages import HTMX, chain_form_data
from gear.pages.tests.test_pages import make_capture as make_saved
from gear.tests.factories import make_capture, upload_of
from jobs.models import Job
from jobs.tests.running import run_until_idle

CHAINS = "/api/v1/chains/"


def use(slot: str, capture: Capture, *, extra: list[Any] | None = None, **parameters: Any) -> Any:
    block = {"slot": slot, "capture_id": str(capture.uuid), "parameters": parameters}
    return {**block, "extra_irs": extra} if extra else block


def post_chain(user: User | None, *blocks: Any) -> Any:
    return api_client(user).post(CHAINS, {"name": "Hall", "blocks": list(blocks)}, format="json")


# Taken in -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("num_channels", [1, 2, 4])
def test_a_space_of_one_two_or_four_channels_arrives(num_channels: int) -> None:
    alice = make_user()
    item = upload(alice, ir_bytes(duration_s=3.0, num_channels=num_channels), kind="space")
    [capture] = item["captures"]
    assert (item["kind"], capture["state"], capture["unsupported_reason"]) == (
        "space",
        "ready",
        "",
    )
    # Three seconds are nothing for a room, and nothing has to be chosen.
    assert capture["warnings"] == []
    assert capture["impulse_response"]["num_channels"] == num_channels
    assert Capture.objects.usable().exists()


@pytest.mark.django_db(transaction=True)
def test_true_stereo_is_a_space_where_its_owner_says_nothing() -> None:
    alice = make_user()
    content = ir_bytes(duration_s=3.0, num_channels=4)
    item = upload(alice, content, kind="", channel_rule="left")
    [capture] = item["captures"]
    assert (item["kind"], capture["warnings"]) == ("space", [])
    assert capture["impulse_response"]["channel_rule"] == "mix"
    assert upload(make_user("bella"), content, kind="cab")["kind"] == "cab"
    assert upload(make_user("carla"), ir_bytes(num_channels=2), kind="")["kind"] == "cab"


@pytest.mark.django_db(transaction=True)
def test_one_of_twelve_seconds_is_cut_where_its_owner_wants_it() -> None:
    alice = make_user()
    content = ir_bytes(duration_s=13.0, num_channels=2)
    item = upload(alice, content, kind="space", tail_end_db="-70")
    [capture] = item["captures"]
    [warning] = capture["warnings"]
    assert "70 dB below its peak, after 10 s at the latest" in warning
    url = f"/api/v1/gear/{item['id']}/"
    body = api_client(alice).patch(url, {"tail_end_db": None}, format="json").json()
    [warning] = body["captures"][0]["warnings"]
    assert "60 dB below its peak" in warning
    # As a cabinet it would be cut as one.
    body = api_client(alice).patch(url, {"kind": "cab"}, format="json").json()
    assert "after 2 s at the latest" in body["captures"][0]["warnings"][-1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("num_channels", "duration_s", "code"),
    [(3, 0.5, "SPACE_CHANNELS_UNSUPPORTED"), (1, 31.0, "IR_TOO_LONG")],
)
def test_what_is_no_space_is_refused_and_leaves_nothing(
    num_channels: int, duration_s: float, code: str
) -> None:
    alice = make_user()
    content = ir_bytes(duration_s=duration_s, num_channels=num_channels)
    data = {"file": upload_of(content, "hall.wav"), "kind": "space"}
    answer = api_client(alice).post("/api/v1/gear/", data, format="multipart")
    assert answer.status_code == 202
    run_until_idle()
    assert Job.objects.get(kind="gear.inspect_capture").error_code == code
    assert not GearItem.objects.exists()


@pytest.mark.django_db
def test_a_channel_of_a_space_cannot_be_chosen() -> None:
    alice = make_user()
    file = upload_of(ir_bytes(num_channels=2), "hall.wav")
    data = {"file": file, "kind": "space", "channel_rule": "left"}
    answer = api_client(alice).post("/api/v1/gear/", data, format="multipart")
    assert answer.status_code == 422
    assert details_of(answer) == [("/channel_rule", "NOT_OF_A_SPACE")]
    assert not GearItem.objects.exists()


# In chains ----------------------------------------------------------------------------------------


def test_a_space_stands_at_the_end_of_a_chain_with_its_mix(alice: User) -> None:
    rig, hall = make_capture(alice, "full_rig"), make_capture(alice, "space", name="Hall")
    answer = post_chain(alice, use("amp", rig), use("post", hall, mix_pct=35), use("post", hall))
    assert answer.status_code == 201, answer.json()
    _, first, second = answer.json()["blocks"]
    assert (first["parameters"], first["settings"]) == ({"mix_pct": 35.0}, "Mix 35 %")
    assert (second["parameters"], second["settings"]) == ({"mix_pct": 20.0}, "Mix 20 %")
    assert first["capture"]["gear"]["kind"] == "space"
    assert answer.json()["errors"] == []


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"mix_pct": 101}, "BLOCK_PARAMETER_OUT_OF_RANGE"),
        ({"mix_pct": True}, "BLOCK_PARAMETER_INVALID"),
        ({"gain_db": 1.0}, "BLOCK_PARAMETER_UNKNOWN"),
        ({"slim_size": 1.0}, "BLOCK_PARAMETER_UNKNOWN"),
    ],
)
def test_parameters_of_a_space_are_checked(
    alice: User, parameters: dict[str, Any], code: str
) -> None:
    rig, hall = make_capture(alice, "full_rig"), make_capture(alice, "space")
    answer = post_chain(alice, use("amp", rig), use("post", hall, **parameters))
    assert answer.status_code == 422
    assert details_of(answer) == [("/blocks/1/parameters", code)]


def test_a_space_stands_nowhere_else(alice: User) -> None:
    amp, cab, hall = (make_capture(alice, kind) for kind in ("amp", "cab", "space"))
    before = post_chain(alice, use("pre", hall), use("amp", amp), use("cab", cab))
    assert details_of(before) == [("/blocks/0", "INVALID_ORDER")]
    loop = post_chain(alice, use("amp", amp), use("loop", hall), use("cab", cab))
    assert details_of(loop) == [("/blocks/1", "INVALID_ORDER")]
    as_cab = post_chain(alice, use("amp", amp), use("cab", hall))
    assert ("/blocks/1", "INVALID_ORDER") in details_of(as_cab)
    further = [{"capture_id": str(hall.uuid)}]
    blended = post_chain(alice, use("amp", amp), use("cab", cab, extra=further))
    assert details_of(blended) == [("/blocks/1/extra_irs/0/capture_id", "NOT_A_CAB")]
    further = [{"capture_id": str(cab.uuid)}]
    more = post_chain(alice, use("amp", amp), use("cab", cab), use("post", hall, extra=further))
    assert details_of(more) == [("/blocks/2/extra_irs", "BLOCK_TAKES_NO_IRS")]
    assert not SignalChain.objects.exists()


def test_only_ones_own_spaces(alice: User, charlie: User) -> None:
    hall, rig = make_capture(alice, "space"), make_capture(charlie, "full_rig")
    answer = post_chain(charlie, use("amp", rig), use("post", hall))
    assert details_of(answer) == [("/blocks/1/capture_id", "NOT_FOUND")]
    assert post_chain(None).status_code == 401
    url = f"/api/v1/gear/{hall.gear.uuid}/"
    for user, status in ((charlie, 404), (None, 401)):
        assert api_client(user).patch(url, {"kind": "cab"}, format="json").status_code == status
    # What is shared may be played by everybody, and its mix is each one's own.
    GearItem.objects.filter(pk=hall.gear_id).update(is_shared=True)
    assert post_chain(charlie, use("amp", rig), use("post", hall, mix_pct=5)).status_code == 201


def test_a_space_that_a_chain_plays_stays_one(alice: User) -> None:
    rig, hall = make_capture(alice, "full_rig"), make_capture(alice, "space", name="Hall")
    assert post_chain(alice, use("amp", rig), use("post", hall)).status_code == 201
    url = f"/api/v1/gear/{hall.gear.uuid}/"
    answer = api_client(alice).patch(url, {"kind": "cab"}, format="json")
    assert (answer.status_code, details_of(answer)) == (409, [("/kind", "KIND_IN_USE")])


def test_groups_vary_spaces_and_their_mix(alice: User) -> None:
    rig, hall = (
        make_capture(alice, "full_rig", name="Rig"),
        make_capture(alice, "space", name="Hall"),
    )
    options = [
        None,
        {"capture_id": str(hall.uuid), "parameters": {"mix_pct": 10}},
        {"capture_id": str(hall.uuid), "parameters": {"mix_pct": 40}},
    ]
    slots = [
        {"slot": "amp", "options": [{"capture_id": str(rig.uuid)}]},
        {"slot": "post", "options": options},
    ]
    client = api_client(alice)
    group = client.post("/api/v1/chain-groups/", {"name": "Rooms", "slots": slots}).json()
    url = f"/api/v1/chain-groups/{group['id']}/permutations/"
    found = client.get(url).json()["permutations"]
    assert [each["label"] for each in found] == [
        "Without effects",
        "Hall (Mix 10 %)",
        "Hall (Mix 40 %)",
    ]
    assert all(each["errors"] == [] for each in found)
    assert client.post(url, {}).status_code == 201
    mixes = [
        block.parameters["mix_pct"]
        for chain in SignalChain.objects.order_by("pk")
        for block in chain.blocks.filter(slot="post")
    ]
    assert mixes == [10.0, 40.0]


# On the pages -------------------------------------------------------------------------------------


def test_the_chain_form_offers_spaces_where_they_stand(client: Client, alice: User) -> None:
    client.force_login(alice)
    make_saved(alice, kind="full_rig")
    none_yet = client.get(f"{reverse('chain-block')}?slot=post&source=space").content.decode()
    assert "No space yet: upload one" in none_yet
    hall = make_saved(alice, kind="space", name="Hall")
    make_saved(alice, kind="pedal", name="Squeeze")
    assert client.get(reverse("chain-new")).content.decode().count("+ Space") == 1
    url = reverse("chain-block")
    block = client.get(f"{url}?slot=post&source=space").content.decode()
    assert str(hall.uuid) in block
    assert "Squeeze" not in block
    assert "mix_pct" in block
    assert "source=space" in block  # its choices are asked for again
    other = client.get(f"{url}?slot=post&source=capture").content.decode()
    assert "Squeeze" in other
    assert str(hall.uuid) not in other
    assert "mix_pct" not in other
    for slot in ("pre", "loop", "amp", "cab"):
        assert client.get(f"{url}?slot={slot}&source=space").status_code == 400
    found = client.get(
        reverse("chain-options"), {"slot": "post", "source": "space", "key": "b1", "b1-find": "hal"}
    )
    assert str(hall.uuid) in found.content.decode()


def test_its_row_says_what_it_has(client: Client, alice: User) -> None:
    client.force_login(alice)
    layouts = (
        (1, False, "mono"),
        (2, False, "mono"),
        (2, True, "stereo"),
        (4, True, "true stereo"),
    )
    for num_channels, differ, said in layouts:
        info = {"num_channels": num_channels, "has_choice_of_channel": differ}
        space = make_capture(alice, "space", name=f"Hall {num_channels}{differ}", info=info)
        row = client.get(reverse("capture-row", args=[space.uuid])).content.decode()
        assert f"<span>{said}</span>" in row


def with_space(rig: Capture, hall: object, mix: str) -> dict[str, Any]:
    data = chain_form_data(("amp", rig.uuid), ("cab", ""), ("post", hall))
    key = data["block"][2]
    return data | {f"{key}-for": "space", f"{key}-mix_pct": mix}


def test_a_chain_with_a_space_is_built_on_the_page(client: Client, alice: User) -> None:
    client.force_login(alice)
    rig, hall = make_capture(alice, "full_rig"), make_capture(alice, "space", name="Hall")
    answer = client.post(reverse("chain-new"), with_space(rig, hall.uuid, "42,5"))
    assert answer.status_code == 302
    block = SignalChain.objects.get().blocks.get(slot="post")
    assert (block.capture, block.parameters) == (hall, {"mix_pct": 42.5})
    page = client.get(reverse("chain-list")).content.decode()
    assert "Mix 42.5 %" in page


@pytest.mark.parametrize(("mix", "said"), [("lots", "not a number"), ("150", "from 0 to 100")])
def test_a_wrong_mix_is_told_beside_it_and_kept(
    client: Client, alice: User, mix: str, said: str
) -> None:
    client.force_login(alice)
    rig, hall = make_capture(alice, "full_rig"), make_capture(alice, "space", name="Hall")
    data = urlencode(with_space(rig, hall.uuid, mix), doseq=True)
    answer = client.post(
        reverse("chain-new"), data, content_type="application/x-www-form-urlencoded", **HTMX
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert f'value="{mix}"' in page
    assert 'value="space"' in page
    assert f'<option value="{hall.uuid}" data-kind="space" data-name="Hall" selected>' in page
    assert not SignalChain.objects.exists()


def test_the_page_of_a_space_has_no_channel_to_choose(client: Client, alice: User) -> None:
    client.force_login(alice)
    hall = make_capture(alice, "space", name="Hall")
    url = reverse("gear-item", args=[hall.gear.uuid])
    page = client.get(url).content.decode()
    assert "If its channels differ" not in page
    assert "after 10 s at 60 dB" in page
    values = {"kind": "space", "name": "Hall", "tail_end_db": "-40", "is_lead_trimmed": "on"}
    assert client.post(url, values).status_code == 302
    hall.refresh_from_db()
    assert (hall.tail_end_db, hall.is_lead_trimmed, hall.channel_rule) == (-40.0, True, "mix")


def test_a_cab_becomes_a_space_on_its_page_whatever_channel_it_had(
    client: Client, alice: User
) -> None:
    client.force_login(alice)
    cab = make_capture(alice, "cab", channel_rule="left")
    url = reverse("gear-item", args=[cab.gear.uuid])
    values = {"kind": "space", "name": "Hall", "channel_rule": "left", "tail_end_db": ""}
    assert client.post(url, values).status_code == 302
    cab.refresh_from_db()
    assert (cab.gear.kind, cab.channel_rule) == ("space", "mix")
