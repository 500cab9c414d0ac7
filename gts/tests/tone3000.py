"""A visitor who goes to the fake Tone 3000 and comes back, step by step."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from social_django.models import UserSocialAuth

from accounts.models import AuditEntry, Tone3000Tokens, User
from tools.tone3000_server import FakeServer


class Visitor:
    """A browser as far as redirects and cookies go; each step can be tampered with."""

    def __init__(self, fake: FakeServer, client: Client | None = None) -> None:
        self.fake = fake
        self.client = client or Client()

    def begin(self, next_url: str = "") -> str:
        """Presses the button. Returns where Tone 3000 is asked."""
        data = {"next": next_url} if next_url else {}
        answer = self.client.post(reverse("login-tone3000"), data)
        assert answer.status_code == 302, answer.status_code
        return str(answer["Location"])

    def ask(self, authorize_url: str) -> str:
        """What the fake server sends back: the address of the callback, or "" when none."""
        answer = httpx.get(authorize_url, follow_redirects=False)
        return str(answer.headers.get("location", ""))

    def come_back(self, callback_url: str) -> Any:
        parts = urlsplit(callback_url)
        return self.client.get(f"{parts.path}?{parts.query}")

    def go(
        self, kind: str = "approve", *, user: str = "alice", next_url: str = ""
    ) -> HttpResponse | Any:
        """The whole way; ``kind`` is what happens at Tone 3000."""
        authorize_url = self.begin(next_url)
        self.fake.next_authorize(kind, user=user)
        return self.come_back(self.ask(authorize_url))

    @property
    def user(self) -> User | None:
        """Who is logged in here."""
        key = self.client.session.get("_auth_user_id")
        return User.objects.get(pk=key) if key else None

    def page(self, url: str) -> str:
        content: bytes = self.client.get(url, follow=True).content
        return content.decode()


def query_of(url: str) -> dict[str, str]:
    pairs = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return {name: values[-1] for name, values in pairs.items()}


def with_query(url: str, **changes: str | None) -> str:
    """The address with some of its parameters changed, or taken away when ``None``."""
    query = {**query_of(url), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return urlsplit(url)._replace(query=urlencode(kept)).geturl()


def audit_actions() -> list[str]:
    """What the trail holds, the oldest first."""
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def num_login_rows() -> tuple[int, int, int]:
    """Users, links to Tone 3000, and pairs of tokens."""
    return User.objects.count(), UserSocialAuth.objects.count(), Tone3000Tokens.objects.count()
