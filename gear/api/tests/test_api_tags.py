from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture, GearItem, GearTag, Tag
from gear.services.library import gear_tags_import, gear_tags_set, tag_create, tag_rename
from gear.tests.factories import make_capture
from gts.web.errors import NotFoundError

TAGS = "/api/v1/tags/"
GEAR = "/api/v1/gear/"


def put(user: User, item: GearItem, *names: str) -> list[str]:
    answer = api_client(user).put(f"{GEAR}{item.uuid}/tags/", {"tags": list(names)})
    assert answer.status_code == 200, answer.json()
    return list(answer.json()["tags"])


def tags_of(user: User, item: GearItem) -> list[str]:
    return list(api_client(user).get(f"{GEAR}{item.uuid}/").json()["tags"])


def found(user: User, query: str) -> list[str]:
    answer = api_client(user).get(f"{GEAR}?{query}")
    assert answer.status_code == 200
    return sorted(item["name"] for item in answer.json()["results"])


def test_no_one_gets_nothing_and_strangers_find_nothing(alice: User, charlie: User) -> None:
    tag = tag_create(owner=alice, name="Crunch")
    hidden = make_capture(alice).gear
    for client, status in ((api_client(), 401), (api_client(charlie), 404)):
        for method in ("get", "patch", "delete"):
            data = None if method == "get" else {"name": "Mine"}
            answer = getattr(client, method)(f"{TAGS}{tag.uuid}/", data)
            assert answer.status_code == status
        assert client.put(f"{GEAR}{hidden.uuid}/tags/", {"tags": ["x"]}).status_code == status
    assert api_client().get(TAGS).status_code == 401
    assert api_client().post(TAGS, {"name": "x"}).status_code == 401
    assert api_client(charlie).get(TAGS).json()["results"] == []
    assert [tag.name for tag in Tag.objects.all()] == ["Crunch"]


def test_the_owner_makes_renames_and_deletes(alice: User) -> None:
    client = api_client(alice)
    body = client.post(TAGS, {"name": "  Low   gain "}).json()
    assert (body["name"], body["num_gear"]) == ("Low gain", 0)
    address = f"{TAGS}{body['id']}/"
    item = make_capture(alice).gear
    assert put(alice, item, "low GAIN") == ["Low gain"]
    assert client.get(address).json()["num_gear"] == 1
    assert client.patch(address, {"name": "LOW GAIN"}).json()["name"] == "LOW GAIN"
    assert tags_of(alice, item) == ["LOW GAIN"]
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert tags_of(alice, item) == []


def test_a_word_is_one_tag_however_it_is_written(alice: User, charlie: User) -> None:
    tag_create(owner=alice, name="Größe")
    other = tag_create(owner=alice, name="Klein")
    tag_create(owner=charlie, name="größe")
    client = api_client(alice)
    for name in ("größe", "GRÖSSE", "Gro\u0308ße"):
        answer = client.post(TAGS, {"name": name})
        assert (answer.status_code, answer.json()["code"]) == (409, "DUPLICATE")
        assert client.patch(f"{TAGS}{other.uuid}/", {"name": name}).status_code == 409
    assert Tag.objects.owned_by(alice).count() == 2


def test_tags_of_others_are_seen_only_on_the_gear_of_their_owner(
    alice: User, charlie: User
) -> None:
    shared = make_capture(alice, is_shared=True).gear
    assert put(alice, shared, "British", "Loud") == ["British", "Loud"]
    assert put(charlie, shared, "loud", "Mine") == ["British", "Loud", "Mine"]
    assert tags_of(alice, shared) == ["British", "Loud"]
    assert put(charlie, shared) == ["British", "Loud"]
    assert [tag["name"] for tag in api_client(charlie).get(TAGS).json()["results"]] == [
        "loud",
        "Mine",
    ]


