"""A whole shootout in one call, of chains or of slots with options."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture, SignalChain
from gear.tests.factories import make_capture
from shootouts.models import DITrack, Shootout
from shootouts.pages.tests.pages import make_track

pytestmark = pytest.mark.django_db
URL = "/api/v1/shootouts/"


@pytest.fixture
def track(alice: User) -> DITrack:
    return make_track(alice)


def option(capture: Capture) -> dict[str, str]:
    return {"capture_id": str(capture.uuid)}


def matrix(alice: User, *, num_amps: int = 2, num_cabs: int = 2) -> list[dict[str, Any]]:
    amps = [make_capture(alice, name=f"Amp {n}") for n in range(num_amps)]
    cabs = [make_capture(alice, "cab", name=f"Cab {n}") for n in range(num_cabs)]
    return [
        {"slot": "pre", "options": [{"processor": "gain", "parameters": {"gain_db": 3}}]},
        {"slot": "amp", "options": [option(amp) for amp in amps]},
        {"slot": "cab", "options": [option(cab) for cab in cabs]},
    ]


def body_of(track: DITrack, **fields: Any) -> dict[str, Any]:
    return {"title": "Four ways", "di_tracks": [{"di_track_id": str(track.uuid)}], **fields}


def test_slots_become_chains_with_labels_of_what_differs(alice: User, track: DITrack) -> None:
    answer = api_client(alice).post(URL, body_of(track, slots=matrix(alice)))
    assert answer.status_code == 201
    labels = ["Amp 0 + Cab 0", "Amp 0 + Cab 1", "Amp 1 + Cab 0", "Amp 1 + Cab 1"]
    contenders = answer.json()["contenders"]
    assert [contender["label"] for contender in contenders] == labels
    chains = {str(chain.uuid): chain for chain in SignalChain.objects.all()}
    assert [chains[c["chain_id"]].name for c in contenders] == [f"Four ways: {x}" for x in labels]
    first = chains[contenders[0]["chain_id"]]
    assert first.owner == alice
    assert [block.slot for block in first.blocks.all()] == ["pre", "amp", "cab"]


def test_labels_of_ones_own_win_and_must_be_as_many(alice: User, track: DITrack) -> None:
    slots = matrix(alice, num_cabs=1)
    client = api_client(alice)
    answer = client.post(URL, body_of(track, slots=slots, labels=["Mine", ""]))
    assert [c["label"] for c in answer.json()["contenders"]] == ["Mine", "Amp 1"]
    answer = client.post(URL, body_of(track, slots=slots, labels=["Mine"]))
    assert details_of(answer) == [("/labels", "COUNT")]


def test_what_cannot_be_played_is_pointed_at_or_left_out(alice: User, track: DITrack) -> None:
    slots = matrix(alice)
    slots[1]["options"].append(option(make_capture(alice, "full_rig", name="Rig")))
    client = api_client(alice)
    answer = client.post(URL, body_of(track, slots=slots))
    assert details_of(answer) == [
        ("/slots/2/options/0", "IR_FORBIDDEN"),
        ("/slots/2/options/1", "IR_FORBIDDEN"),
    ]
    assert not SignalChain.objects.exists()
    answer = client.post(URL, body_of(track, slots=slots, only_valid=True))
    assert len(answer.json()["contenders"]) == 4


def test_too_many_are_refused_with_their_number_before_anything_is_written(
    alice: User, track: DITrack
) -> None:
    slots = matrix(alice, num_amps=7, num_cabs=4)
    answer = api_client(alice).post(URL, body_of(track, slots=slots))
    assert details_of(answer) == [("/slots", "TOO_MANY_PERMUTATIONS")]
    assert "28 chains" in answer.json()["details"][0]["message"]
    assert not SignalChain.objects.exists()
    assert not Shootout.objects.exists()


def test_one_chain_is_no_comparison(alice: User, track: DITrack) -> None:
    slots = matrix(alice, num_amps=1, num_cabs=1)
    answer = api_client(alice).post(URL, body_of(track, slots=slots))
    assert details_of(answer) == [("/slots", "COUNT")]


def test_either_chains_or_slots(alice: User, track: DITrack) -> None:
    client = api_client(alice)
    assert details_of(client.post(URL, body_of(track))) == [("/contenders", "REQUIRED")]
    contenders = [{"chain_id": str(uuid4())}]
    answer = client.post(URL, body_of(track, slots=matrix(alice), contenders=contenders))
    assert ("/slots", "EITHER_OR") in details_of(answer)
    answer = client.post(URL, body_of(track, contenders=contenders, labels=["Mine"]))
    assert ("/labels", "EITHER_OR") in details_of(answer)
    assert not Shootout.objects.exists()


def test_all_mistakes_are_told_together(alice: User, charlie: User) -> None:
    slots = matrix(alice)
    slots[1]["options"][1] = option(make_capture(charlie))
    slots[0]["options"][0]["parameters"]["gain_db"] = 99
    answer = api_client(alice).post(
        URL,
        {
            "title": "",
            "di_tracks": [
                {"di_track_id": str(uuid4())},
                {"di_track_id": str(make_track(charlie, "Not mine").uuid)},
            ],
            "slots": slots,
            "slice_s": 0,
            "color": "red",
        },
    )
    assert answer.status_code == 422
    assert set(details_of(answer)) == {
        ("/title", "BLANK"),
        ("/slice_s", "MIN_VALUE"),
        ("/color", "UNKNOWN_FIELD"),
        ("/di_tracks/0/di_track_id", "NOT_FOUND"),
        ("/di_tracks/1/di_track_id", "NOT_FOUND"),
        ("/slots/0/options/0/parameters", "BLOCK_PARAMETER_OUT_OF_RANGE"),
        ("/slots/1/options/1/capture_id", "NOT_FOUND"),
    }
    assert not SignalChain.objects.exists()


def test_a_part_of_the_wrong_form_is_not_also_missing(alice: User) -> None:
    answer = api_client(alice).post(URL, {"title": "x", "contenders": "all", "di_tracks": 7})
    assert {pointer for pointer, _ in details_of(answer)} == {"/contenders", "/di_tracks"}
    answer = api_client(alice).post(URL, ["title"])
    assert answer.status_code == 422
