"""What depends on who asks is not kept by browsers and proxies; what is public is left alone."""

from __future__ import annotations

import pytest
from django.test import AsyncClient, Client

from accounts.models import User
from accounts.tests.factories import api_client
from accounts.tokens.families import token_pair_create
from shootouts.models import Shootout
from shootouts.services.shootouts import shootout_update
from shootouts.tests.factories import make_shootout, render

PRIVATE = "private, no-store"
PAGES = ["/", "/account/", "/gear/", "/chains/", "/tracks/", "/shootouts/", "/mine/", "/nothing/"]
API = ["/api/v1/me/", "/api/v1/me/tokens/", "/api/v1/me/sessions/", "/api/v1/jobs/", "/api/v1/x/"]

pytestmark = pytest.mark.django_db


def kept(answer: object) -> str | None:
    return answer.get("Cache-Control")  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("path", [*PAGES, *API])
def test_nothing_of_a_session_is_kept(alice: User, client: Client, path: str) -> None:
    client.force_login(alice)
    assert kept(client.get(path)) == PRIVATE


@pytest.mark.parametrize("path", API)
def test_nothing_of_the_api_is_kept_with_a_token_or_without(alice: User, path: str) -> None:
    assert kept(api_client(alice).get(path)) == PRIVATE
    assert kept(api_client().get(path)) == PRIVATE


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_pages_with_a_form_are_not_kept(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "no-store" in str(kept(answer))
    assert "no-store" in str(kept(client.post(path, {"username": "a", "password": "b"})))


def test_tokens_are_not_kept(alice: User, client: Client) -> None:
    client.force_login(alice)
    made = {"name": "Script", "scope": "read"}
    pair = token_pair_create(user=alice)
    answers = [
        client.post("/api/v1/auth/token/"),
        api_client().post("/api/v1/auth/token/refresh/", {"refresh": pair.refresh}),
        api_client().post("/api/v1/auth/token/refresh/", {"refresh": "rubbish"}),
        client.post("/api/v1/me/tokens/", made, content_type="application/json"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 401, 201]
    assert ["no-store" in str(kept(answer)) for answer in answers] == [True] * 4


@pytest.fixture
def published(transactional_db: None, alice: User) -> Shootout:
    shootout = render(make_shootout(alice))
    return shootout_update(shootout=shootout, visibility="public")


def test_what_is_published_stays_as_it_is_for_strangers(
    published: Shootout, alice: User, client: Client
) -> None:
    page = f"/shootouts/{published.uuid}/"
    for path, expected in (("/", None), ("/shootouts/", None), (page, "no-cache")):
        assert kept(client.get(path)) == expected
    assert published.published_render is not None
    audio = published.published_render.files.first()
    assert audio is not None
    media = client.get(f"/media/files/{audio.uuid}/")
    assert "no-store" not in str(kept(media))
    client.force_login(alice)
    assert kept(client.get(page)) == PRIVATE


async def test_async_answers_are_marked_too(async_client: AsyncClient) -> None:
    answer = await async_client.get("/health/live")
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]  # Django's own never_cache
    answer = await async_client.get("/api/v1/nothing/")
    assert answer["Cache-Control"] == PRIVATE
