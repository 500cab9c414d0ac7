from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Block, GearItem, SignalChain
from gear.tests.factories import make_capture, make_chain
from jobs.pipeline.effects.blocks import BLOCK_TYPES

CHAINS = "/api/v1/chains/"


def rig_chain(user: User, **values: Any) -> dict[str, Any]:
    rig = make_capture(user, "full_rig", name="Rig")
    blocks = [
        {"slot": "amp", "capture_id": str(rig.uuid)},
        {"slot": "post", "processor": "high_pass", "parameters": {"cutoff_hz": 90}},
    ]
    return {"name": "A rig", "blocks": blocks, **values}


def test_no_one_gets_nothing(alice: User) -> None:
    chain = make_chain(alice)
    client = api_client()
    assert client.get(CHAINS).status_code == 401
    assert client.post(CHAINS, rig_chain(alice)).status_code == 401
    for method in ("get", "patch", "delete"):
        assert getattr(client, method)(f"{CHAINS}{chain.uuid}/").status_code == 401
    assert SignalChain.objects.count() == 1


def test_strangers_find_nothing(alice: User, charlie: User) -> None:
    chain = make_chain(alice)
    client = api_client(charlie)
    assert client.get(CHAINS).json()["results"] == []
    for method in ("get", "patch", "delete"):
        data = None if method == "get" else {"name": "Mine"}
        answer = getattr(client, method)(f"{CHAINS}{chain.uuid}/", data)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    chain.refresh_from_db()
    assert chain.name == "JCM800 + V30"


def test_the_owner_builds_reads_changes_and_deletes(alice: User) -> None:
    client = api_client(alice)
    answer = client.post(CHAINS, rig_chain(alice))
    assert answer.status_code == 201
    body = answer.json()
    address = f"{CHAINS}{body['id']}/"
    assert client.get(address).json() == body
    assert client.get(CHAINS).json()["results"] == [body]
    assert body["errors"] == []
    assert [block["slot"] for block in body["blocks"]] == ["amp", "post"]
    amp, high_pass = body["blocks"]
    assert amp["capture"]["gear"]["name"] == "Rig"
    assert amp["processor"] == ""
    assert high_pass["capture"] is None
    assert high_pass["parameters"] == {"cutoff_hz": 90.0, "bypass": False}
    assert "90 Hz" in high_pass["settings"]
    changed = client.patch(address, {"name": "B", "blocks": rig_chain(alice)["blocks"][:1]}).json()
    assert (changed["name"], len(changed["blocks"])) == ("B", 1)
    assert client.patch(address, {"description": "x"}).json()["blocks"] == changed["blocks"]
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert not Block.objects.exists()


@pytest.mark.parametrize("name", list(BLOCK_TYPES))
def test_every_processor_plays_behind_a_rig_and_says_what_it_is_set_to(
    alice: User, name: str
) -> None:
    client = api_client(alice)
    chain = rig_chain(alice)
    chain["blocks"][1] = {"slot": "post", "processor": name, "parameters": {}}
    body = client.post(CHAINS, chain).json()
    assert body["errors"] == []
    assert body["blocks"][1]["settings"]
    for parameter in BLOCK_TYPES[name].parameters:
        chain["blocks"][1]["parameters"] = {parameter.name: parameter.maximum + 1.0}
        answer = client.post(CHAINS, chain)
        assert answer.status_code == 422
        assert details_of(answer) == [("/blocks/1/parameters", "BLOCK_PARAMETER_OUT_OF_RANGE")]
        message = answer.json()["details"][0]["message"]
        assert f"{parameter.name} must be from {parameter.minimum:g}" in message


def test_the_codes_of_the_grammar_point_at_their_blocks(alice: User) -> None:
    amp, cab = make_capture(alice), make_capture(alice, "cab")
    pedal = make_capture(alice, "pedal")
    blocks = [
        {"slot": "amp", "capture_id": str(amp.uuid)},
        {"slot": "amp", "capture_id": str(amp.uuid)},
        {"slot": "pre", "capture_id": str(pedal.uuid)},
        {"slot": "cab", "capture_id": str(cab.uuid)},
        {"slot": "cab", "capture_id": str(cab.uuid)},
    ]
    answer = api_client(alice).post(CHAINS, {"name": "x", "blocks": blocks})
    assert answer.status_code == 422
    assert details_of(answer) == [
        ("/blocks/1", "MULTIPLE_AMPS"),
        ("/blocks/2", "INVALID_ORDER"),
        ("/blocks/4", "MULTIPLE_IRS"),
    ]
    answer = api_client(alice).post(CHAINS, {"name": "x", "blocks": []})
    assert (answer.status_code, details_of(answer)) == (422, [("/blocks", "NO_AMP")])
    assert answer.json()["message"].startswith("The chain has no amp")
    assert not SignalChain.objects.exists()