def test_gear_is_found_by_tags(alice: User, charlie: User) -> None:
    first, second = (
        make_capture(alice, name=name, is_shared=True).gear for name in ("First", "Second")
    )
    gear_tags_set(user=alice, item=first, names=["British", "Loud"])
    gear_tags_set(user=alice, item=second, names=["Loud"])
    gear_tags_set(user=charlie, item=second, names=["Secret"])
    assert found(charlie, "tag=loud") == ["First", "Second"]
    assert found(charlie, "tag=LOUD&tag=british") == ["First"]
    assert found(charlie, "tag=secret") == ["Second"]
    assert found(alice, "tag=secret") == []
    assert found(alice, "tag=&tag=british") == ["First"]
    assert found(alice, "tag=unknown") == []


def test_gear_is_found_by_licence_and_architecture(alice: User) -> None:
    a1 = make_capture(alice, name="A", architecture="WaveNet", info={"label": "A1 standard"})
    make_capture(alice, name="B", architecture="LSTM")
    GearItem.objects.filter(pk=a1.gear_id).update(licence="CC0-1.0")
    assert found(alice, "licence=cc0-1.0") == ["A"]
    assert found(alice, "architecture=a1") == ["A"]
    assert found(alice, "architecture=A1 standard") == ["A"]
    assert found(alice, "architecture=wavenet") == []
    assert found(alice, "architecture=%25") == []
    assert found(alice, "architecture=lstm") == ["B"]
    assert found(alice, "architecture=STM") == []
    Capture.objects.filter(pk=a1.pk).update(info={"label": ""})
    assert found(alice, "architecture=wavenet") == ["A"]
    assert found(alice, "architecture=a1") == []


def test_gear_may_bring_its_tags_along(alice: User) -> None:
    tag_create(owner=alice, name="metal")
    item = make_capture(alice).gear
    gear_tags_import(item=item, names=["Metal", "", "high gain", "High Gain", "x" * 51, "\u200b"])
    assert tags_of(alice, item) == ["high gain", "metal"]
    gear_tags_import(item=item, names=["metal"])
    assert GearTag.objects.count() == 2


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, [("/tags", "REQUIRED")]),
        ({"tags": "x"}, [("/tags", "NOT_A_LIST")]),
        ({"tags": ["ok", "x" * 51]}, [("/tags/1", "MAX_LENGTH")]),
        ({"tags": ["ok", "\u200b"]}, [("/tags/1", "INVALID")]),
        ({"tags": [str(i) for i in range(21)]}, [("/tags", "MAX_LENGTH")]),
        ({"tags": [], "x": 1}, [("/x", "UNKNOWN_FIELD")]),
    ],
)
def test_tags_of_the_wrong_shape_are_pointed_at(
    alice: User, data: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    item = make_capture(alice).gear
    answer = api_client(alice).put(f"{GEAR}{item.uuid}/tags/", data)
    assert (answer.status_code, details_of(answer)) == (422, expected)
    assert not Tag.objects.exists()


@pytest.mark.parametrize("data", [{}, {"name": ""}, {"name": "x" * 51}, {"name": "\u200b"}])
def test_a_tag_needs_a_name(alice: User, data: dict[str, Any]) -> None:
    answer = api_client(alice).post(TAGS, data)
    assert answer.status_code == 422
    assert details_of(answer)[0][0] == "/name"


def test_what_was_deleted_meanwhile_cannot_be_renamed(alice: User) -> None:
    tag = tag_create(owner=alice, name="a")
    Tag.objects.all().delete()
    with pytest.raises(NotFoundError):
        tag_rename(tag=tag, name="b")
    assert api_client(alice).get(f"{TAGS}{uuid4()}/").status_code == 404


def test_the_list_is_searched_and_takes_the_same_queries_however_long(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api_client(alice)
    for round_number in range(2):
        for number in range(5):
            tag = tag_create(owner=alice, name=f"Tag {round_number} {number}")
            gear_tags_set(user=alice, item=make_capture(alice).gear, names=[tag.name])
        with django_assert_num_queries(2):  # user, page with the number of uses
            answer = client.get(f"{TAGS}?search=tag 0")
        assert len(answer.json()["results"]) == 5
