"""Lists of the admin with more rows than are counted: they say so, ask with the true number before
they act, and load no more than a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_user
from gear.models import GearItem
from gts.tests.many_rows import make_many
from gts.web.admin import bulk_actions
from gts.web.admin.bulk_actions import MAX_LOADED
from gts.web.admin.lists import BoundedAdmin, sorted_fast
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.models import Job
from jobs.tests.factories import make_job
from shootouts.models import Comment, Shootout

COMMENTS = "/admin/shootouts/comment/"
NUM = 5_000


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(make_user("operator", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def shootout(alice: User) -> Shootout:
    return Shootout.objects.create(
        owner=alice, title="Amps", visibility="public", published_at=timezone.now()
    )


@pytest.fixture
def comments(alice: User, shootout: Shootout) -> list[Comment]:
    rows = [Comment(shootout=shootout, author=alice, text=f"Loud {n}") for n in range(NUM)]
    return Comment.objects.bulk_create(rows)


@pytest.fixture(autouse=True)
def most_loaded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many rows of a table one query has brought into memory, at most."""
    most = 0
    fetch = models.QuerySet._fetch_all

    def counting(rows: models.QuerySet[Any]) -> None:
        nonlocal most
        fetch(rows)
        most = max(most, len(rows._result_cache or ()))

    monkeypatch.setattr(models.QuerySet, "_fetch_all", counting)
    return lambda: most


def text_of(client: Client, url: str, data: dict[str, Any] | None = None) -> str:
    answer = client.get(url) if data is None else client.post(url, data, follow=True)
    assert answer.status_code == 200, answer.content[:300]
    return " ".join(answer.content.decode().split())


def hidden_inputs(client: Client, url: str, data: dict[str, Any]) -> dict[str, Any]:
    """What the form of the question sends when it is confirmed."""
    context = client.post(url, data).context
    return {
        "action": context["action"], "select_across": "1" if context["is_all"] else "0",
        "num": context["num"], "newest": context["newest"], "post": "yes",
        "_selected_action": context["chosen"],
    }  # fmt: skip


def test_every_list_of_the_admin_is_bounded() -> None:
    admin.autodiscover()
    lists = admin.site._registry.values()
    assert len(lists) > 10
    assert [row for row in lists if not isinstance(row, BoundedAdmin)] == []


@pytest.mark.parametrize("query", ["", "?all=", "?all=1&q=alice", "?p=2", "?q=loud", "?o=5"])
def test_no_page_of_a_list_loads_more_than_its_rows(
    operator: Client, comments: list[Comment], most_loaded: Callable[[], int], query: str
) -> None:
    page = text_of(operator, f"{COMMENTS}{query}")
    assert "more than 200 comments" in page
    assert "showall" not in page
    assert "q=" not in query or "more than 200 results" in page
    assert "Select all comments of this list, more than 200" in page
    assert most_loaded() <= 101


@pytest.mark.parametrize(("num", "pages"), [(99, 1), (150, 2), (200, 2), (250, 3), (499, 5)])
def test_the_pager_leads_to_pages_that_exist(
    operator: Client, alice: User, shootout: Shootout, num: int, pages: int
) -> None:
    rows = [Comment(shootout=shootout, author=alice, text="Loud") for _ in range(num)]
    Comment.objects.bulk_create(rows)
    seen, left = set(), {1}
    while left:
        number = left.pop()
        seen.add(number)
        answer = operator.get(f"{COMMENTS}?p={number}")
        assert answer.status_code == 200, number
        text = answer.content.decode()
        left |= {other for other in range(1, 30) if f'href="?p={other}"' in text} - seen
    assert seen == set(range(1, pages + 1))


@pytest.mark.parametrize(
    ("action", "done", "left"),
    [
        ("hide", "5000 comments hidden", {"num": NUM, "hidden": NUM}),
        ("delete_selected", "Deleted 5,000 comments", {"num": 0, "hidden": 0}),
    ],
)
def test_an_action_on_all_names_the_number_and_asks(
    operator: Client,
    comments: list[Comment],
    most_loaded: Callable[[], int],
    action: str,
    done: str,
    left: dict[str, int],
) -> None:
    data = {"action": action, "select_across": "1", "index": "0", "_selected_action": [1]}
    page = text_of(operator, COMMENTS, data)
    assert "5,000 comments</strong>, all that the list has" in page
    assert Comment.objects.filter(hidden_by="").count() == NUM
    assert done in text_of(operator, COMMENTS, hidden_inputs(operator, COMMENTS, data))
    hidden = Comment.objects.exclude(hidden_by="").count()
    assert {"num": Comment.objects.count(), "hidden": hidden} == left
    assert most_loaded() <= MAX_LOADED


def test_what_comes_after_the_question_is_not_acted_on(
    operator: Client, alice: User, shootout: Shootout
) -> None:
    rows = [Comment(shootout=shootout, author=alice, text="Loud") for _ in range(3)]
    Comment.objects.bulk_create(rows)
    data = {"action": "hide", "select_across": "1", "_selected_action": [1]}
    confirmed = hidden_inputs(operator, COMMENTS, data)
    late = Comment.objects.create(shootout=shootout, author=alice, text="Late")
    assert "3 comments hidden" in text_of(operator, COMMENTS, confirmed)
    late.refresh_from_db()
    assert not late.is_hidden
    confirmed = hidden_inputs(operator, COMMENTS, {**data, "action": "unhide"})
    Comment.objects.filter(text="Loud").first().delete()  # type: ignore[union-attr]
    page = text_of(operator, COMMENTS, confirmed)
    assert "the number has changed" in page
    assert "3 comments</strong>" in page
    assert Comment.objects.exclude(hidden_by="").count() == 2