def test_a_parameter_out_of_range_is_named_with_its_range(alice: User) -> None:
    data = rig_chain(alice)
    data["blocks"][1]["parameters"] = {"cutoff_hz": 5}
    answer = api_client(alice).post(CHAINS, data)
    assert answer.status_code == 422
    [detail] = answer.json()["details"]
    assert detail["code"] == "BLOCK_PARAMETER_OUT_OF_RANGE"
    assert detail["pointer"] == "/blocks/1/parameters"
    assert "cutoff_hz must be from 20 to 2000 Hz" in detail["message"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": None}, [("/name", "NULL")]),
        ({"name": " "}, [("/name", "BLANK")]),
        ({"owner": 1}, [("/owner", "UNKNOWN_FIELD")]),
        ({"id": str(uuid4())}, [("/id", "UNKNOWN_FIELD")]),
        ({"blocks": None}, [("/blocks", "NULL")]),
        ({"blocks": {}}, [("/blocks", "NOT_A_LIST")]),
        ({"blocks": ["x"]}, [("/blocks/0", "INVALID")]),
        ({"blocks": [{"slot": "middle"}]}, [("/blocks/0/slot", "INVALID_CHOICE")]),
        ({"blocks": [{"slot": "amp", "x": 1}]}, [("/blocks/0/x", "UNKNOWN_FIELD")]),
        (
            {"blocks": [{"slot": "amp", "capture_id": "1"}]},
            [("/blocks/0/capture_id", "INVALID")],
        ),
        (
            {"blocks": [{"slot": "pre", "processor": "gain", "parameters": {"gain_db": "3"}}]},
            [("/blocks/0/parameters/gain_db", "INVALID")],
        ),
        (
            {"blocks": [{"slot": "amp", "capture_id": str(uuid4())}]},
            [("/blocks/0/capture_id", "NOT_FOUND")],
        ),
    ],
)
def test_input_of_the_wrong_shape_is_pointed_at(
    alice: User, changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    answer = api_client(alice).post(CHAINS, rig_chain(alice, **changes))
    assert (answer.status_code, details_of(answer)) == (422, expected)
    assert not SignalChain.objects.exists()


def test_numbers_too_large_for_a_float_are_out_of_range(alice: User) -> None:
    data = rig_chain(alice)
    data["blocks"][1]["parameters"] = {"cutoff_hz": 10**400}
    answer = api_client(alice).post(CHAINS, data)
    assert details_of(answer) == [("/blocks/1/parameters", "BLOCK_PARAMETER_OUT_OF_RANGE")]


def test_a_chain_whose_capture_is_gone_says_so_and_can_be_repaired(alice: User) -> None:
    chain = make_chain(alice)
    GearItem.objects.filter(kind="cab").delete()
    client = api_client(alice)
    body = client.get(f"{CHAINS}{chain.uuid}/").json()
    assert body["blocks"][2]["capture"] is None
    assert [(e["code"], e["position"]) for e in body["errors"]] == [("UNSUPPORTED_CAPTURE", 2)]
    blocks = rig_chain(alice)["blocks"]
    assert client.patch(f"{CHAINS}{chain.uuid}/", {"blocks": blocks}).json()["errors"] == []


def test_the_list_takes_the_same_queries_however_long(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api_client(alice)
    for _ in range(2):
        for _ in range(5):
            make_chain(alice)
        with django_assert_num_queries(6):  # user, page, blocks, captures, gear, IRs
            assert client.get(CHAINS).status_code == 200


def test_a_block_that_is_patched_is_given_whole(alice: User) -> None:
    """Fields of the chain may be left out, fields of its blocks no more than when it is built."""
    amp, cab = make_capture(alice), make_capture(alice, kind="cab")
    client = api_client(alice)
    blocks = [
        {"slot": "amp", "capture_id": str(amp.uuid)},
        {"slot": "cab", "capture_id": str(cab.uuid)},
    ]
    address = f"{CHAINS}{client.post(CHAINS, {'name': 'Mine', 'blocks': blocks}).json()['id']}/"
    without_slot = {"blocks": [blocks[0], {"capture_id": str(cab.uuid)}]}
    answer = client.patch(address, without_slot)
    assert answer.status_code == 422
    assert [detail["pointer"] for detail in answer.json()["details"]] == ["/blocks/1/slot"]
    # What has a default may be left out there too, and is that, not what it was.
    answer = client.patch(address, {"blocks": blocks})
    assert (answer.status_code, answer.json()["name"]) == (200, "Mine")
