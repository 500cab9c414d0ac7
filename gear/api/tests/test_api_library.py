from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture, GearItem, LibraryEntry
from gear.services.captures import gear_upload
from gear.services.library import library_keep_own, library_save, library_update
from gear.tests.factories import make_capture, nam_bytes, upload_of
from gts.web import paging
from gts.web.errors import NotFoundError
from jobs.tests.running import run_until_idle

LIBRARY = "/api/v1/library/"


def names(user: User, query: str = "") -> list[str]:
    answer = api_client(user).get(f"{LIBRARY}{query}")
    assert answer.status_code == 200
    return [entry["capture"]["gear"]["name"] for entry in answer.json()["results"]]


def save(user: User, capture: Capture, **values: Any) -> str:
    """The address of the new entry."""
    answer = api_client(user).post(LIBRARY, {"capture_id": str(capture.uuid), **values})
    assert answer.status_code == 201, answer.json()
    return f"{LIBRARY}{answer.json()['id']}/"


def test_no_one_gets_nothing_and_strangers_find_nothing(alice: User, charlie: User) -> None:
    address = save(alice, make_capture(alice))
    for client, status in ((api_client(), 401), (api_client(charlie), 404)):
        for method in ("get", "patch", "delete"):
            assert getattr(client, method)(address, {}).status_code == status
    assert api_client().get(LIBRARY).status_code == 401
    assert api_client().post(LIBRARY, {}).status_code == 401
    assert names(charlie) == []
    assert LibraryEntry.objects.count() == 1


def test_a_shared_capture_is_saved_named_and_removed(alice: User, charlie: User) -> None:
    capture = make_capture(charlie, name="Plexi", is_shared=True)
    address = save(alice, capture, nickname=" Loud one ", is_favorite=True)
    client = api_client(alice)
    body = client.get(address).json()
    assert (body["nickname"], body["is_favorite"]) == ("Loud one", True)
    assert body["capture"]["id"] == str(capture.uuid)
    assert client.get(LIBRARY).json()["results"] == [body]
    changed = client.patch(address, {"is_favorite": False}).json()
    assert (changed["nickname"], changed["is_favorite"]) == ("Loud one", False)
    assert client.patch(address, {"nickname": ""}).json()["nickname"] == ""
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert Capture.objects.filter(pk=capture.pk).exists()


def test_only_what_one_may_see_can_be_saved(alice: User, charlie: User) -> None:
    hidden = make_capture(charlie)
    for capture_id in (hidden.uuid, uuid4()):
        answer = api_client(alice).post(LIBRARY, {"capture_id": str(capture_id)})
        assert (answer.status_code, details_of(answer)) == (422, [("/capture_id", "NOT_FOUND")])
    assert not LibraryEntry.objects.exists()


def test_a_capture_is_saved_once(alice: User) -> None:
    capture = make_capture(alice)
    save(alice, capture, nickname="First")
    answer = api_client(alice).post(LIBRARY, {"capture_id": str(capture.uuid), "nickname": "2"})
    assert (answer.status_code, answer.json()["code"]) == (409, "DUPLICATE")
    assert LibraryEntry.objects.get().nickname == "First"


