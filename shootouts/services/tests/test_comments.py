"""Comments through the services: who hears of them, who is too loud, what goes with whom."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_user
from gts.web.errors import AppError, ConflictError, InvalidInputError, LimitError
from jobs.models import Notification
from jobs.selectors import notification_list
from shootouts.models import Comment, Shootout
from shootouts.selectors import comment_list
from shootouts.services.comments import (
    comment_create,
    comment_delete,
    comment_hide,
    comment_unhide,
    comment_update,
    comments_moderate,
)
from shootouts.tests.factories import make_published

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(alice: User) -> Shootout:
    return make_published(alice)


def code_of(error: pytest.ExceptionInfo[AppError]) -> str:
    return error.value.code


def test_the_owner_hears_of_it_and_no_one_else(alice: User, charlie: User) -> None:
    shootout = make_published(alice, title="Two cleans")
    dora = make_user("dora")
    comment_create(shootout=shootout, author=dora, text="First!")
    comment = comment_create(shootout=shootout, author=charlie, text="The second one.")
    assert not notification_list(charlie).exists()
    assert not notification_list(dora).exists()
    newest = notification_list(alice)[0]
    assert (newest.kind, newest.label, newest.state) == ("shootouts.comment", "Two cleans", "news")
    assert newest.path == f"/shootouts/{shootout.uuid}/#comments"
    assert newest.subject_id == comment.uuid
    assert comment.text not in newest.message


def test_who_comments_on_their_own_is_not_told(alice: User, published: Shootout) -> None:
    comment_create(shootout=published, author=alice, text="More soon.")
    assert not Notification.objects.exists()


def test_news_of_a_comment_goes_with_it(charlie: User, published: Shootout) -> None:
    comment = comment_create(shootout=published, author=charlie, text="Nice.")
    comment_create(shootout=published, author=charlie, text="Very.")
    assert Notification.objects.count() == 2
    comment_delete(comment=comment)
    assert Notification.objects.count() == 1
    charlie.delete()
    assert not Comment.objects.exists()
    assert not Notification.objects.exists()


def test_comments_go_with_the_shootout(charlie: User, published: Shootout) -> None:
    comment_create(shootout=published, author=charlie, text="Nice.")
    published.delete()
    assert not Comment.objects.exists()
    assert not Notification.objects.exists()


@pytest.mark.parametrize("change", [{"visibility": "private"}, {"published_at": None}])
def test_only_what_is_published_is_commented_on(
    alice: User, published: Shootout, change: dict[str, object]
) -> None:
    Shootout.objects.update(**change)
    with pytest.raises(ConflictError) as error:
        comment_create(shootout=published, author=alice, text="Hello?")
    assert code_of(error) == "NOT_PUBLISHED"


@pytest.mark.parametrize("text", ["", " \n\t ", "\u202e\u0007", "x" * 2001])
def test_a_text_that_is_none_is_refused(alice: User, published: Shootout, text: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        comment_create(shootout=published, author=alice, text=text)
    assert error.value.details[0].pointer == "/text"
    assert not Comment.objects.exists()


def test_a_text_is_stored_clean(alice: User, published: Shootout) -> None:
    comment = comment_create(
        shootout=published, author=alice, text=" One\r\ntwo\x00 \u202e👩‍🎤\ud800\rthree\n\n"
    )
    assert comment.text == "One\ntwo 👩‍🎤\nthree"
    assert comment_create(shootout=published, author=alice, text="é" * 2000).text == "é" * 2000


def test_an_edit_is_noted_and_one_without_a_change_is_none(
    alice: User, published: Shootout
) -> None:
    comment = comment_create(shootout=published, author=alice, text="Frist")
    assert comment_update(comment=comment, text="Frist ").edited_at is None
    assert comment_update(comment=comment, text="First").edited_at is not None
    comment.refresh_from_db()
    assert comment.text == "First"


def test_who_writes_too_much_is_stopped_and_deleting_does_not_help(
    alice: User, charlie: User, published: Shootout, settings: Settings
) -> None:
    settings.GTS_COMMENTS_PER_HOUR = 2
    now = "shootouts.services.comments.time.time"
    with patch(now, return_value=7200.0 + 600.0) as clock:
        first = comment_create(shootout=published, author=alice, text="One")
        comment_update(comment=first, text="Two")
        comment_delete(comment=first)
        with pytest.raises(LimitError) as error:
            comment_create(shootout=published, author=alice, text="Three")
        assert (code_of(error), error.value.wait) == ("TOO_MANY_COMMENTS", 3000.0)
        comment_create(shootout=published, author=charlie, text="I am another")
        clock.return_value += 3600.0
        comment_create(shootout=published, author=alice, text="An hour later")


def test_what_is_hidden_is_for_author_owner_and_operators(
    alice: User, charlie: User, published: Shootout
) -> None:
    stranger, operator = make_user("dora"), make_user("otto", is_staff=True)
    comment = comment_create(shootout=published, author=charlie, text="Rude.")
    comment_hide(comment=comment, by=alice)
    comment_hide(comment=comment, by=alice)
    assert comment.is_hidden
    for user in (alice, charlie, operator):
        assert list(comment_list(published, user)) == [comment]
    assert not comment_list(published, stranger).exists()
    comment_unhide(comment=comment, by=alice)
    assert list(comment_list(published, stranger)) == [comment]


def test_what_an_operator_has_hidden_the_owner_cannot_show_again(
    alice: User, charlie: User, published: Shootout
) -> None:
    operator = make_user("otto", is_staff=True)
    comment = comment_create(shootout=published, author=charlie, text="Rude.")
    assert comments_moderate(comments=[comment], by=operator, is_hidden=True) == 1
    comment_hide(comment=comment, by=alice)
    with pytest.raises(ConflictError) as error:
        comment_unhide(comment=comment, by=alice)
    assert code_of(error) == "HIDDEN_BY_OPERATOR"
    comments_moderate(comments=[comment], by=operator, is_hidden=False)
    comment.refresh_from_db()
    assert not comment.is_hidden
