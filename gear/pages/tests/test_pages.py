"""The pages of captures and chains."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from gear import selectors
from gear.models import Block, Capture, GearItem, LibraryEntry, SignalChain
from gear.models.item import FileState
from jobs.pipeline.effects.blocks import BLOCK_TYPES

pytestmark = pytest.mark.django_db

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
LINEAR_NAM = (
    b'{"version": "0.5.4", "architecture": "Linear", "sample_rate": 48000,'
    b' "config": {"receptive_field": 2, "bias": false}, "weights": [0.5, 0.25]}'
)


def make_capture(
    owner: User, *, kind: str = "amp", name: str = "Plexi", is_shared: bool = False
) -> Capture:
    gear = GearItem.objects.create(owner=owner, kind=kind, name=name, is_shared=is_shared)
    capture = Capture.objects.create(
        gear=gear,
        format="ir" if kind == "cab" else "nam",
        name=f"{name}.nam",
        file=f"gear/{gear.uuid}",
        sha256=gear.uuid.hex * 2,
        size_bytes=10,
        state=FileState.READY,
    )
    if not is_shared:  # as the check of an upload does
        LibraryEntry.objects.create(user=owner, capture=capture)
    return capture


def chain_form_data(
    *blocks: tuple[str, object], name: str = "", **parameters: object
) -> dict[str, Any]:
    """What the chain form sends for blocks of (slot, source), in this order."""
    data: dict[str, Any] = {"name": name, "block": []}
    for index, (slot, source) in enumerate(blocks):
        key = f"b{index}"
        data["block"].append(key)
        data |= {f"{key}-slot": slot, f"{key}-source": str(source)}
        data |= {f"{key}-{name}": value for name, value in parameters.items()}
    return data


@pytest.mark.parametrize("name", ["chain-list", "chain-new", "preset-list", "tag-list"])
def test_pages_want_a_login(client: Client, name: str) -> None:
    answer = client.get(reverse(name))
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={reverse(name)}")


def test_gear_of_others_is_not_listed_unless_it_is_shared(
    client: Client, alice: User, charlie: User
) -> None:
    make_capture(alice, name="Mine alone")
    shared = make_capture(alice, name="For everybody")
    GearItem.objects.filter(pk=shared.gear_id).update(is_shared=True)
    client.force_login(charlie)
    text = client.get(reverse("gear-list")).content.decode()
    assert "For everybody" in text
    assert "Mine alone" not in text


def test_an_upload_is_checked_before_it_may_be_used(client: Client, alice: User) -> None:
    client.force_login(alice)
    data = {"file": SimpleUploadedFile("jcm.nam", LINEAR_NAM), "kind": "amp", "name": "JCM"}
    answer = client.post(reverse("gear-upload"), data, **HTMX)
    assert answer.status_code == 200
    capture = Capture.objects.get()
    assert capture.state == FileState.PENDING
    text = answer.content.decode()
    assert "being checked" in text
    assert reverse("capture-row", args=[capture.uuid]) in text
    assert str(capture.uuid) not in client.get(reverse("chain-new")).content.decode()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("amp.txt", b"hello", ""),
        ("amp.nam", b"hello, this is no JSON", ""),
        ("empty.nam", b"", "The file is empty."),
    ],
)
def test_a_refused_upload_keeps_what_was_typed(
    client: Client, alice: User, name: str, content: bytes, message: str
) -> None:
    client.force_login(alice)
    data = {"file": SimpleUploadedFile(name, content), "kind": "full_rig", "creator": "Someone"}
    answer = client.post(reverse("gear-upload"), data, **HTMX)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'class="field__error" id="capture_file_error"' in text
    assert message in text
    assert 'value="Someone"' in text
    assert re.search(r'value="full_rig"[^>]*checked', text)
    assert not Capture.objects.exists()


def test_rows_of_others_do_not_exist(client: Client, alice: User, charlie: User) -> None:
    capture = make_capture(alice)
    client.force_login(charlie)
    assert client.get(reverse("capture-row", args=[capture.uuid])).status_code == 404
    client.force_login(alice)
    answer = client.get(reverse("capture-row", args=[capture.uuid]))
    assert answer["HX-Trigger"] == "captures-changed"


def test_the_chain_form_builds_a_chain_in_playing_order(client: Client, alice: User) -> None:
    amp, cab = make_capture(alice), make_capture(alice, kind="cab", name="Greenback")
    client.force_login(alice)
    # The order of the places counts, not the order in which blocks were put there.
    data = chain_form_data(
        ("cab", cab.uuid), ("amp", amp.uuid), ("pre", "processor:gain"), gain_db="3,5"
    )
    answer = client.post(reverse("chain-new"), data)
    assert (answer.status_code, answer["Location"]) == (302, reverse("chain-list"))
    chain = SignalChain.objects.get()
    assert chain.name == "Plexi + Greenback"
    assert list(chain.blocks.values_list("slot", flat=True)) == ["pre", "amp", "cab"]
    assert chain.blocks.get(slot="pre").parameters["gain_db"] == 3.5
    assert "Greenback" in client.get(reverse("chain-list")).content.decode()


@pytest.mark.parametrize("name", list(BLOCK_TYPES))
def test_every_processor_can_be_put_in_the_chain_form_and_bypassed(
    client: Client, alice: User, name: str
) -> None:
    block_type = BLOCK_TYPES[name]
    source = f"processor:{name}"
    client.force_login(alice)
    text = client.get(reverse("chain-block"), {"slot": "post", "source": source}).content.decode()
    for parameter in block_type.parameters:
        assert f'value="{parameter.default:g}"' in text
        assert f"{parameter.minimum:g} … {parameter.maximum:g} {parameter.unit}" in text
    page = client.get(reverse("chain-new")).content.decode()
    assert page.count(f'<option value="{source}">') == len(block_type.places)

    rig = make_capture(alice, kind="full_rig")
    data = chain_form_data(("amp", rig.uuid), ("cab", ""), ("post", source))
    for bypass in ({}, {"b2-bypass": "on"}):
        assert client.post(reverse("chain-new"), {**data, **bypass}).status_code == 302
        block = Block.objects.filter(processor=name).latest("id")
        assert block.parameters["bypass"] is bool(bypass)
        assert len(block.parameters) == len(block_type.parameters) + 1
    assert "bypassed" in client.get(reverse("chain-list")).content.decode()


def test_errors_stand_beside_the_block_they_are_about(client: Client, alice: User) -> None:
    rig = make_capture(alice, kind="full_rig")
    cab = make_capture(alice, kind="cab", name="Greenback")
    client.force_login(alice)
    data = chain_form_data(("amp", rig.uuid), ("cab", cab.uuid), name="Kept")
    answer = client.post(reverse("chain-new"), data, **HTMX)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'id="b1-error"' in text
    assert 'id="b0-error"' not in text
    assert 'value="Kept"' in text
    assert re.search(rf'value="{cab.uuid}"[^>]*selected', text)
    assert not SignalChain.objects.exists()


def test_numbers_that_are_none_or_out_of_range_are_named(client: Client, alice: User) -> None:
    amp, cab = make_capture(alice), make_capture(alice, kind="cab", name="Greenback")
    client.force_login(alice)
    for value, message in (("loud", "not a number"), ("99", "24")):
        data = chain_form_data(
            ("pre", "processor:gain"), ("amp", amp.uuid), ("cab", cab.uuid), gain_db=value
        )
        answer = client.post(reverse("chain-new"), data, **HTMX)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert 'id="b0-error"' in text
        assert message in text
        assert f'value="{value}"' in text
    assert not SignalChain.objects.exists()


def cab_of(*irs: tuple[object, dict[str, str]], first: object, amp: object) -> dict[str, Any]:
    """A chain form with an amp, and a cabinet of some impulse responses, with what is set."""
    data = chain_form_data(("amp", amp), ("cab", first))
    data["b1-ir"] = []
    for index, (source, values) in enumerate(irs):
        key = f"ir{index}"
        data["b1-ir"].append(key)
        data[f"{key}-source"] = str(source)
        data |= {f"{key}-{name}": value for name, value in values.items()}
    return data


def test_a_cabinet_takes_further_impulse_responses(client: Client, alice: User) -> None:
    amp = make_capture(alice)
    near, far, room = (make_capture(alice, kind="cab", name=n) for n in ("Near", "Far", "Room"))
    client.force_login(alice)
    data = cab_of(
        (far.uuid, {"gain_db": "-6", "delay_ms": "2,5", "is_inverted": "on"}),
        ("", {"gain_db": "0"}),  # added, and nothing chosen: as if it were not there
        (room.uuid, {}),
        first=near.uuid,
        amp=amp.uuid,
    )
    data |= {"b1-gain_db": "-1", "b1-is_aligned": "on"}
    assert client.post(reverse("chain-new"), data).status_code == 302
    cab = Block.objects.get(slot="cab")
    assert cab.parameters == {
        "gain_db": -1.0,
        "delay_ms": 0.0,
        "is_inverted": False,
        "is_aligned": True,
    }
    assert [(ir.capture, ir.parameters) for ir in cab.extra_irs.all()] == [
        (far, {"gain_db": -6.0, "delay_ms": 2.5, "is_inverted": True}),
        (room, {"gain_db": 0.0, "delay_ms": 0.0, "is_inverted": False}),
    ]
    listed = client.get(reverse("chain-list")).content.decode()
    assert "Gain -6 dB, inverted, 2.5 ms later" in listed


@pytest.mark.parametrize(
    ("values", "message"),
    [({"delay_ms": "12"}, "0 to 10 ms"), ({"gain_db": "loud"}, "Gain: this is not a number.")],
)
def test_what_is_wrong_with_an_impulse_response_stands_beside_it(
    client: Client, alice: User, values: dict[str, str], message: str
) -> None:
    amp = make_capture(alice)
    near, far = (make_capture(alice, kind="cab", name=name) for name in ("Near", "Far"))
    client.force_login(alice)
    data = cab_of((far.uuid, {}), (far.uuid, values), first=near.uuid, amp=amp.uuid)
    answer = client.post(reverse("chain-new"), data, **HTMX)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert message in text
    assert re.findall(r'id="(\w+)-error"', text) == ["ir1"]
    assert re.search(
        rf'id="ir1-source"[^>]*aria-invalid.*?value="{far.uuid}"[^>]*selected', text, re.S
    )
    assert f'value="{next(iter(values.values()))}"' in text
    assert text.count('name="b1-ir"') == 2
    assert not SignalChain.objects.exists()


def test_a_cabinet_has_no_more_impulse_responses_than_fit(
    client: Client, alice: User, charlie: User
) -> None:
    amp, near = make_capture(alice), make_capture(alice, kind="cab", name="Near")
    hidden = make_capture(charlie, kind="cab", name="Hidden")
    client.force_login(alice)
    for data, where in (
        (cab_of(*[(near.uuid, {})] * 4, first=near.uuid, amp=amp.uuid), "b1"),
        (cab_of((near.uuid, {}), first="", amp=amp.uuid), "b1"),
        (cab_of((hidden.uuid, {}), first=near.uuid, amp=amp.uuid), "ir0"),
        (cab_of(("nothing", {}), first=near.uuid, amp=amp.uuid), "ir0"),
    ):
        answer = client.post(reverse("chain-new"), data, **HTMX)
        assert answer.status_code == 422
        assert f'id="{where}-error"' in answer.content.decode()
    assert not SignalChain.objects.exists()


def test_one_more_impulse_response_comes_with_its_choices(client: Client, alice: User) -> None:
    near = make_capture(alice, kind="cab", name="Near")
    amp = make_capture(alice)
    client.force_login(alice)
    text = client.get(reverse("chain-ir"), {"block": "b0"}).content.decode()
    [key] = re.findall(r'name="b0-ir" value="(\w+)"', text)
    assert f'name="{key}-source"' in text
    assert str(near.uuid) in text
    assert str(amp.uuid) not in text
    # What a capture that has just passed its check makes every choice ask for again.
    given = {"slot": "cab", "key": key, f"{key}-source": str(near.uuid)}
    again = client.get(reverse("chain-options"), given).content.decode()
    assert f'name="{key}-source"' in again
    assert re.search(rf'value="{near.uuid}"[^>]*selected', again)


def test_an_empty_chain_form_asks_for_an_amp(client: Client, alice: User) -> None:
    client.force_login(alice)
    answer = client.post(reverse("chain-new"), chain_form_data(("amp", ""), ("cab", "")), **HTMX)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_captures_of_others_cannot_be_built_with(
    client: Client, alice: User, charlie: User
) -> None:
    amp, cab = make_capture(alice), make_capture(alice, kind="cab", name="Greenback")
    client.force_login(charlie)
    assert str(amp.uuid) not in client.get(reverse("chain-new")).content.decode()
    data = chain_form_data(("amp", amp.uuid), ("cab", cab.uuid))
    assert client.post(reverse("chain-new"), data).status_code == 422
    assert not SignalChain.objects.exists()


@pytest.mark.parametrize(
    "query", [{"slot": "nowhere"}, {"slot": "pre", "source": "processor:nothing"}, {}]
)
def test_blocks_that_do_not_exist_are_refused(
    client: Client, alice: User, query: dict[str, str]
) -> None:
    client.force_login(alice)
    assert client.get(reverse("chain-block"), query).status_code == 400


def test_only_the_owner_deletes_a_chain(client: Client, alice: User, charlie: User) -> None:
    chain = SignalChain.objects.create(owner=alice, name="Mine")
    client.force_login(charlie)
    assert client.post(reverse("chain-delete", args=[chain.uuid])).status_code == 404
    client.force_login(alice)
    assert client.post(reverse("chain-delete", args=[chain.uuid])).status_code == 302
    assert not SignalChain.objects.exists()


def test_lists_take_the_same_queries_however_long(client: Client, alice: User) -> None:
    client.force_login(alice)
    amp = make_capture(alice)
    counts = []
    for num_chains in (1, 8):
        while SignalChain.objects.count() < num_chains:
            chain = SignalChain.objects.create(owner=alice, name="Chain")
            chain.blocks.create(position=0, slot="amp", capture=amp)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("chain-list"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_chain_form_offers_what_is_saved_before_it_offers_all_there_is(
    client: Client, alice: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large the catalog: the newest of it, one's library, and what is chosen already."""
    monkeypatch.setattr(selectors, "MAX_OFFERED", 2)
    shared = [make_capture(charlie, name=f"Shared {number}", is_shared=True) for number in range(4)]
    make_capture(alice, name="My own")
    saved, chosen = shared[0], shared[1]
    LibraryEntry.objects.create(user=alice, capture=saved)
    client.force_login(alice)

    def offered(query: str = "") -> set[str]:
        page = client.get(f"/chains/options/?slot=amp&key=b1{query}").content.decode()
        return set(re.findall(r'data-name="([^"]+)"', page))

    assert offered() == {"My own", "Shared 0", "Shared 2", "Shared 3"}
    assert offered(f"&b1-source={chosen.uuid}") == offered() | {"Shared 1"}
    answer = client.post(
        "/chains/new/",
        {"block": ["b1"], "b1-slot": "amp", "b1-source": str(chosen.uuid), "b1-gain_db": "x"},
    )
    assert answer.status_code == 422  # a head without a cabinet, told beside what was chosen
    assert f'value="{chosen.uuid}" data-kind="amp" data-name="Shared 1" selected' in (
        answer.content.decode()
    )


