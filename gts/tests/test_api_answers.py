"""What all answers of the API have in common: where things are, and which questions are none."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from gear.tests.factories import make_capture, nam_bytes, upload_of
from gts.web.api.views import StrictQuery

pytestmark = pytest.mark.django_db
API = "/api/v1"


def api_views(patterns: Any = None, prefix: str = "") -> list[type]:
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += api_views(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith("api/v1/"):
            callback: Any = pattern.callback
            found.append(getattr(callback, "cls", None) or callback.view_class)
    return found


def test_every_view_is_strict_about_its_parameters() -> None:
    views = api_views()
    assert len(views) > 50
    assert [view for view in views if not issubclass(view, StrictQuery)] == []


@pytest.mark.parametrize(
    "address", ["me/", "gear/", "jobs/", "block-types/", "shootouts/?scope=public"]
)
def test_a_parameter_that_is_none_is_an_error(alice: User, address: str) -> None:
    mark = "&" if "?" in address else "?"
    answer = api_client(alice).get(f"{API}/{address}{mark}color=red&a~/b=1")
    assert (answer.status_code, details_of(answer)) == (
        422,
        [("/color", "UNKNOWN_PARAMETER"), ("/a~0~1b", "UNKNOWN_PARAMETER")],
    )


def test_who_is_not_known_hears_that_first() -> None:
    assert api_client().get(f"{API}/me/?color=red").status_code == 401


def test_a_method_that_there_is_not_comes_first(alice: User) -> None:
    client = api_client(alice)
    for method in ("PUT", "TRACE"):
        assert client.generic(method, f"{API}/tags/?search=x&color=red").status_code == 405


def test_methods_that_change_something_take_no_filters(alice: User) -> None:
    answer = api_client(alice).post(f"{API}/tags/?search=x", {"name": "Crunch"})
    assert details_of(answer) == [("/search", "UNKNOWN_PARAMETER")]


@pytest.mark.parametrize("address", ["me/", "jobs/", "gear/", "block-types/"])
def test_everything_is_json_and_may_be_asked_for_as_such(alice: User, address: str) -> None:
    answer = api_client(alice).get(f"{API}/{address}?format=json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_what_was_made_says_where_it_is(alice: User) -> None:
    client = api_client(alice)
    answer = client.post(f"{API}/tags/", {"name": "Crunch"})
    assert answer["Location"] == f"{API}/tags/{answer.json()['id']}/"
    assert client.get(answer["Location"]).json() == answer.json()
    capture = make_capture(alice, "full_rig")
    chain = {"name": "Rig", "blocks": [{"slot": "amp", "capture_id": str(capture.uuid)}]}
    answer = client.post(f"{API}/chains/", chain, headers={"Idempotency-Key": "k"})
    assert answer["Location"] == f"{API}/chains/{answer.json()['id']}/"
    again = client.post(f"{API}/chains/", chain, headers={"Idempotency-Key": "k"})
    assert again["Location"] == answer["Location"]


def test_what_was_accepted_says_where_to_ask(alice: User) -> None:
    client = api_client(alice)
    form = {"file": upload_of(nam_bytes(), "amp.nam"), "kind": "amp"}
    answer = client.post(f"{API}/gear/", form, format="multipart")
    assert answer.status_code == 202
    assert client.get(answer["Location"]).json()["id"] == answer.json()["job"]["id"]
