from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture, ChainGroup, GearItem, SignalChain
from gear.tests.factories import make_capture

GROUPS = "/api/v1/chain-groups/"


def use(capture: Capture, **values: Any) -> dict[str, Any]:
    return {"capture_id": str(capture.uuid), **values}


def group_of(owner: User, **changes: Any) -> dict[str, Any]:
    """A boost that may be off, two heads, two cabinets."""
    boost = {"processor": "gain", "parameters": {"gain_db": 6.0}}
    heads = [make_capture(owner, name=name) for name in ("JCM800", "Plexi")]
    cabs = [make_capture(owner, "cab", name=name) for name in ("V30", "Greenback")]
    slots = [
        {"slot": "pre", "options": [None, boost]},
        {"slot": "amp", "options": [use(head) for head in heads]},
        {"slot": "cab", "options": [use(cab) for cab in cabs]},
    ]
    return {"name": "Marshalls", "slots": slots, **changes}


def test_no_one_gets_nothing_and_strangers_find_nothing(alice: User, charlie: User) -> None:
    address = f"{GROUPS}{api_client(alice).post(GROUPS, group_of(alice)).json()['id']}/"
    for client, status in ((api_client(), 401), (api_client(charlie), 404)):
        for method in ("get", "patch", "delete"):
            assert getattr(client, method)(address, {}).status_code == status
        for method in ("get", "post"):
            answer = getattr(client, method)(f"{address}permutations/", {})
            assert answer.status_code == status
    assert api_client().get(GROUPS).status_code == 401
    assert api_client().post(GROUPS, {}).status_code == 401
    assert api_client(charlie).get(GROUPS).json()["results"] == []
    assert ChainGroup.objects.count() == 1
    assert SignalChain.objects.count() == 0


def test_captures_of_others_cannot_be_named(alice: User, charlie: User) -> None:
    answer = api_client(charlie).post(GROUPS, group_of(alice))
    assert answer.status_code == 422
    assert details_of(answer) == [
        ("/slots/1/options/0/capture_id", "NOT_FOUND"),
        ("/slots/1/options/1/capture_id", "NOT_FOUND"),
        ("/slots/2/options/0/capture_id", "NOT_FOUND"),
        ("/slots/2/options/1/capture_id", "NOT_FOUND"),
    ]


def test_the_owner_builds_reads_changes_and_deletes(alice: User) -> None:
    client = api_client(alice)
    answer = client.post(GROUPS, group_of(alice, description="All there are"))
    assert answer.status_code == 201
    body = answer.json()
    address = f"{GROUPS}{body['id']}/"
    assert client.get(address).json() == body
    assert client.get(GROUPS).json()["results"] == [body]
    assert (body["name"], body["num_permutations"]) == ("Marshalls", 8)
    nothing, boost = body["slots"][0]["options"]
    assert nothing is None
    assert (boost["name"], boost["settings"]) == ("Gain", "Gain +6 dB")
    assert boost["parameters"] == {"gain_db": 6.0, "bypass": False}
    jcm = body["slots"][1]["options"][0]
    assert (jcm["name"], jcm["is_missing"]) == ("JCM800", False)
    assert jcm["capture"]["gear"]["name"] == "JCM800"
    assert client.patch(address, {"name": "British"}).json()["name"] == "British"
    rig = make_capture(alice, "full_rig", name="Rig")
    changed = client.patch(address, {"slots": [{"slot": "amp", "options": [use(rig)]}]}).json()
    assert (changed["name"], changed["num_permutations"]) == ("British", 1)
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


def test_permutations_are_labeled_by_what_differs(alice: User) -> None:
    client = api_client(alice)
    group = client.post(GROUPS, group_of(alice)).json()
    body = client.get(f"{GROUPS}{group['id']}/permutations/").json()
    assert (body["count"], body["num_valid"], body["limit"]) == (8, 8, 27)
    assert [each["label"] for each in body["permutations"]] == [
        "JCM800 + V30",
        "JCM800 + Greenback",
        "Plexi + V30",
        "Plexi + Greenback",
        "Gain + JCM800 + V30",
        "Gain + JCM800 + Greenback",
        "Gain + Plexi + V30",
        "Gain + Plexi + Greenback",
    ]
    last = body["permutations"][-1]
    assert last["choices"] == [1, 1, 1]
    assert [(b["slot"], b["name"], b["processor"]) for b in last["blocks"]] == [
        ("pre", "Gain", "gain"),
        ("amp", "Plexi", ""),
        ("cab", "Greenback", ""),
    ]