def test_the_chain_form_finds_what_it_does_not_offer(
    client: Client, alice: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among what is shared by its gear, in one's library by nicknames and files too."""
    monkeypatch.setattr(selectors, "MAX_OFFERED", 2)
    make_capture(charlie, name="Plexi lead", is_shared=True)
    mine = make_capture(alice, name="Plexi rhythm")
    make_capture(charlie, name="Plexi hidden")
    make_capture(charlie, kind="cab", name="Plexi cab", is_shared=True)
    LibraryEntry.objects.filter(capture=mine).update(nickname="Old faithful")
    for number in range(3):
        make_capture(charlie, name=f"Shared {number}", is_shared=True)
    client.force_login(alice)

    def found(text: str, chosen: str = "") -> list[str]:
        given = {"slot": "amp", "key": "b1", "b1-find": text, "b1-source": chosen}
        page = client.get(reverse("chain-options"), given).content.decode()
        return sorted(re.findall(r'data-name="([^"]+)"', page))

    assert found("") == ["Plexi rhythm", "Shared 1", "Shared 2"]
    assert found("plexi") == ["Plexi lead", "Plexi rhythm"]
    assert found("plexy lead") == ["Plexi lead"]
    assert found("faithful") == ["Plexi rhythm"]
    assert found("zzyzx") == []
    assert found("zzyzx", str(mine.uuid)) == ["Plexi rhythm"]
