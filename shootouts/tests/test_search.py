"""Searching shootouts: what is not listed is not found, and typos find what is."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from shootouts.models import Shootout

URL = "/api/v1/shootouts/"


def make_row(owner: User, title: str, visibility: str = "public", **values: Any) -> Shootout:
    values = {"published_at": timezone.now(), "state": "completed", **values}
    return Shootout.objects.create(owner=owner, title=title, visibility=visibility, **values)


def titles(user: User | None, **query: str) -> list[str]:
    answer = api_client(user).get(URL, query)
    assert answer.status_code == 200, answer.json()
    return [row["title"] for row in answer.json()["results"]]


def test_the_public_list_is_searched_by_title_labels_and_description(
    alice: User, charlie: User
) -> None:
    make_row(alice, "Plexi against Plexi")
    make_row(alice, "Two amps", contender_labels="JCM800 + V30\nJCM800 + Greenback")
    make_row(alice, "Three amps", description="with a Greenback too")
    for user in (None, charlie):
        assert titles(user, scope="public", search="plexi") == ["Plexi against Plexi"]
        assert titles(user, scope="public", search="greenback") == ["Two amps", "Three amps"]
        # PostgreSQL finds the word that was meant in descriptions too.
        assert titles(user, scope="public", search="grenback")[:1] == ["Two amps"]
        assert titles(user, scope="public", search="nothing here") == []


@pytest.mark.parametrize(
    "values",
    [
        {"visibility": "private"},
        {"visibility": "unlisted"},
        {"published_at": None, "state": "draft"},
    ],
)
def test_what_is_not_listed_is_not_found(
    alice: User, charlie: User, values: dict[str, Any]
) -> None:
    make_row(alice, "Secret amps", **values)
    for text in ("secret", "secrte", "Secret amps"):
        assert titles(None, scope="public", search=text) == []
        assert titles(charlie, scope="public", search=text) == []
        assert titles(charlie, scope="mine", search=text) == []
    assert titles(alice, scope="mine", search="secret") == ["Secret amps"]


def test_what_others_hide_does_not_keep_typos_from_being_found(alice: User, charlie: User) -> None:
    """Else someone could learn of a hidden title by what no longer turns up."""
    make_row(alice, "Bassman night", "private")
    make_row(alice, "Bassmen night")
    assert titles(charlie, scope="public", search="bassman night") == ["Bassmen night"]


def test_a_text_that_is_too_long_is_an_error(alice: User) -> None:
    answer = api_client(alice).get(URL, {"search": "x" * 201})
    assert (answer.status_code, details_of(answer)) == (422, [("/search", "MAX_LENGTH")])
    answer = api_client(alice).get(URL, {"search": "a\x00b"})
    assert answer.status_code == 422
