"""Every list, of the API and of the admin: as many queries for 30 rows as for 3, no count without
a bound."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from accounts.tests.factories import api_client, make_user
from gear.models import GearItem
from gts.tests.many_rows import make_many
from shootouts.models import Contender, Shootout

API = "/api/v1"
# What lists of the API may be asked for. A list that is missing here fails the test below.
LISTS = {
    "api-personal-token-list": [""],
    "api-gear-list": ["", "?search=plexi", "?search=plexy", "?kind=amp&ordering=-name"],
    "api-capture-list": [
        "",
        "?is_usable=true",
        "?kind=amp&ordering=name",
        "?scope=mine&search=plexi",
        "?scope=public&search=plexy",
    ],
    "api-chain-list": [""],
    "api-chain-group-list": [""],
    "api-library-list": [""],
    "api-tag-list": [""],
    "api-preset-list": [""],
    "api-di-track-list": [""],
    "api-draft-list": ["", "?state=open"],
    "api-upload-list": [""],
    "api-shootout-list": ["", "?scope=public", "?scope=public&search=plexi", "?search=plexy"],
    "api-job-list": ["", "?state=failed", "?is_root=true"],
    "api-notification-list": ["", "?is_read=false"],
}


def paged_lists() -> Iterator[str]:
    """Names of routes without an id whose view has pages."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern

    for pattern in walk(get_resolver().url_patterns):
        view = getattr(pattern.callback, "view_class", None) or getattr(
            pattern.callback, "cls", None
        )
        if getattr(view, "pagination_class", None) and "<" not in str(pattern.pattern):
            yield str(pattern.name)


def test_no_list_is_missing_here() -> None:
    assert set(paged_lists()) == set(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_the_api_takes_the_same_queries_however_long(alice: User, name: str) -> None:
    client = api_client(alice)
    addresses = [f"{reverse(name)}{query}" for query in LISTS[name]]
    make_many(alice, 3)
    few = {address: queries_of(client, address) for address in addresses}
    make_many(alice, 27)
    for address in addresses:
        many = queries_of(client, address)
        assert len(many) == len(few[address]), "\n".join([address, *many])
        assert len(client.get(address).json()["results"]) == 24, address


admin.autodiscover()
CHANGELISTS = [
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for model in admin.site._registry
]


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(make_user("operator", is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("address", CHANGELISTS)
def test_a_changelist_takes_the_same_queries_however_long(
    operator: Client, alice: User, address: str
) -> None:
    addresses = [f"{address}{query}" for query in ("", "?q=plexi", "?q=plexy", "?q=alice")]
    make_many(alice, 3)
    operator.get(address)  # what Django keeps, such as content types, is asked for once
    few = {address: queries_of(operator, address) for address in addresses}
    make_many(alice, 27)
    for address in addresses:
        many = queries_of(operator, address)
        assert len(many) == len(few[address]), "\n".join([address, *many])
        for sql in many:
            if "COUNT(" in sql and "auth_group" not in sql and not is_of_active_jobs(sql):
                assert re.search(r"LIMIT \d+\)", sql), sql
            assert "DISTINCT" not in sql or "cachedaudio" in sql, sql


def test_operators_moderate_shootouts_and_gear(operator: Client, alice: User) -> None:
    make_many(alice, 1)
    shootout, item = Shootout.objects.get(), GearItem.objects.get()
    for address, action, row in (
        (reverse("admin:shootouts_shootout_changelist"), "make_private", shootout),
        (reverse("admin:gear_gearitem_changelist"), "stop_sharing", item),
    ):
        data = {"action": action, "_selected_action": [row.pk], "post": "yes"}
        assert operator.post(address, data, follow=True).status_code == 200
    shootout.refresh_from_db()
    item.refresh_from_db()
    assert (shootout.visibility, item.is_shared) == ("private", False)
    assert api_client().get(f"{API}/shootouts/?scope=public").json()["results"] == []


def test_labels_that_an_operator_changes_are_found(operator: Client, alice: User) -> None:
    make_many(alice, 1)
    shootout, contender = Shootout.objects.get(), Contender.objects.get()
    address = reverse("admin:shootouts_shootout_change", args=[shootout.pk])
    form = operator.get(address).context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None}
    data |= {"owner": alice.pk, "has_video": "on", "is_aligned": "on"}
    for prefix, row, fields in (
        ("dis", shootout.dis.get(), ("di_track_id", "position")),
        ("contenders", contender, ("chain_id", "position", "label")),
    ):
        data |= {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-INITIAL_FORMS": 1}
        data |= {f"{prefix}-0-id": row.pk, f"{prefix}-0-shootout": shootout.pk}
        data |= {f"{prefix}-0-{name.removesuffix('_id')}": getattr(row, name) for name in fields}
    data["contenders-0-label"] = "Bassman"
    assert operator.post(address, data).status_code == 302
    assert Shootout.objects.matching("bassman").get() == shootout


def queries_of(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200, answer.content[:300]
    return [query["sql"] for query in captured.captured_queries]


def is_of_active_jobs(sql: str) -> bool:
    """The figures above the list of jobs are about what has not ended, which is little."""
    return "jobs_job" in sql and '"state" IN' in sql