def test_an_action_on_some_asks_and_acts_on_these(
    operator: Client, alice: User, shootout: Shootout
) -> None:
    rows = [Comment(shootout=shootout, author=alice, text=f"Loud {n}") for n in range(3)]
    first, second, third = Comment.objects.bulk_create(rows)
    data = {"action": "hide", "index": "0", "_selected_action": [first.pk, third.pk]}
    page = text_of(operator, COMMENTS, data)
    assert "2 comments</strong>." in page
    assert ("Loud 0" in page, "Loud 1" in page, "Loud 2" in page) == (True, False, True)
    assert not Comment.objects.exclude(hidden_by="").exists()
    assert "2 comments hidden" in text_of(
        operator, COMMENTS, hidden_inputs(operator, COMMENTS, data)
    )
    second.refresh_from_db()
    assert not second.is_hidden


def test_too_many_are_refused(
    operator: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "MAX_ACTED", 3)
    for _ in range(4):
        make_job(alice)
    data = {"action": "cancel", "select_across": "1", "_selected_action": [1], "post": "yes"}
    assert "more than 3 jobs" in text_of(operator, "/admin/jobs/job/", data)
    assert not Job.objects.filter(state="cancelled").exists()


@pytest.mark.parametrize("action", ["retry", "redrive", "cancel"])
def test_actions_on_many_jobs_load_them_in_parts(
    operator: Client,
    alice: User,
    most_loaded: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    action: str,
) -> None:
    monkeypatch.setattr(bulk_actions, "MAX_LOADED", 4)
    for _ in range(30):
        make_job(alice, state="queued")
    url = "/admin/jobs/job/?q=alice"
    data = {"action": action, "select_across": "1", "_selected_action": [1]}
    page = text_of(operator, url, data)
    assert "30 jobs</strong>" in page
    confirmed = hidden_inputs(operator, url, data)
    before = most_loaded()
    answer = operator.post(url, confirmed)
    assert answer.status_code == 302
    assert before == most_loaded() <= 20
    page = text_of(operator, url)
    assert ("30 jobs cancelled" if action == "cancel" else "and 10 more were refused") in page


def test_the_page_that_deletes_names_what_goes_in_part(
    operator: Client, alice: User, comments: list[Comment], most_loaded: Callable[[], int]
) -> None:
    """It listed each comment, and loaded them all for that."""
    make_many(alice, 2)
    page = text_of(operator, f"/admin/accounts/user/{alice.pk}/delete/")
    assert "Comments: 5002" in page
    assert "… and 4997 more comments" in page
    assert "Segments: 2" in page
    assert most_loaded() <= 101
    address = reverse("admin:shootouts_shootout_changelist")
    chosen = list(Shootout.objects.values_list("pk", flat=True))
    data = {"action": "delete_selected", "index": "0", "_selected_action": chosen}
    page = text_of(operator, address, data)
    assert "Comments: 5002" in page
    assert most_loaded() <= 101


def test_what_goes_is_what_django_would_delete(
    operator: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_many(alice, 3)
    request = HttpRequest()
    request.user = User.objects.get(username="operator")
    for row in (alice, Shootout.objects.first(), GearItem.objects.first(), Job.objects.last()):
        assert row is not None
        _, expected, refused, _ = admin.utils.get_deleted_objects([row], request, admin.site)
        _, counts, also_refused, _ = bulk_actions.what_goes([row], request, admin.site)
        assert {str(kind): num for kind, num in expected.items()} == counts
        assert refused == also_refused
    monkeypatch.setattr(bulk_actions, "MAX_COUNTED", 2)
    _, counts, _, _ = bulk_actions.what_goes([alice], request, admin.site)
    assert counts["comments"] == "> 2"


def test_lists_sort_where_an_index_sorts(operator: Client, alice: User) -> None:
    assert sorted_fast(GearItem) >= {"name", "make", "created_at"}
    assert "created_at" in sorted_fast(Comment)
    assert "kind" not in sorted_fast(GearItem)
    for name in ("Twin", "Bassman", "Plexi"):
        GearItem.objects.create(owner=alice, kind="amp", name=f"Amp {name}")
    page = operator.get("/admin/gear/gearitem/?o=1")
    assert "?o=-1" in page.content.decode()
    for query in ("o=1", "o=1&q=amp"):
        rows = operator.get(f"/admin/gear/gearitem/?{query}").context["cl"].result_list
        assert [row.name for row in rows] == ["Amp Bassman", "Amp Plexi", "Amp Twin"]


def test_comments_are_found_by_what_they_say(
    operator: Client, alice: User, shootout: Shootout
) -> None:
    for text in ("Buy cheap watches", "Loud and clear", "Watched it twice"):
        Comment.objects.create(shootout=shootout, author=alice, text=text)
    for term, found in (
        ("cheap watches", ["Buy cheap watches"]), ("cleer loud", ["Loud and clear"]),
        ("amps", ["Watched it twice", "Loud and clear", "Buy cheap watches"]), ("zzyzx", []),
    ):  # fmt: skip
        rows = operator.get(COMMENTS, {"q": term}).context["cl"].result_list
        assert [row.text for row in rows] == found, term
