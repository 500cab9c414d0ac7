"""The page of a published shootout is rendered once for all strangers, and is never a stale one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client, RequestFactory

from accounts.models import User
from accounts.tests.factories import make_user
from jobs.tests.factories import make_job
from shootouts.models import Comment, Render, RenderedFile, Shootout
from shootouts.pages import published_page as published_page
from shootouts.pages import views
from shootouts.pages.tests.pages import detail_url
from shootouts.services.comments import comment_create, comment_hide
from shootouts.services.shootouts import shootout_update
from shootouts.tests.factories import make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def shootout(alice: User) -> Shootout:
    return render(make_shootout(alice, visibility="public"))


@pytest.fixture
def num_rendered(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    num = 0
    page_context = views._page_context

    def counting(*args: Any) -> dict[str, Any]:
        nonlocal num
        num += 1
        return page_context(*args)

    monkeypatch.setattr(views, "_page_context", counting)
    return lambda: num


def test_pages_of_comments_that_there_are_not_are_not_kept(
    shootout: Shootout, alice: User, num_rendered: Callable[[], int]
) -> None:
    """Sixty made-up ones pushed everything else out."""
    Comment.objects.bulk_create(
        Comment(shootout=shootout, author=alice, text=f"No. {number}") for number in range(45)
    )
    made_up = ["", "1", "x", "1.0", "-", "\x00", *(f"x{number}" for number in range(60))]
    last = ["3", "4", "03", " 3", "99999", "0", "-1"]
    for asked, text in [(each, "No. 44") for each in made_up] + [(each, "No. 0<") for each in last]:
        page = Client().get(detail_url(shootout), {"comments": asked})
        assert (page.status_code, text in page.text) == (200, True), asked
    assert num_rendered() == 2
    assert "No. 24" in Client().get(detail_url(shootout), {"comments": "2"}).text
    assert num_rendered() == 3


def test_strangers_get_what_was_rendered_for_the_first(
    shootout: Shootout, num_rendered: Callable[[], int]
) -> None:
    first, second = (Client().get(detail_url(shootout)) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert shootout.title in second.content.decode()
    assert num_rendered() == 1
    assert not first.cookies  # or each would have a token of its own in the page
    seen = {"If-None-Match": first["ETag"]}
    again = Client().get(detail_url(shootout), headers=seen)
    assert (again.status_code, again.content) == (304, b"")
    assert "no-cache" in again["Cache-Control"]


def test_whatever_it_shows_makes_it_another(alice: User, shootout: Shootout) -> None:
    bob = make_user("bob")
    comment = None

    def say() -> None:
        nonlocal comment
        comment = comment_create(shootout=shootout, author=bob, text="What a chime!")

    def hide() -> None:
        assert comment is not None
        comment_hide(comment=comment, by=alice)

    def rename() -> None:
        User.objects.filter(pk=alice.pk).update(display_name="Alice of the Amps")

    changes: list[tuple[Callable[[], object], str, bool]] = [
        (lambda: shootout_update(shootout=shootout, description="Two takes"), "Two takes", True),
        (say, "What a chime!", True),
        (hide, "What a chime!", False),
        (rename, "Alice of the Amps", True),
        (
            lambda: RenderedFile.objects.filter(kind="montage").delete(),
            "All takes in one file",
            False,
        ),
        (lambda: Shootout.objects.update(state="partial"), "Some segments could not", True),
    ]
    for change, text, is_there in changes:
        before = Client().get(detail_url(shootout))
        assert (text in before.content.decode()) is not is_there, text
        change()
        after = Client().get(detail_url(shootout), headers={"If-None-Match": before["ETag"]})
        assert after.status_code == 200, text
        assert (text in after.content.decode()) is is_there, text


def test_what_turns_private_is_gone_at_once(shootout: Shootout) -> None:
    kept = Client().get(detail_url(shootout))
    shootout_update(shootout=shootout, visibility="private")
    answer = Client().get(detail_url(shootout), headers={"If-None-Match": kept["ETag"]})
    assert answer.status_code == 404


def test_who_is_logged_in_gets_a_page_of_their_own(
    alice: User, shootout: Shootout, num_rendered: Callable[[], int]
) -> None:
    stranger = Client().get(detail_url(shootout))
    client = Client()
    client.force_login(alice)
    for _ in range(2):
        own = client.get(detail_url(shootout), headers={"If-None-Match": stranger["ETag"]})
        assert own.status_code == 200
        assert "Delete this shootout" in own.content.decode()
        assert "ETag" not in own
    assert num_rendered() == 3
    assert "Delete this shootout" not in Client().get(detail_url(shootout)).content.decode()


def test_a_message_is_shown_to_whom_it_is_for(shootout: Shootout) -> None:
    client = Client()
    request = RequestFactory().get("/")
    storage = CookieStorage(request)
    storage.add(constants.INFO, "You are logged out.")
    answer: Any = Client().get("/health/live")
    storage.update(answer)
    client.cookies = answer.cookies
    url = detail_url(shootout)
    for reader, is_told in ((Client(), False), (client, True), (client, False), (Client(), False)):
        assert ("You are logged out." in reader.get(url).content.decode()) is is_told


def test_a_render_under_way_is_followed(shootout: Shootout, alice: User) -> None:
    Client().get(detail_url(shootout))
    job = make_job(alice, state="running", kind="shootouts.render_shootout")
    shootout.latest_render = Render.objects.create(shootout=shootout, version=2, job=job, info={})
    shootout.state = "rendering"
    shootout.save()
    answer = Client().get(detail_url(shootout))
    assert "data-headline" in answer.content.decode()
    assert "ETag" not in answer


def test_it_is_rendered_again_after_a_while(
    shootout: Shootout, num_rendered: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how long ago a comment was written."""
    monkeypatch.setattr(published_page, "KEPT_S", 10)
    now_s = 1_000.0
    monkeypatch.setattr("shootouts.pages.published_page.time.time", lambda: now_s)
    first = Client().get(detail_url(shootout))
    now_s += 10.0
    second = Client().get(detail_url(shootout), headers={"If-None-Match": first["ETag"]})
    assert (second.status_code, num_rendered()) == (200, 2)


def test_the_parts_that_never_change_are_rendered_once(
    alice: User, shootout: Shootout, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.force_login(alice)
    first = client.get(detail_url(shootout)).content.decode()

    def again(*_: object) -> None:
        raise AssertionError("worked out again")

    for name in ("played_di_tracks", "player_data", "contender_chains"):
        monkeypatch.setattr(f"shootouts.published.result.player.{name}", again)
    second = client.get(detail_url(shootout)).content.decode()
    for text in ("Level report", "Analysis", "data-player", "Downloads"):
        assert (text in first, text in second) == (True, True), text


def test_the_stage_of_the_home_page_is_rendered_once(
    shootout: Shootout, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Client().get("/").content.decode() for _ in range(2))
    assert "data-player" in first
    assert first == second
    monkeypatch.setattr("shootouts.published.result.player.player_data", None)
    assert "data-player" in Client().get("/").content.decode()
