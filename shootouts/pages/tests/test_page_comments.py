"""Comments on the page of a shootout, with htmx and without, and in the admin."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_user
from shootouts.models import Comment, Shootout
from shootouts.pages.tests.pages import HTMX, detail_url
from shootouts.services.comments import comment_create

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def published(rendered: Shootout) -> Shootout:
    Shootout.objects.update(visibility="public")
    rendered.refresh_from_db()
    return rendered


def page(client: Client, shootout: Shootout) -> str:
    return client.get(detail_url(shootout)).content.decode()


def test_a_draft_has_no_comments_and_a_visitor_is_asked_to_log_in(
    client: Client, alice: User, published: Shootout
) -> None:
    text = page(client, published)
    assert "No one has said anything yet." in text
    assert f"next={detail_url(published)}" in text
    assert "<textarea" not in text
    answer = client.post(reverse("comment-list", args=[published.uuid]), {"text": "Hi"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login")
    Shootout.objects.update(visibility="private")
    client.force_login(alice)
    assert "comments-heading" not in page(client, published)


def test_without_scripts_a_comment_comes_back_on_the_page(
    client: Client, charlie: User, published: Shootout
) -> None:
    client.force_login(charlie)
    url = reverse("comment-list", args=[published.uuid])
    answer = client.post(url, {"text": "<b>Loud</b>\n\nand clear"})
    assert answer["Location"] == f"{detail_url(published)}#comments"
    text = page(client, published)
    assert "&lt;b&gt;Loud&lt;/b&gt;" in text
    assert "<p>and clear</p>" in text
    assert client.post(url, {"text": " "}, follow=True).status_code == 200
    assert Comment.objects.count() == 1
    assert client.get(f"{url}?comments=2")["Location"].endswith("?comments=2#comments")


def test_with_scripts_only_the_section_comes(
    client: Client, charlie: User, published: Shootout
) -> None:
    client.force_login(charlie)
    url = reverse("comment-list", args=[published.uuid])
    answer = client.post(url, {"text": "Nice"}, **HTMX)
    text = answer.content.decode()
    assert (answer.status_code, "<html" in text, "Nice" in text) == (200, False, True)
    answer = client.post(url, {"text": "x" * 2001}, **HTMX)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    comment = Comment.objects.get()
    edit = reverse("comment-edit", args=[comment.uuid])
    assert "Nicer" in client.post(edit, {"text": "Nicer"}, **HTMX).content.decode()
    answer = client.post(edit, {"text": " "}, **HTMX)
    assert (answer.status_code, "Say something." in answer.content.decode()) == (422, True)
    delete = reverse("comment-delete", args=[comment.uuid])
    assert "No one has said" in client.post(delete, **HTMX).content.decode()


def test_the_owner_hides_and_shows_again(
    client: Client, alice: User, charlie: User, published: Shootout
) -> None:
    comment = comment_create(shootout=published, author=charlie, text="Rude words")
    hide = reverse("comment-hide", args=[comment.uuid])
    client.force_login(charlie)
    text = page(client, published)
    assert hide not in text
    edit = 'action="{}"'.format(reverse("comment-edit", args=[comment.uuid]))
    assert edit in text
    assert client.post(hide).status_code == 404
    client.force_login(alice)
    text = page(client, published)
    assert hide in text
    assert edit not in text
    assert "hidden by the owner" in client.post(hide, **HTMX).content.decode()
    assert "Rude words" not in page(Client(), published)
    client.post(reverse("comment-unhide", args=[comment.uuid]))
    assert "Rude words" in page(Client(), published)


def test_what_an_operator_has_hidden_stays_so(
    client: Client, alice: User, charlie: User, published: Shootout
) -> None:
    comment = comment_create(shootout=published, author=charlie, text="Rude words")
    operator = make_user("otto", is_staff=True, is_superuser=True)
    client.force_login(operator)
    changelist = reverse("admin:shootouts_comment_changelist")
    chosen = {"action": "hide", "_selected_action": [comment.pk], "post": "yes"}
    answer = client.post(changelist, chosen, follow=True)
    assert "1 comment hidden." in answer.content.decode()
    client.force_login(alice)
    answer = client.post(reverse("comment-unhide", args=[comment.uuid]), **HTMX)
    assert answer.status_code == 422
    assert "An operator has hidden this comment." in answer.content.decode()
    client.force_login(operator)
    client.post(changelist, {**chosen, "action": "unhide"})
    assert "Rude words" in page(Client(), published)


def test_many_are_paged(client: Client, charlie: User, published: Shootout) -> None:
    Comment.objects.bulk_create(
        Comment(shootout=published, author=charlie, text=f"Number {n}.") for n in range(25)
    )
    assert page(client, published).count("Number ") == 20
    url = reverse("comment-list", args=[published.uuid])
    assert client.get(url, {"comments": 2}, **HTMX).content.decode().count("Number ") == 5
