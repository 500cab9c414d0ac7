"""Drafts over HTTP: kept, found, changed by one at a time, looked at, made into shootouts."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.tests.factories import make_capture
from gts.web.api.serializers import UNKNOWN_FIELD
from shootouts.models import Draft, Shootout
from shootouts.pages.tests.pages import make_track
from shootouts.tests.draft_documents import document_with, slot_of

pytestmark = pytest.mark.django_db
URL = "/api/v1/drafts/"
EXPANSION = f"{URL}expansion/"


@pytest.fixture
def document(alice: User) -> dict[str, Any]:
    amps = [make_capture(alice, name=f"Amp {n}") for n in range(2)]
    cab = make_capture(alice, "cab", name="Cab")
    tracks = [make_track(alice, "Undertow")]
    return document_with(slot_of("amp", *amps), slot_of("cab", cab), tracks=tracks)


def test_a_draft_is_kept_as_it_was_sent_and_listed_without_what_it_holds(
    alice: User, charlie: User, document: dict[str, Any]
) -> None:
    client = api_client(alice)
    made = client.post(URL, {"document": document})
    assert made.status_code == 201
    found = client.get(made["Location"])
    assert found["ETag"] == made["ETag"]
    assert found.json()["document"] == document
    assert found.json()["url"] == made["Location"]
    [listed] = client.get(URL).json()["results"]
    assert (listed["title"], listed["state"], listed["shootout_id"]) == (
        "Untitled draft", "open", None,
    )  # fmt: skip
    assert "document" not in listed
    assert client.get(URL, {"state": "made"}).json()["results"] == []
    assert api_client(charlie).get(URL).json()["results"] == []


def test_of_two_devices_the_later_one_is_told(alice: User, document: dict[str, Any]) -> None:
    client = api_client(alice)
    made = client.post(URL, {"document": document})
    url, seen = made["Location"], {"If-Match": made["ETag"]}
    renamed = client.patch(url, {"title": "Mine"}, headers=seen)
    assert (renamed.status_code, renamed.json()["revision"]) == (200, 2)
    assert renamed.json()["document"] == {**document, "title": "Mine"}
    theirs = client.put(url, {"document": document}, headers=seen)
    assert (theirs.status_code, theirs.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert client.delete(url, headers=seen).status_code == 412
    assert client.put(url, {"document": document}).status_code == 200
    assert client.delete(url).status_code == 204
    assert not Draft.objects.exists()


def test_everything_that_is_wrong_with_its_shape_is_told_at_its_place(alice: User) -> None:
    document = {
        "schema_version": 1,
        "slots": [
            {"id": "a", "slot": "attic", "options": []},
            {"id": "b", "slot": "amp", "options": [{"id": "O", "block": {"gain": 3}}]},
        ],
        "off": ["a//b"],
        "options": {"slice_s": 0.1},
        "tint": "red",
    }
    answer = api_client(alice).post(URL, {"document": document})
    assert answer.status_code == 422
    found = {(detail["pointer"], detail["code"]) for detail in answer.json()["details"]}
    assert found >= {
        ("/document/slots/0/slot", "INVALID_CHOICE"),
        ("/document/slots/1/options/0/id", "INVALID"),
        ("/document/slots/1/options/0/block/gain", "UNKNOWN_FIELD"),
        ("/document/off/0", "INVALID"),
        ("/document/options/slice_s", "MIN_VALUE"),
        ("/document/tint", "UNKNOWN_FIELD"),
    }
    assert UNKNOWN_FIELD in answer.content.decode()


def test_an_expansion_shows_the_grid_and_stores_nothing(
    alice: User, document: dict[str, Any]
) -> None:
    document["off"] = ["amp2/cab1"]
    document["options"] = {}
    answer = api_client(alice).post(EXPANSION, {"document": document})
    assert answer.status_code == 200
    found = answer.json()
    assert found["cells"][0] == {
        "key": "amp1/cab1", "label": "Amp 0", "names": ["Amp 0", "Cab"],
        "is_valid": True, "is_on": True, "errors": [],
    }  # fmt: skip
    assert (found["num_cells"], found["num_on"], found["max_contenders"]) == (2, 1, 27)
    assert found["line_up"] == [
        {"key": "amp1/cab1", "chain_id": None, "label": "Amp 0", "is_valid": True, "message": ""}
    ]
    assert found["problems"] == ["Add one more chain: there is nothing to compare the one with."]
    assert found["slots"][1] == {"id": "cab", "message": "", "allows_none": False}
    assert found["estimate"]["basis"] == "typical"
    # One of 12.5 s between cards of 2.5 and 3 s.
    assert found["estimate"]["video_duration_s"] == pytest.approx(18.1, abs=0.3)
    assert found["estimate"]["render_s"] > 0
    assert not Draft.objects.exists()


def test_a_shootout_is_made_once(alice: User, document: dict[str, Any]) -> None:
    client = api_client(alice)
    url = client.post(URL, {"document": document}).json()["url"]
    first = client.post(f"{url}shootout/", {"is_rendered": True})
    assert first.status_code == 201
    shootout = Shootout.objects.get()
    assert first["Location"] == f"/api/v1/shootouts/{shootout.uuid}/"
    assert first.json()["shootout"]["id"] == str(shootout.uuid)
    assert first.json()["job"]["id"] == first.json()["shootout"]["job_id"]
    again = client.post(f"{url}shootout/", {"is_rendered": True})
    assert (again.status_code, again.json()) == (200, first.json())
    draft = client.get(url).json()
    assert (draft["state"], draft["shootout_id"]) == ("made", str(shootout.uuid))


def test_an_incomplete_draft_says_why_it_makes_none(alice: User) -> None:
    client = api_client(alice)
    url = client.post(URL, {"document": {"schema_version": 1}}).json()["url"]
    answer = client.post(f"{url}shootout/", {})
    assert (answer.status_code, answer.json()["code"]) == (422, "DRAFT_INCOMPLETE")
    assert {
        "pointer": "/document/di_tracks",
        "code": "REQUIRED",
        "message": "Choose a DI track.",
    } in (answer.json()["details"])


def test_the_line_up_of_a_shootout_of_ones_own_can_be_edited(
    alice: User, charlie: User, document: dict[str, Any]
) -> None:
    client = api_client(alice)
    url = client.post(URL, {"document": document}).json()["url"]
    made = client.post(f"{url}shootout/", {"is_rendered": False}).json()
    body = {"shootout_id": made["shootout"]["id"]}
    first, again = client.post(URL, body), client.post(URL, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    labels = [entry["label"] for entry in first.json()["document"]["line_up"]]
    assert labels == ["Amp 0", "Amp 1"]
    for other, wanted in ((charlie, body), (alice, {"shootout_id": str(uuid4())})):
        refused = api_client(other).post(URL, wanted)
        assert (refused.status_code, details_of(refused)) == (
            422, [("/shootout_id", "NOT_FOUND")],
        )  # fmt: skip


@pytest.mark.parametrize(
    "body", [{}, {"document": {"schema_version": 1}, "shootout_id": str(uuid4())}]
)
def test_a_draft_is_of_one_thing(alice: User, body: dict[str, Any]) -> None:
    answer = api_client(alice).post(URL, body)
    assert (answer.status_code, answer.json()["details"][0]["code"]) == (422, "EITHER_OR")
