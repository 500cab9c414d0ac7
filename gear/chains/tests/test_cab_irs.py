"""Cabinets of more than one impulse response, over the API and in words."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.chains.describe import GONE, describe_chain
from gear.models import BlockIR, Capture, GearItem
from gear.selectors import chain_errors, chain_get
from gear.tests.factories import make_capture

CHAINS = "/api/v1/chains/"


def chain(user: User, *extra: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    cab = make_capture(user, "cab", name="V30")
    return {
        "name": "Two mics",
        "blocks": [
            {"slot": "amp", "capture_id": str(make_capture(user, name="Amp").uuid)},
            {
                "slot": "cab",
                "capture_id": str(cab.uuid),
                "parameters": parameters,
                "extra_irs": list(extra),
            },
        ],
    }


def ir(capture: Capture, **parameters: Any) -> dict[str, Any]:
    return {"capture_id": str(capture.uuid), "parameters": parameters}


def test_a_cabinet_of_three_is_built_read_and_changed(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api_client(alice)
    ribbon = make_capture(alice, "cab", name="Ribbon")
    room = make_capture(alice, "cab", name="Room")
    given = chain(
        alice,
        ir(ribbon, gain_db=-6, is_inverted=True),
        ir(room, delay_ms=2.5),
        is_aligned=True,
        gain_db=-1,
    )
    answer = client.post(CHAINS, given)
    assert answer.status_code == 201
    body = answer.json()
    assert body["errors"] == []
    cab = body["blocks"][1]
    assert cab["parameters"] == {
        "gain_db": -1.0,
        "delay_ms": 0.0,
        "is_inverted": False,
        "is_aligned": True,
    }
    assert cab["settings"] == "Gain -1 dB, aligned"
    extra = [(ir["capture"]["gear"]["name"], ir["settings"]) for ir in cab["extra_irs"]]
    assert extra == [("Ribbon", "Gain -6 dB, inverted"), ("Room", "2.5 ms later")]
    assert body["blocks"][0]["extra_irs"] == []
    assert client.get(f"{CHAINS}{body['id']}/").json() == body

    stored = chain_get(alice, body["id"])
    with django_assert_num_queries(0):
        described = describe_chain(stored)
    assert [(line["slot"], line["name"]) for line in described] == [
        ("amp", "Amp"),
        ("cab", "V30"),
        ("cab", "Ribbon"),
        ("cab", "Room"),
    ]

    changed = client.patch(f"{CHAINS}{body['id']}/", {"blocks": chain(alice)["blocks"]}).json()
    assert changed["blocks"][1]["extra_irs"] == []
    assert not BlockIR.objects.exists()


def test_what_is_deleted_is_missing_and_said(alice: User) -> None:
    client = api_client(alice)
    ribbon = make_capture(alice, "cab", name="Ribbon")
    body = client.post(CHAINS, chain(alice, ir(ribbon))).json()
    GearItem.objects.filter(name="Ribbon").delete()
    stored = chain_get(alice, body["id"])
    found = [(error.code, error.position) for error in chain_errors(stored)]
    assert found == [("UNSUPPORTED_CAPTURE", 1)]
    assert [line["name"] for line in describe_chain(stored)][-1] == GONE
    cab = client.get(f"{CHAINS}{body['id']}/").json()["blocks"][1]
    assert cab["extra_irs"][0]["capture"] is None


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"delay_ms": 10.5}, "BLOCK_PARAMETER_OUT_OF_RANGE"),
        ({"gain_db": 25}, "BLOCK_PARAMETER_OUT_OF_RANGE"),
        ({"is_inverted": 1}, "BLOCK_PARAMETER_INVALID"),
        ({"is_aligned": True}, "BLOCK_PARAMETER_UNKNOWN"),
    ],
)
def test_parameters_are_checked(alice: User, parameters: dict[str, Any], code: str) -> None:
    given = chain(alice, ir(make_capture(alice, "cab"), **parameters))
    answer = api_client(alice).post(CHAINS, given)
    assert answer.status_code == 422
    assert details_of(answer) == [("/blocks/1/extra_irs/0/parameters", code)]


def test_only_ones_own_impulse_responses_in_a_cabinet(alice: User, charlie: User) -> None:
    client = api_client(alice)
    hidden = make_capture(charlie, "cab", name="Hidden")
    amp = make_capture(alice, name="No IR")
    pending = make_capture(alice, "cab", name="Pending", state="pending")
    given = chain(alice, ir(hidden), ir(amp), ir(pending))
    assert sorted(details_of(client.post(CHAINS, given))) == [
        ("/blocks/1/extra_irs/0/capture_id", "NOT_FOUND"),
        ("/blocks/1/extra_irs/1/capture_id", "NOT_AN_IR"),
        ("/blocks/1/extra_irs/2/capture_id", "CAPTURE_NOT_READY"),
    ]
    mic = make_capture(alice, "cab", name="Mic")
    assert details_of(client.post(CHAINS, chain(alice, *[ir(mic)] * 4))) == [
        ("/blocks/1/extra_irs", "COUNT")
    ]
    given = chain(alice)
    given["blocks"][0]["extra_irs"] = [ir(mic)]
    assert details_of(client.post(CHAINS, given)) == [("/blocks/0/extra_irs", "BLOCK_TAKES_NO_IRS")]
    given = chain(alice, {"capture_id": str(uuid4()), "polarity": -1})
    assert details_of(client.post(CHAINS, given))[0][0] == "/blocks/1/extra_irs/0/polarity"
