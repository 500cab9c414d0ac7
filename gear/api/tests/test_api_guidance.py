from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.tests.factories import make_capture

GUIDANCE = "/api/v1/chains/guidance/"


def test_no_one_gets_no_guidance(db: None) -> None:
    assert api_client().post(GUIDANCE, {"blocks": []}).status_code == 401


def test_a_chain_is_built_step_by_step(alice: User) -> None:
    client = api_client(alice)
    body = client.post(GUIDANCE, {"blocks": []}).json()
    assert not body["is_complete"]
    assert [(each["slot"], each["kinds"]) for each in body["next"]] == [
        ("pre", ["outboard", "pedal"]),
        ("amp", ["amp", "full_rig"]),
    ]
    blocks: list[dict[str, Any]] = [{"slot": "amp", "capture_id": str(make_capture(alice).uuid)}]
    body = client.post(GUIDANCE, {"blocks": blocks}).json()
    assert [each["slot"] for each in body["next"]] == ["loop", "cab"]
    assert "needs a cabinet" in body["message"]
    blocks.append({"slot": "cab", "kind": "cab"})
    blocks.append({"slot": "post", "processor": "reverb", "parameters": {"mix_pct": 20}})
    body = client.post(GUIDANCE, {"blocks": blocks}).json()
    assert (body["is_complete"], body["errors"]) == (True, [])


def test_what_cannot_be_played_is_told(alice: User) -> None:
    broken = make_capture(alice, "full_rig", unsupported_reason="AIDA-X cannot be played here.")
    blocks = [{"slot": "amp", "capture_id": str(broken.uuid)}, {"slot": "pre", "kind": "pedal"}]
    body = api_client(alice).post(GUIDANCE, {"blocks": blocks}).json()
    assert (body["is_complete"], body["next"]) == (False, [])
    found = [(error["code"], error["position"]) for error in body["errors"]]
    assert found == [("UNSUPPORTED_CAPTURE", 0), ("INVALID_ORDER", 1)]


def test_captures_of_others_are_not_known(alice: User, charlie: User) -> None:
    blocks = [{"slot": "amp", "capture_id": str(make_capture(alice).uuid)}]
    answer = api_client(charlie).post(GUIDANCE, {"blocks": blocks})
    assert (answer.status_code, details_of(answer)) == (
        422,
        [("/blocks/0/capture_id", "NOT_FOUND")],
    )


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"slot": "middle", "kind": "amp"}, ("/blocks/0/slot", "INVALID_CHOICE")),
        ({"slot": "amp"}, ("/blocks/0", "BLOCK_NEEDS_ONE_SOURCE")),
        (
            {"slot": "amp", "kind": "amp", "capture_id": str(uuid4())},
            ("/blocks/0", "BLOCK_NEEDS_ONE_SOURCE"),
        ),
        ({"slot": "pre", "processor": "wah"}, ("/blocks/0/processor", "BLOCK_UNKNOWN")),
        ({"slot": "pre", "kind": "banjo"}, ("/blocks/0/kind", "INVALID_CHOICE")),
        ({"slot": "pre", "kind": "pedal", "x": 1}, ("/blocks/0/x", "UNKNOWN_FIELD")),
    ],
)
def test_input_of_the_wrong_shape_is_pointed_at(
    alice: User, block: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = api_client(alice).post(GUIDANCE, {"blocks": [block]})
    assert (answer.status_code, details_of(answer)) == (422, [expected])


def test_more_blocks_than_a_chain_has_are_told_and_a_flood_is_not_read(alice: User) -> None:
    client = api_client(alice)
    pedal = {"slot": "pre", "kind": "pedal"}
    body = client.post(GUIDANCE, {"blocks": [pedal] * 17}).json()
    assert [(error["code"], error["position"]) for error in body["errors"]] == [
        ("INVALID_ORDER", 16)
    ]
    assert client.post(GUIDANCE, {"blocks": [pedal] * 65}).status_code == 422
