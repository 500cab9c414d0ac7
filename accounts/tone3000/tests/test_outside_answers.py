"""Whatever Tone 3000 answers, a login ends in an account or in a page that says why not."""

from __future__ import annotations

import json
import string
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from social_django.models import UserSocialAuth

from accounts.models import Tone3000Tokens, User
from accounts.tone3000.calls import UnreadableAnswerError as Unreadable
from accounts.tone3000.calls import parse_tokens, parse_user
from accounts.tone3000.tests.token_endpoint import USER_ID, Endpoint
from gts.web.errors import TokenServiceUnavailableError

GOOD_TOKENS = {
    "access_token": "fake.jwt.access-1",
    "refresh_token": "fake-refresh-1",
    "token_type": "bearer",
    "expires_in": 3600,
    "scope": "read",
}
GOOD_USER = {
    "id": USER_ID,
    "username": "alice_tones",
    "display_name": None,
    "is_verified": False,
    "avatar_url": None,
    "url": "https://www.tone3000.com//alice_tones",
    "bio": None,
    "links": None,
    "created_at": "2026-06-03T17:29:54.434431+00:00",
    "updated_at": "2026-06-03T17:29:54.434431+00:00",
}

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**70), 10**70)
    | st.floats()
    | st.text(max_size=30)
    | st.text(string.printable, max_size=300)
    | st.sampled_from(["\x00", "\ud800", "a" * 10_000, "..", "local", "admin", "é", "\n", "💥"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def mutated(good: dict[str, Any]) -> st.SearchStrategy[Any]:
    """One or two fields missing, null or of any other kind; sometimes all of it nonsense."""
    change = st.tuples(st.sampled_from(sorted(good)), st.just(...) | anything)

    def apply(changes: list[tuple[str, Any]]) -> dict[str, Any]:
        data = {**good, **dict(changes)}
        return {name: value for name, value in data.items() if value is not ...}

    return st.lists(change, max_size=2).map(apply) | anything


def as_body(data: Any) -> bytes:
    # As another program would send it: NaN, half characters and all.
    return json.dumps(data).encode()


@given(mutated(GOOD_TOKENS))
@example({**GOOD_TOKENS, "expires_in": 10**400})
def test_tokens_are_parsed_or_refused(data: Any) -> None:
    try:
        answer = parse_tokens(data)
    except TokenServiceUnavailableError:
        return
    assert answer.access.isprintable()
    assert 0 < answer.lifetime_s <= 30 * 24 * 3600


@given(mutated(GOOD_USER))
def test_users_are_parsed_or_refused(data: Any) -> None:
    try:
        user = parse_user(data)
    except Unreadable:
        return
    assert 0 < len(user.id) <= 64
    assert all(text.isprintable() for text in (user.id, user.username, user.display_name))


STATUSES = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503])


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    token_status=STATUSES,
    tokens=mutated(GOOD_TOKENS),
    user_status=STATUSES,
    user=mutated(GOOD_USER),
)
@example(200, GOOD_TOKENS, 200, {**GOOD_USER, "id": 101})
@example(200, GOOD_TOKENS, 200, {**GOOD_USER, "username": "\x00\ud800"})
@example(200, GOOD_TOKENS, 200, {**GOOD_USER, "username": "local"})
@example(200, {**GOOD_TOKENS, "access_token": "a\nb"}, 200, GOOD_USER)
@example(200, {**GOOD_TOKENS, "access_token": "é"}, 200, GOOD_USER)
@example(200, {**GOOD_TOKENS, "error": {"code": []}}, 200, GOOD_USER)
@example(400, {"error": ["x"], "error_code": {}}, 200, GOOD_USER)
def test_any_answer_is_an_account_or_a_page(
    db: None,
    endpoint: Endpoint,
    token_status: int,
    tokens: Any,
    user_status: int,
    user: Any,
) -> None:
    sid = transaction.savepoint()  # one database for all the examples
    try:
        client = Client()
        begun = client.post(reverse("login-tone3000"))
        state = parse_qs(urlsplit(begun["Location"]).query)["state"][0]
        endpoint.answers = [(token_status, as_body(tokens)), (user_status, as_body(user))]
        callback = reverse("social:complete", args=["tone3000"])
        answer = client.get(f"{callback}?{urlencode({'code': 'x', 'state': state})}")
        assert answer.status_code == 302
        page = client.get(answer["Location"], follow=True)
        assert page.status_code == 200
        counts = [model.objects.count() for model in (User, UserSocialAuth, Tone3000Tokens)]
        is_in = "_auth_user_id" in client.session
        assert counts == ([1, 1, 1] if is_in else [0, 0, 0])
        if is_in:
            assert User.objects.get().username not in ("local", "gts-demo")
            assert client.get(reverse("account")).status_code == 200
    finally:
        transaction.savepoint_rollback(sid)
        endpoint.answers = []


queries = st.dictionaries(
    st.sampled_from(
        ["code", "state", "error", "error_description", "canceled", "denied", "next", "tone_id"]
    ),
    st.text(max_size=40) | st.sampled_from(["true", "access_denied", "\x00", "x" * 3000]),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(query=queries, has_state=st.booleans())
def test_any_callback_is_a_page(
    db: None, endpoint: Endpoint, query: dict[str, str], has_state: bool
) -> None:
    sid = transaction.savepoint()
    try:
        client = Client()
        begun = client.post(reverse("login-tone3000"))
        if has_state:
            query["state"] = parse_qs(urlsplit(begun["Location"]).query)["state"][0]
        callback = reverse("social:complete", args=["tone3000"])
        text = urlencode({k: v.encode("utf-8", "surrogatepass") for k, v in query.items()})
        answer = client.get(f"{callback}?{text}")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/")
        assert not answer["Location"].startswith("//")
    finally:
        transaction.savepoint_rollback(sid)