def test_chains_are_made_of_all_permutations_in_order(alice: User) -> None:
    client = api_client(alice)
    group = client.post(GROUPS, group_of(alice)).json()
    answer = client.post(f"{GROUPS}{group['id']}/permutations/", {})
    assert answer.status_code == 201
    built = answer.json()["results"]
    assert [each["label"] for each in built][:2] == ["JCM800 + V30", "JCM800 + Greenback"]
    assert built[0]["chain"]["name"] == "Marshalls: JCM800 + V30"
    assert [block["slot"] for block in built[0]["chain"]["blocks"]] == ["amp", "cab"]
    assert built[-1]["chain"]["blocks"][0]["parameters"]["gain_db"] == 6.0
    assert all(each["chain"]["errors"] == [] for each in built)
    assert SignalChain.objects.owned_by(alice).count() == 8


def test_heads_and_rigs_in_one_group(alice: User) -> None:
    """What does not go together is told, and left out on demand."""
    client = api_client(alice)
    data = group_of(alice)
    data["slots"][1]["options"].append(use(make_capture(alice, "full_rig", name="Rig")))
    data["slots"] = data["slots"][1:]
    data["slots"][1]["options"].append(None)
    group = client.post(GROUPS, data).json()
    address = f"{GROUPS}{group['id']}/permutations/"
    body = client.get(address).json()
    assert (body["count"], body["num_valid"]) == (9, 5)
    found = [[(e["code"], e["position"]) for e in p["errors"]] for p in body["permutations"]]
    assert found[2] == [("IR_REQUIRED", 0)]
    assert found[6] == [("IR_FORBIDDEN", 1)]
    assert found[8] == []
    answer = client.post(address, {})
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_PERMUTATIONS")
    assert ("/permutations/6/blocks/1", "IR_FORBIDDEN") in details_of(answer)
    assert not SignalChain.objects.exists()
    built = client.post(address, {"only_valid": True}).json()["results"]
    assert [each["label"] for each in built] == [
        "JCM800 + V30",
        "JCM800 + Greenback",
        "Plexi + V30",
        "Plexi + Greenback",
        "Rig",
    ]


def test_too_many_are_refused_with_their_number_before_anything_is_written(alice: User) -> None:
    data = group_of(alice)
    gains = [{"processor": "gain", "parameters": {"gain_db": float(db)}} for db in range(7)]
    data["slots"][0]["options"] = gains
    answer = api_client(alice).post(GROUPS, data)
    assert (answer.status_code, details_of(answer)) == (422, [("/slots", "TOO_MANY_PERMUTATIONS")])
    assert "28 chains; at most 27" in answer.json()["message"]
    assert not ChainGroup.objects.exists()


def test_a_limit_that_came_down_makes_a_conflict(alice: User, settings: Settings) -> None:
    client = api_client(alice)
    group = client.post(GROUPS, group_of(alice)).json()
    settings.GTS_MAX_CONTENDERS = 4
    assert client.get(f"{GROUPS}{group['id']}/").json()["num_permutations"] == 8
    for method in ("get", "post"):
        answer = getattr(client, method)(f"{GROUPS}{group['id']}/permutations/", {})
        assert (answer.status_code, answer.json()["code"]) == (409, "TOO_MANY_PERMUTATIONS")
        assert "8 chains" in answer.json()["message"]


def test_a_deleted_capture_is_named_and_can_be_replaced(alice: User) -> None:
    client = api_client(alice)
    data = group_of(alice)
    group = client.post(GROUPS, data).json()
    address = f"{GROUPS}{group['id']}/"
    GearItem.objects.get(name="V30").delete()
    body = client.get(address).json()
    missing = body["slots"][2]["options"][0]
    assert (missing["name"], missing["capture"], missing["is_missing"]) == ("V30", None, True)
    permutations = client.get(f"{address}permutations/").json()
    assert permutations["num_valid"] == 4
    first = permutations["permutations"][0]
    assert first["label"] == "JCM800 + V30"
    assert [(e["code"], e["position"]) for e in first["errors"]] == [("UNSUPPORTED_CAPTURE", 1)]
    assert client.post(f"{address}permutations/", {}).status_code == 409
    del data["slots"][2]["options"][0]
    assert client.patch(address, {"slots": data["slots"]}).json()["num_permutations"] == 4
    assert client.post(f"{address}permutations/", {}).status_code == 201


