"""Users for tests, and clients that speak for them."""

from __future__ import annotations

from typing import Any, cast

from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import access_token_create


def make_user(username: str = "alice", **values: Any) -> User:
    return User.objects.create_user(username=username, **values)


def api_client(user: User | None = None) -> APIClient:
    """Speaks JSON, with a real bearer token of ``user`` or as nobody."""
    client = APIClient(HTTP_HOST="localhost")
    if user is not None:
        token = access_token_create(user=user, lifetime_s=600)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def details_of(response: Response) -> list[tuple[str, str]]:
    """The findings of an error answer as (pointer, code)."""
    return [(detail["pointer"], detail["code"]) for detail in cast(Any, response).json()["details"]]
