from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.models import Capture, GearItem
from gear.models.item import FileState
from gear.services.chain_groups import SlotInput, chain_group_create
from gear.services.chains import preset_create
from gear.services.library import library_save, tag_create
from gear.tests.factories import block, make_capture, make_chain, nam_bytes, upload_of, wav_bytes
from jobs.models import Job

GEAR = "/api/v1/gear/"
CAPTURES = "/api/v1/captures/"


def upload(client: APIClient, content: bytes, file_name: str, **values: Any) -> Any:
    data = {"file": upload_of(content, file_name), "kind": "amp", **values}
    return client.post(GEAR, data, format="multipart")


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer.json()["results"]]


def test_who_is_not_logged_in_sees_what_is_shared_and_changes_nothing(alice: User) -> None:
    capture, other = make_capture(alice, is_shared=True), make_capture(alice)
    client = api_client()
    for address in (GEAR, f"{GEAR}?tag=x", f"{GEAR}?source=upload", f"{GEAR}?search=jcm", CAPTURES):
        assert client.get(address).status_code == 200
    [item] = client.get(GEAR).json()["results"]
    assert (item["id"], item["is_mine"]) == (str(capture.gear.uuid), False)
    assert [row["id"] for row in client.get(CAPTURES).json()["results"]] == [str(capture.uuid)]
    assert client.get("/api/v1/block-types/").status_code == 200
    assert client.get(f"{GEAR}{capture.gear.uuid}/").status_code == 200
    assert client.get(f"{CAPTURES}{capture.uuid}/").status_code == 200
    assert client.get(f"{GEAR}{other.gear.uuid}/").status_code == 404
    assert client.get(f"{CAPTURES}{other.uuid}/").status_code == 404
    assert client.delete(f"{GEAR}{capture.gear.uuid}/").status_code == 401
    assert upload(client, nam_bytes(), "a.nam").status_code == 401
    assert GearItem.objects.count() == 2