def test_gear_that_is_shared_no_longer_is_missing(alice: User, charlie: User) -> None:
    rig = make_capture(charlie, "full_rig", name="Rig", is_shared=True)
    client = api_client(alice)
    slots = [{"slot": "amp", "options": [use(rig)]}]
    group = client.post(GROUPS, {"name": "Rigs", "slots": slots}).json()
    GearItem.objects.update(is_shared=False)
    body = client.get(f"{GROUPS}{group['id']}/").json()
    assert body["slots"][0]["options"][0]["capture"] is None


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ([], [("/slots", "NO_SLOTS")]),
        ([{"slot": "amp", "options": []}], [("/slots/0/options", "MIN_LENGTH")]),
        ([{"slot": "amp"}], [("/slots/0/options", "REQUIRED")]),
        ([{"slot": "nowhere", "options": [None]}], [("/slots/0/slot", "INVALID_CHOICE")]),
        (
            [{"slot": "amp", "options": [{"capture_id": str(uuid4()), "kind": "amp"}]}],
            [("/slots/0/options/0/kind", "UNKNOWN_FIELD")],
        ),
        (
            [{"slot": "amp", "options": [{}]}],
            [("/slots/0/options/0", "BLOCK_NEEDS_ONE_SOURCE")],
        ),
        (
            [{"slot": "pre", "options": [{"processor": "gain", "parameters": {"gain_db": 99}}]}],
            [("/slots/0/options/0/parameters", "BLOCK_PARAMETER_OUT_OF_RANGE")],
        ),
        # Nothing is said about the grammar before it can be said of something.
        ([{"slot": "pre", "options": [{"processor": "gain"}]}], [("/slots", "NO_AMP")]),
        (
            [{"slot": "pre", "options": [{"processor": "gain"}, {"processor": "gain"}, None]}],
            [("/slots/0/options/1", "DUPLICATE_OPTION")],
        ),
        ([{"slot": "pre", "options": [None]}], [("/slots/0/options/0", "NOTHING_NOT_ALLOWED")]),
    ],
)
def test_input_of_the_wrong_shape_is_pointed_at(
    alice: User, slots: list[Any], expected: list[tuple[str, str]]
) -> None:
    answer = api_client(alice).post(GROUPS, {"name": "A", "slots": slots})
    assert (answer.status_code, details_of(answer)) == (422, expected)
    assert not ChainGroup.objects.exists()


def test_the_amp_cannot_be_nothing_and_the_cab_only_beside_a_rig(alice: User) -> None:
    data = group_of(alice, name="")
    data["slots"][1]["options"].append(None)
    data["slots"][2]["options"].append(None)
    answer = api_client(alice).post(GROUPS, data)
    assert details_of(answer) == [("/name", "BLANK")]
    answer = api_client(alice).post(GROUPS, data | {"name": "A"})
    assert details_of(answer) == [
        ("/slots/1/options/2", "NOTHING_NOT_ALLOWED"),
        ("/slots/2/options/2", "NOTHING_NOT_ALLOWED"),
    ]


def test_a_group_of_which_nothing_can_be_played_says_why(alice: User) -> None:
    broken = make_capture(alice, name="AIDA", unsupported_reason="AIDA-X cannot be played here.")
    cab = make_capture(alice, "cab")
    data = {
        "name": "A",
        "slots": [
            {"slot": "amp", "options": [use(broken), use(make_capture(alice, "full_rig"))]},
            {"slot": "cab", "options": [use(cab)]},
        ],
    }
    answer = api_client(alice).post(GROUPS, data)
    assert details_of(answer) == [
        ("/slots/0/options/0", "UNSUPPORTED_CAPTURE"),
        ("/slots/1/options/0", "IR_FORBIDDEN"),
    ]


def test_cabinets_with_several_responses_are_kept_and_built(alice: User) -> None:
    head = make_capture(alice)
    first, second = (make_capture(alice, "cab", name=name) for name in ("57", "121"))
    mixed = use(first, extra_irs=[use(second, parameters={"gain_db": -3.0})])
    slots = [
        {"slot": "amp", "options": [use(head)]},
        {"slot": "cab", "options": [use(first), mixed]},
    ]
    client = api_client(alice)
    group = client.post(GROUPS, {"name": "Mikes", "slots": slots}).json()
    extra = group["slots"][1]["options"][1]["extra_irs"]
    assert extra[0]["capture"]["gear"]["name"] == "121"
    built = client.post(f"{GROUPS}{group['id']}/permutations/", {}).json()["results"]
    assert built[1]["chain"]["blocks"][1]["extra_irs"][0]["parameters"]["gain_db"] == -3.0
    second.gear.delete()
    body = client.get(f"{GROUPS}{group['id']}/permutations/").json()
    assert [each["errors"] == [] for each in body["permutations"]] == [True, False]


def test_the_list_takes_the_same_queries_however_long(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api_client(alice)
    data = group_of(alice)
    for _ in range(2):
        for _ in range(4):
            client.post(GROUPS, data)
        with django_assert_num_queries(3):  # user, page, captures with gear
            assert client.get(GROUPS).status_code == 200


def test_a_slot_that_is_patched_is_given_whole(alice: User) -> None:
    group = ChainGroup.objects.create(owner=alice, name="Mine", slots=[])
    answer = api_client(alice).patch(f"{GROUPS}{group.uuid}/", {"slots": [{"options": [None]}]})
    assert answer.status_code == 422
    assert [detail["pointer"] for detail in answer.json()["details"]] == ["/slots/0/slot"]
