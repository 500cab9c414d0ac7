"""Captures to choose from: by what the list is narrowed, and what it says of each."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture, GearItem
from gear.services.library import gear_tags_set, library_save
from gear.tests.factories import make_capture

CAPTURES = "/api/v1/captures/"


def names(user: User | None, query: str = "") -> list[str]:
    answer = api_client(user).get(f"{CAPTURES}?{query}")
    assert answer.status_code == 200, answer.json()
    return [capture["gear"]["name"] for capture in answer.json()["results"]]


def of_gear(capture: Capture, **values: Any) -> Capture:
    for name, value in values.items():
        setattr(capture.gear, name, value)
    capture.gear.save()
    return capture


def gain_of(gain: float) -> dict[str, Any]:
    return {"label": "A1 standard", "metadata": {"gain": gain}}


def test_scopes_are_mine_shared_and_favorites(alice: User, charlie: User) -> None:
    make_capture(alice, name="Own")
    make_capture(charlie, name="Hidden")
    shared = make_capture(charlie, name="Shared", is_shared=True)
    saved = make_capture(charlie, name="Saved", is_shared=True)
    library_save(user=alice, capture_id=shared.uuid, is_favorite=True)
    library_save(user=alice, capture_id=saved.uuid)
    assert names(alice, "scope=mine") == ["Own"]
    assert names(alice, "scope=public") == ["Saved", "Shared"]
    assert names(alice, "scope=favorites") == ["Shared"]
    assert names(charlie, "scope=favorites") == []
    assert names(None, "scope=public") == ["Saved", "Shared"]
    assert names(None, "scope=mine") == names(None, "scope=favorites&search=shared") == []


def test_a_favorite_that_is_not_shared_any_more_has_left(alice: User, charlie: User) -> None:
    capture = make_capture(charlie, is_shared=True)
    library_save(user=alice, capture_id=capture.uuid, is_favorite=True)
    of_gear(capture, is_shared=False)
    assert names(alice, "scope=favorites") == []


def test_filters_narrow_the_list(alice: User) -> None:
    hot = make_capture(alice, name="Hot", info=gain_of(0.9), input_level_dbu=12.0)
    of_gear(hot, make="Marshall", licence="CC BY")
    mild = make_capture(alice, name="Mild", info={**gain_of(0.2), "label": "A2 Full"})
    of_gear(mild, make="Vox", licence="T3K")
    make_capture(alice, "cab", name="Cab")
    gear_tags_set(user=alice, item=mild.gear, names=["Sunday", "clean"])
    for query, found in {
        "make=marshall": ["Hot"],
        "licence=t3k": ["Mild"],
        "architecture=a1": ["Hot"],
        "architecture=A2+Full": ["Mild"],
        "tag=sunday&tag=clean": ["Mild"],
        "tag=sunday&tag=none": [],
        "gain_min=0.5": ["Hot"],
        "gain_max=0.5": ["Mild"],
        "gain_min=0.1&gain_max=0.95": ["Mild", "Hot"],
        "is_calibrated=true": ["Hot"],
        "is_calibrated=false": ["Cab", "Mild"],
        "source=upload&kind=cab": ["Cab"],
        "ordering=name": ["Cab", "Hot", "Mild"],
        "ordering=-make": ["Mild", "Hot", "Cab"],
        "ordering=created_at": ["Hot", "Mild", "Cab"],
    }.items():
        assert names(alice, query) == found, query


@pytest.mark.parametrize("query", ["scope=all", "gain_min=2", "gain_max=loud", "is_calibrated=1"])
def test_what_is_no_value_is_an_error(alice: User, query: str) -> None:
    answer = api_client(alice).get(f"{CAPTURES}?{query}")
    assert answer.status_code == 422
    assert [pointer for pointer, _ in details_of(answer)] == [f"/{query.partition('=')[0]}"]


def test_words_find_captures_by_their_gear_with_typos_the_best_first(alice: User) -> None:
    of_gear(make_capture(alice, name="Plexi clone of a Marshall"), make="Someone")
    of_gear(make_capture(alice, name="JCM800"), make="Marshall")
    of_gear(make_capture(alice, "pedal", name="Marshall"), make="")
    for scope in ("mine", "public"):
        GearItem.objects.update(is_shared=scope == "public")
        assert names(alice, f"scope={scope}&search=marshall")[0] == "Marshall"
        assert names(alice, f"scope={scope}&search=jcm+800") == ["JCM800"]
        assert names(alice, f"scope={scope}&search=marhsall&kind=amp") == [
            "JCM800", "Plexi clone of a Marshall",
        ]  # fmt: skip
        assert names(alice, f"scope={scope}&search=zzyzx") == []
        assert names(alice, f"scope={scope}&search=%25") == []


def test_in_my_own_lists_my_nickname_and_the_name_of_the_file_are_found_too(
    alice: User, charlie: User
) -> None:
    plexi = make_capture(charlie, name="Plexi", is_shared=True)
    make_capture(charlie, name="Twin", is_shared=True)
    make_capture(alice, name="Bassman").gear.captures.update(name="bright channel.nam")
    library_save(user=alice, capture_id=plexi.uuid, nickname="Sunday best", is_favorite=True)
    library_save(user=charlie, capture_id=plexi.uuid, nickname="Weekday", is_favorite=True)
    assert names(alice, "scope=favorites&search=sunday") == ["Plexi"]
    assert names(alice, "scope=favorites&search=plexi+best") == ["Plexi"]
    assert names(alice, "scope=favorites&search=weekday") == []
    assert names(alice, "scope=mine&search=bright") == ["Bassman"]
    assert names(alice, "scope=mine&search=basman") == ["Bassman"]


def test_the_pages_of_a_search_follow_each_other(alice: User) -> None:
    for number in range(7):
        make_capture(alice, name=f"Plexi {number}")
    found, address = [], f"{CAPTURES}?scope=mine&search=plexi&page_size=3"
    while address:
        page = api_client(alice).get(address).json()
        found += [capture["gear"]["name"] for capture in page["results"]]
        address = page["next"]
    assert sorted(found) == [f"Plexi {number}" for number in range(7)]


def test_a_capture_says_what_is_mine_of_it(alice: User, charlie: User) -> None:
    capture = make_capture(charlie, is_shared=True, info=gain_of(0.25), output_level_dbu=4.0)
    gear_tags_set(user=charlie, item=capture.gear, names=["loud"])
    gear_tags_set(user=alice, item=capture.gear, names=["mine"])
    entry = library_save(user=alice, capture_id=capture.uuid, nickname="Loud one")
    client = api_client(alice)
    [listed] = client.get(CAPTURES).json()["results"]
    assert client.get(f"{CAPTURES}{capture.uuid}/").json() == listed
    assert listed["library_entry"] == {
        "id": str(entry.uuid), "nickname": "Loud one", "is_favorite": False,
    }  # fmt: skip
    assert (listed["gain"], listed["is_calibrated"], listed["is_mine"]) == (0.25, False, False)
    assert listed["tags"] == ["loud", "mine"]
    [listed] = api_client().get(CAPTURES).json()["results"]
    assert (listed["library_entry"], listed["tags"], listed["is_mine"]) == (None, ["loud"], False)


def test_facets_tell_what_a_list_has(
    alice: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Plexi", "JCM800"):
        of_gear(make_capture(alice, name=name, info=gain_of(0.5)), make="Marshall")
    of_gear(make_capture(alice, "cab", name="V30"), make="celestion", licence="CC BY")
    of_gear(make_capture(charlie, name="Hidden"), make="Secret")
    gear_tags_set(user=alice, item=Capture.objects.earliest("pk").gear, names=["Sunday"])
    client = api_client(alice)
    facets = client.get(f"{CAPTURES}facets/?scope=mine").json()
    assert (facets["num_captures"], facets["is_complete"]) == (3, True)
    assert facets["makes"] == [
        {"value": "Marshall", "num_captures": 2}, {"value": "celestion", "num_captures": 1},
    ]  # fmt: skip
    assert facets["kinds"][0] == {"value": "amp", "num_captures": 2}
    assert facets["architectures"] == [{"value": "A1 standard", "num_captures": 2}]
    assert facets["licences"] == [{"value": "CC BY", "num_captures": 1}]
    assert facets["tags"] == [{"value": "Sunday", "num_captures": 1}]
    narrowed = client.get(f"{CAPTURES}facets/?scope=mine&kind=amp&search=plexy").json()
    assert narrowed["num_captures"] == 1
    monkeypatch.setattr("gear.selectors.MAX_FACETED", 2)
    facets = client.get(f"{CAPTURES}facets/?scope=mine").json()
    assert (facets["num_captures"], facets["is_complete"]) == (2, False)
    assert client.get(f"{CAPTURES}facets/?scope=none").status_code == 422
    assert client.get(f"{CAPTURES}facets/?page_size=3").status_code == 422
