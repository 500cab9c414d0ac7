"""Lists of what is one's own are searched by names and ordered by them."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import api_client
from gear.models import ChainGroup, SignalChain
from shootouts.pages.tests.pages import make_track

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.parametrize("address", ["chains/", "chain-groups/", "di-tracks/"]),
]


def make(address: str, owner: User, name: str) -> None:
    match address:
        case "chains/":
            SignalChain.objects.create(owner=owner, name=name)
        case "chain-groups/":
            ChainGroup.objects.create(owner=owner, name=name, slots=[])
        case _:
            make_track(owner, name)


def names(user: User, address: str, query: str) -> list[str]:
    answer: Any = api_client(user).get(f"/api/v1/{address}?{query}")
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_names_are_found_by_their_words_and_ordered(
    alice: User, charlie: User, address: str
) -> None:
    for name in ("Twin 65", "Plexi lead", "Zinky plexi"):
        make(address, alice, name)
    make(address, charlie, "Plexi of another")
    assert names(alice, address, "") == ["Zinky plexi", "Plexi lead", "Twin 65"]
    assert names(alice, address, "search=plexi") == ["Zinky plexi", "Plexi lead"]
    assert names(alice, address, "search=LEAD+exi") == ["Plexi lead"]
    assert names(alice, address, "search=%25") == names(alice, address, "")  # no word at all
    assert names(alice, address, "search=zzyzx") == []
    assert names(alice, address, "ordering=name") == ["Plexi lead", "Twin 65", "Zinky plexi"]
    assert names(alice, address, "ordering=-name") == ["Zinky plexi", "Twin 65", "Plexi lead"]


@pytest.mark.parametrize("order", ["owner", ",", "name,", "%2Cname", "name,,created_at"])
def test_another_order_is_an_error(alice: User, address: str, order: str) -> None:
    answer = api_client(alice).get(f"/api/v1/{address}?ordering={order}")
    assert answer.status_code == 422