def test_strangers_see_only_what_is_shared(alice: User, charlie: User) -> None:
    mine, shared = make_capture(alice), make_capture(alice, name="Shared", is_shared=True)
    client = api_client(charlie)
    assert names(client.get(GEAR)) == ["Shared"]
    assert [row["id"] for row in client.get(CAPTURES).json()["results"]] == [str(shared.uuid)]
    assert client.get(f"{GEAR}{shared.gear.uuid}/").json()["is_mine"] is False
    assert client.get(f"{CAPTURES}{shared.uuid}/").status_code == 200
    for address in (f"{GEAR}{mine.gear.uuid}/", f"{CAPTURES}{mine.uuid}/"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    for capture in (mine, shared):
        assert client.delete(f"{GEAR}{capture.gear.uuid}/").status_code == 404
    assert GearItem.objects.count() == 2


def test_the_owner_reads_and_deletes(alice: User) -> None:
    capture = make_capture(alice, info={"label": "A1 standard", "warnings": ["Old."]})
    client = api_client(alice)
    answer = client.get(f"{GEAR}{capture.gear.uuid}/").json()
    assert answer["is_mine"] is True
    assert answer["captures"][0]["id"] == str(capture.uuid)
    assert answer["captures"][0]["architecture"] == "A1 standard"
    assert answer["captures"][0]["warnings"] == ["Old."]
    answer = client.get(f"{CAPTURES}{capture.uuid}/").json()
    assert answer["gear"]["id"] == str(capture.gear.uuid)
    assert "file" not in answer
    assert client.delete(f"{GEAR}{capture.gear.uuid}/").status_code == 204
    assert client.get(f"{GEAR}{capture.gear.uuid}/").status_code == 404
    assert not Capture.objects.exists()


@pytest.mark.parametrize("method", ["get", "delete"])
def test_what_does_not_exist_is_a_404(alice: User, method: str) -> None:
    for name in ("00000000-0000-4000-8000-000000000000", "1", "not-a-uuid"):
        assert getattr(api_client(alice), method)(f"{GEAR}{name}/").status_code == 404


def test_an_upload_answers_202_with_the_gear_and_its_job(alice: User) -> None:
    answer = upload(api_client(alice), nam_bytes(), "a.nam", name="JCM800", make="Marshall")
    assert answer.status_code == 202
    body = answer.json()
    assert (body["name"], body["make"], body["source"]) == ("JCM800", "Marshall", "upload")
    assert [capture["state"] for capture in body["captures"]] == ["pending"]
    job = Job.objects.get()
    assert (body["job"]["id"], body["job"]["state"]) == (str(job.uuid), "queued")
    assert body["job"]["error"] is None


@pytest.mark.parametrize(
    ("content", "name", "values", "status", "code"),
    [
        (b"text", "a.wav", {"kind": "cab"}, 415, "FILE_NOT_WHAT_IT_SAYS"),
        (b"", "a.nam", {}, 422, "EMPTY_FILE"),
        (b"", "a.wav", {"kind": "cab"}, 422, "EMPTY_FILE"),
        (b"x{", "a.nam", {}, 415, "FILE_NOT_WHAT_IT_SAYS"),
        (b"{}", "a.exe", {}, 415, "FILE_TYPE_UNSUPPORTED"),
        (b"{" * 3000, "a.nam", {}, 413, "TOO_LARGE"),
        (wav_bytes(), "a.wav", {"kind": "amp"}, 415, "FILE_TYPE_UNSUPPORTED"),
        (nam_bytes(), "a.nam", {"kind": "banjo"}, 422, "INVALID"),
        (nam_bytes(), "a.nam", {"name": "x" * 201}, 422, "INVALID"),
        (nam_bytes(), "a.nam", {"is_shared": "1"}, 422, "INVALID"),
    ],
)
def test_bad_uploads_are_told_apart_and_leave_nothing(
    alice: User,
    media_root: Path,
    settings: Settings,
    content: bytes,
    name: str,
    values: dict[str, str],
    status: int,
    code: str,
) -> None:
    settings.GTS_CAPTURE_MAX_BYTES = 2000
    answer = upload(api_client(alice), content, name, **values)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not GearItem.objects.exists()
    assert not Job.objects.exists()
    assert not [path for path in media_root.rglob("*") if path.is_file()]


def test_an_upload_is_refused_by_the_length_it_announces(alice: User, settings: Settings) -> None:
    settings.GTS_CAPTURE_MAX_BYTES = settings.GTS_DI_MAX_BYTES = 1000
    answer = upload(api_client(alice), b"{" + b" " * 2_000_000, "a.nam")
    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


def test_an_upload_needs_a_file_in_a_form(alice: User) -> None:
    client = api_client(alice)
    answer = client.post(GEAR, {"kind": "amp"}, format="multipart")
    assert details_of(answer) == [("/file", "REQUIRED")]
    answer = client.post(GEAR, {"kind": "amp", "file": "text"}, format="multipart")
    assert details_of(answer) == [("/file", "INVALID")]
    assert client.post(GEAR, {"kind": "amp"}).status_code == 415


def test_the_same_file_twice_is_a_409_that_names_the_first(alice: User) -> None:
    client = api_client(alice)
    first = upload(client, nam_bytes(), "a.nam", name="JCM800").json()
    answer = upload(client, nam_bytes(), "b.nam")
    assert (answer.status_code, answer.json()["code"]) == (409, "DUPLICATE")
    url = f"/api/v1/gear/{first['id']}/"
    assert answer.json()["existing"] == {"id": first["id"], "url": url}
    assert first["id"] not in answer.json()["message"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["V30", "Screamer", "JCM800"]),
        ("search=MARSH", ["JCM800"]),
        ("search=marshall%20800", ["JCM800"]),
        ("search=marshall%20tube", []),
        ("search=%00", None),
        ("kind=cab", ["V30"]),
        ("kind=cab&kind=pedal", ["V30", "Screamer"]),
        ("kind=banjo", None),
        ("kind=", None),
        ("format=nam", ["Screamer", "JCM800"]),
        ("format=ir", ["V30"]),
        ("format=wav", None),
        ("format=json", ["V30", "Screamer", "JCM800"]),
        ("source=demo", []),
        ("source=x", None),
        ("make=marshall", ["JCM800"]),
        ("ordering=name", ["JCM800", "Screamer", "V30"]),
        ("ordering=-name", ["V30", "Screamer", "JCM800"]),
        ("ordering=owner", None),
        ("unknown=1", None),
    ],
)
def test_filters(alice: User, query: str, expected: list[str] | None) -> None:
    make_capture(alice, name="JCM800")
    GearItem.objects.update(make="Marshall")
    make_capture(alice, "pedal", name="Screamer")
    make_capture(alice, "cab", name="V30")
    answer = api_client(alice).get(f"{GEAR}?{query}")
    if expected is None:
        assert answer.status_code == 422
        assert details_of(answer)[0][0] == f"/{query.partition('=')[0]}"
    else:
        assert names(answer) == expected


