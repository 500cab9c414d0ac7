from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Preset
from gear.services.chains import preset_create, preset_update
from gts.web.errors import NotFoundError

PRESETS = "/api/v1/presets/"
BOOST = {"processor": "gain", "name": "Boost", "parameters": {"gain_db": 6.0}}


def make_preset(owner: User, name: str = "Boost", processor: str = "gain") -> Preset:
    return preset_create(owner=owner, processor=processor, name=name, parameters={})


def test_no_one_gets_nothing_and_strangers_find_nothing(alice: User, charlie: User) -> None:
    address = f"{PRESETS}{make_preset(alice).uuid}/"
    for client, status in ((api_client(), 401), (api_client(charlie), 404)):
        for method in ("get", "patch", "delete"):
            data = None if method == "get" else {"name": "Mine"}
            assert getattr(client, method)(address, data).status_code == status
    assert api_client().get(PRESETS).status_code == 401
    assert api_client().post(PRESETS, BOOST).status_code == 401
    assert api_client(charlie).get(PRESETS).json()["results"] == []
    assert Preset.objects.get().name == "Boost"


def test_the_owner_makes_reads_changes_and_deletes(alice: User) -> None:
    client = api_client(alice)
    answer = client.post(PRESETS, BOOST)
    assert answer.status_code == 201
    body = answer.json()
    address = f"{PRESETS}{body['id']}/"
    assert client.get(address).json() == body
    assert client.get(PRESETS).json()["results"] == [body]
    assert body["parameters"] == {"gain_db": 6.0, "bypass": False}
    assert body["settings"] == "Gain +6 dB"
    assert client.patch(address, {"name": "Lift"}).json()["parameters"]["gain_db"] == 6.0
    changed = client.patch(address, {"parameters": {"bypass": True}}).json()
    assert changed["name"] == "Lift"
    assert changed["parameters"] == {"gain_db": 0.0, "bypass": True}
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


def test_a_name_stands_once_for_each_processor(alice: User, charlie: User) -> None:
    client = api_client(alice)
    make_preset(alice)
    make_preset(alice, processor="delay")
    make_preset(charlie)
    other = make_preset(alice, "Other")
    answer = client.post(PRESETS, BOOST)
    assert (answer.status_code, answer.json()["code"]) == (409, "DUPLICATE")
    answer = client.patch(f"{PRESETS}{other.uuid}/", {"name": " Boost "})
    assert (answer.status_code, answer.json()["code"]) == (409, "DUPLICATE")
    assert client.patch(f"{PRESETS}{other.uuid}/", {"name": "Other"}).status_code == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": ""}, ("/name", "BLANK")),
        ({"name": "x" * 101}, ("/name", "MAX_LENGTH")),
        ({"processor": "wah"}, ("/processor", "BLOCK_UNKNOWN")),
        ({"parameters": {"cutoff_hz": 1}}, ("/parameters", "BLOCK_PARAMETER_UNKNOWN")),
        ({"parameters": {"gain_db": 99}}, ("/parameters", "BLOCK_PARAMETER_OUT_OF_RANGE")),
        ({"parameters": {"gain_db": True}}, ("/parameters", "BLOCK_PARAMETER_INVALID")),
        ({"parameters": {"gain_db": "3"}}, ("/parameters/gain_db", "INVALID")),
        ({"parameters": None}, ("/parameters", "NULL")),
        ({"x": 1}, ("/x", "UNKNOWN_FIELD")),
    ],
)
def test_input_of_the_wrong_shape_is_pointed_at(
    alice: User, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = api_client(alice).post(PRESETS, BOOST | changes)
    assert (answer.status_code, details_of(answer)) == (422, [expected])
    assert not Preset.objects.exists()


def test_the_processor_of_a_preset_stays(alice: User) -> None:
    address = f"{PRESETS}{make_preset(alice).uuid}/"
    answer = api_client(alice).patch(address, {"processor": "delay"})
    assert details_of(answer) == [("/processor", "UNKNOWN_FIELD")]


def test_what_was_deleted_meanwhile_cannot_be_changed(alice: User) -> None:
    preset = make_preset(alice)
    Preset.objects.all().delete()
    with pytest.raises(NotFoundError):
        preset_update(preset=preset, name="Late")


def test_the_list_is_narrowed_down_and_takes_the_same_queries_however_long(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api_client(alice)
    for round_number in range(2):
        for number in range(3):
            make_preset(alice, f"{round_number} {number}")
            make_preset(alice, f"{round_number} {number}", "delay")
        with django_assert_num_queries(2):  # user, page
            answer = client.get(f"{PRESETS}?processor=delay&search=1&ordering=-name")
    names = [preset["name"] for preset in answer.json()["results"]]
    assert names == ["1 2", "1 1", "1 0", "0 1"]
    assert {preset["processor"] for preset in answer.json()["results"]} == {"delay"}
    assert client.get(f"{PRESETS}?ordering=name,").status_code == 422
    answer = client.get(f"{PRESETS}?processor=wah")
    assert (answer.status_code, details_of(answer)) == (422, [("/processor", "INVALID_CHOICE")])