def test_what_is_deleted_or_not_shared_any_more_leaves_the_library(
    alice: User, charlie: User
) -> None:
    kept = make_capture(charlie, name="Kept", is_shared=True)
    gone = make_capture(charlie, name="Gone", is_shared=True)
    hidden = make_capture(charlie, name="Hidden", is_shared=True)
    for capture in (kept, gone, hidden):
        address = save(alice, capture)
    gone.gear.delete()
    GearItem.objects.filter(name="Hidden").update(is_shared=False)
    assert names(alice) == ["Kept"]
    for method in ("get", "patch", "delete"):
        assert getattr(api_client(alice), method)(address, {}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_what_one_uploads_is_in_the_library_once_it_is_checked(alice: User) -> None:
    gear_upload(owner=alice, upload=upload_of(nam_bytes(), "a.nam"), kind="amp", name="Mine")
    assert names(alice) == []
    run_until_idle()
    assert names(alice) == ["Mine"]
    api_client(alice).delete(f"{LIBRARY}{LibraryEntry.objects.get().uuid}/")
    assert names(alice) == []
    assert Capture.objects.owned_by(alice).count() == 1


def test_what_is_brought_for_everybody_is_in_no_library(alice: User) -> None:
    library_keep_own(capture=make_capture(alice, is_shared=True))
    assert not LibraryEntry.objects.exists()


def test_the_list_is_narrowed_down(alice: User) -> None:
    save(alice, make_capture(alice, name="JCM800"), nickname="Crunch", is_favorite=True)
    save(alice, make_capture(alice, "full_rig", name="Rig"))
    save(alice, make_capture(alice, "cab", name="V30"))
    assert names(alice) == ["V30", "Rig", "JCM800"]
    assert names(alice, "?is_favorite=true") == ["JCM800"]
    assert names(alice, "?kind=amp&kind=cab") == ["V30", "JCM800"]
    assert names(alice, "?format=ir") == ["V30"]
    assert names(alice, "?source=tone3000") == []
    assert names(alice, "?search=crunch") == ["JCM800"]
    assert names(alice, "?search=crunch jcm") == ["JCM800"]
    assert names(alice, "?search=crunch v30") == []
    assert names(alice, "?ordering=name") == ["JCM800", "Rig", "V30"]
    following = api_client(alice).get("/api/v1/library/?page_size=1").json()["next"]
    assert names(alice, f"?{urlsplit(following).query}") == ["Rig"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?kind=banjo", "/kind"),
        ("?format=mp3", "/format"),
        ("?ordering=size", "/ordering"),
        ("?ordering=,", "/ordering"),
        ("?page_size=0", "/page_size"),
    ],
)
def test_a_bad_filter_is_pointed_at(alice: User, query: str, pointer: str) -> None:
    answer = api_client(alice).get(f"{LIBRARY}{query}")
    assert answer.status_code == 422
    assert details_of(answer)[0][0] == pointer


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, ("/capture_id", "REQUIRED")),
        ({"capture_id": "1"}, ("/capture_id", "INVALID")),
        ({"capture_id": str(uuid4()), "x": 1}, ("/x", "UNKNOWN_FIELD")),
        ({"capture_id": str(uuid4()), "nickname": "x" * 101}, ("/nickname", "MAX_LENGTH")),
    ],
)
def test_input_of_the_wrong_shape_is_pointed_at(
    alice: User, data: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = api_client(alice).post(LIBRARY, data)
    assert (answer.status_code, details_of(answer)) == (422, [expected])


def test_the_list_takes_the_same_queries_however_long(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api_client(alice)
    for _ in range(2):
        for _ in range(5):
            library_save(user=alice, capture_id=make_capture(alice).uuid)
        # User, whether the word is as it stands, count, page with captures and gear.
        with django_assert_num_queries(3):
            assert client.get(f"{LIBRARY}?search=jcm").status_code == 200


def test_a_search_leaves_nothing_of_a_large_library_out(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the catalog only so many hits are ranked: not so of what is one's own."""
    monkeypatch.setattr(paging, "MAX_RANKED", 1)
    for name in ("Plexi lead", "Plexi rhythm", "Twin lead"):
        library_save(user=alice, capture_id=make_capture(alice, name=name).uuid)
    Capture.objects.update(name="capture.nam")
    assert names(alice, "?search=lead+plexi") == ["Plexi lead"]


def test_what_was_removed_meanwhile_cannot_be_changed(alice: User) -> None:
    entry = library_save(user=alice, capture_id=make_capture(alice).uuid)
    LibraryEntry.objects.all().delete()
    with pytest.raises(NotFoundError):
        library_update(entry=entry, nickname="Late")