def test_filters_of_captures(alice: User) -> None:
    amp = make_capture(alice)
    cab = make_capture(alice, "cab", state=FileState.PENDING)
    client = api_client(alice)

    def found(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"{CAPTURES}?{query}").json()["results"]]

    assert found("is_usable=true") == found("state=ready") == [str(amp.uuid)]
    assert found("is_usable=false") == found("kind=cab") == found("format=ir") == [str(cab.uuid)]
    for query in ("format=wav", "state=", "is_usable=", "is_usable=1", "is_usable=null"):
        assert client.get(f"{CAPTURES}?{query}").status_code == 422


def test_pages(alice: User) -> None:
    for number in range(5):
        make_capture(alice, name=str(number))
    client = api_client(alice)
    answer = client.get(f"{GEAR}?page_size=2")
    first = answer.json()
    assert first["previous"] is None
    assert [item["name"] for item in first["results"]] == ["4", "3"]
    assert answer["Link"] == f'<{first["next"]}>; rel="next"'
    answer = client.get(first["next"])
    second = answer.json()
    assert answer["Link"] == f'<{second["next"]}>; rel="next", <{second["previous"]}>; rel="prev"'
    answer = client.get(second["next"])
    assert [item["name"] for item in answer.json()["results"]] == ["0"]
    assert answer.json()["next"] is None
    assert answer["Link"] == f'<{answer.json()["previous"]}>; rel="prev"'
    answer = client.get(f"{GEAR}?page=2")
    assert (answer.status_code, details_of(answer)) == (422, [("/page", "UNKNOWN_PARAMETER")])
    for query in ("page_size=0", "page_size=101", "page_size=x"):
        answer = client.get(f"{GEAR}?{query}")
        assert (answer.status_code, details_of(answer)) == (422, [("/page_size", "INVALID")])


@pytest.mark.parametrize(("address", "num_queries"), [(GEAR, 4), (CAPTURES, 4)])
def test_lists_take_the_same_queries_however_long(
    alice: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    address: str,
    num_queries: int,
) -> None:
    client = api_client(alice)
    for _ in range(2):
        for _ in range(5):
            make_capture(alice)
        with django_assert_num_queries(num_queries):  # user, page, captures, tags
            assert client.get(address).status_code == 200


def test_the_block_types_are_listed_with_their_ranges(alice: User) -> None:
    answer = api_client(alice).get("/api/v1/block-types/")
    assert "max-age=3600" in answer["Cache-Control"]
    again = api_client(alice).get("/api/v1/block-types/", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
    assert "max-age=3600" in again["Cache-Control"]
    other = api_client(alice).get("/api/v1/block-types/", HTTP_IF_NONE_MATCH='"x"')
    assert other.status_code == 200
    types = {block_type["name"]: block_type for block_type in answer.json()}
    assert {"gain", "high_pass", "low_pass"} <= set(types)
    assert types["gain"]["places"] == ["pre", "loop", "post"]
    assert types["gain"]["parameters"] == [
        {
            "name": "gain_db",
            "label": "Gain",
            "unit": "dB",
            "minimum": -24.0,
            "maximum": 24.0,
            "default": 0.0,
        }
    ]


def test_operators_see_everything_in_the_admin(
    alice: User, charlie: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    alice.is_staff = alice.is_superuser = True
    alice.save()
    chain = make_chain(charlie)
    client = api_client()
    client.force_login(alice)
    rows: dict[str, Any] = {
        "gearitem": GearItem.objects.first(),
        "capture": Capture.objects.first(),
    }
    rows |= {
        "libraryentry": library_save(user=charlie, capture_id=Capture.objects.all()[0].uuid),
        "tag": tag_create(owner=charlie, name="a"),
        "preset": preset_create(owner=charlie, processor="gain", name="a", parameters={}),
        "chaingroup": chain_group_create(
            owner=charlie,
            name="a",
            slots=[SlotInput("amp", [block("amp", make_capture(charlie, "full_rig"))])],
        ),
    }
    for name, row in {**rows, "signalchain": chain}.items():
        assert row is not None
        for _ in range(10):
            make_chain(charlie)
        with django_assert_max_num_queries(10):
            answer = client.get(reverse(f"admin:gear_{name}_changelist") + "?q=a")
        assert answer.status_code == 200
        assert client.get(reverse(f"admin:gear_{name}_change", args=[row.pk])).status_code == 200
