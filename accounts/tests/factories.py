"""Users for tests, and clients that speak for them."""

from __future__ import annotations

from typing import Any, cast

from rest_framework.response import Response
from rest_framework.test import APIClient
from social_django.models import UserSocialAuth

from accounts.models import User
from accounts.services import access_token_create
from accounts.tone3000.calls import TokenAnswer
from accounts.tone3000.tests.token_endpoint import USER_ID
from accounts.tone3000.tokens import tokens_store


def make_user(username: str = "alice", **values: Any) -> User:
    return User.objects.create_user(username=username, **values)


def connect_tone3000(user: User, answer: TokenAnswer, *, tone3000_id: str = USER_ID) -> None:
    """As after a login: who they are at Tone 3000, and their tokens."""
    user.tone3000_id = tone3000_id
    user.save()
    UserSocialAuth.objects.get_or_create(
        user=user,
        provider="tone3000",
        uid=tone3000_id,
        defaults={"id_key": "id", "extra_data": {"username": f"{user.username}_tones"}},
    )
    tokens_store(user=user, answer=answer, tone3000_id=tone3000_id)


def api_client(user: User | None = None) -> APIClient:
    """Speaks JSON, with a real bearer token of ``user`` or as no one."""
    client = APIClient(HTTP_HOST="localhost")
    if user is not None:
        token = access_token_create(user=user, lifetime_s=600)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def details_of(response: Response) -> list[tuple[str, str]]:
    """The findings of an error answer as (pointer, code)."""
    return [(detail["pointer"], detail["code"]) for detail in cast(Any, response).json()["details"]]
