"""Personal access tokens: made once, kept as a digest, refused when they should be."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import page_kit
from accounts.models import AuditAction, AuditEntry, PersonalAccessToken, TokenScope, User
from accounts.personal_data import export_chunks, user_erase
from accounts.sessions.logins import credential_of_token
from accounts.tests.factories import api_client, details_of
from accounts.tokens.personal import (
    personal_token_create,
    personal_token_read,
    personal_token_revoke,
    personal_tokens_prune,
)
from gts.web.errors import ConflictError, NotFoundError, UnauthorizedError

ME = "/api/v1/me/"
TOKENS = "/api/v1/me/tokens/"
DAY = timedelta(days=1)


def make(user: User, scope: TokenScope = TokenScope.READ, lifetime: timedelta = DAY) -> str:
    return personal_token_create(user=user, name="Script", scope=scope, lifetime=lifetime)[1]


def bearer(token: str) -> Any:
    client = api_client()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def is_good(token: str) -> bool:
    answer = bearer(token).get(ME)
    if answer.status_code == 401:
        assert answer.json()["code"] == "INVALID_TOKEN"
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
        with pytest.raises(UnauthorizedError):
            credential_of_token(token)  # of sockets
    return bool(answer.status_code == 200)


def test_it_speaks_for_its_owner(alice: User) -> None:
    token = make(alice)
    assert bearer(token).get(ME).json()["username"] == "alice"
    assert credential_of_token(token)[0] == alice


def test_it_is_kept_as_a_digest_only(alice: User) -> None:
    token = make(alice)
    row = PersonalAccessToken.objects.get()
    kept = json.dumps([str(value) for value in vars(row).values()])
    assert token not in kept
    assert token.removeprefix("gts_pat_")[8:] not in kept
    assert token.startswith(row.prefix)
    assert len(row.prefix) < 16


def test_reading_is_all_that_a_token_to_read_does(alice: User) -> None:
    client = bearer(make(alice))
    assert client.options(ME).status_code == 200
    answer = client.patch(ME, {"display_name": "Mallory"})
    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
    alice.refresh_from_db()
    assert alice.display_name == ""
    assert (
        bearer(make(alice, TokenScope.WRITE)).patch(ME, {"display_name": "A."}).status_code == 200
    )


def test_one_that_ended_is_refused(alice: User) -> None:
    expired, revoked, kept = make(alice, lifetime=-DAY), make(alice), make(alice)
    row = PersonalAccessToken.objects.order_by("id")[1]
    personal_token_revoke(user=alice, token_id=row.uuid)
    assert [is_good(token) for token in (expired, revoked, kept)] == [False, False, True]
    assert not is_good(kept[:-1])
    assert not is_good("gts_pat_")
    User.objects.update(is_active=False)
    assert not is_good(kept)


def test_its_use_is_noted_once_a_minute(alice: User) -> None:
    token = make(alice)
    row = personal_token_read(token)
    first = row.last_used_at
    assert first is not None
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert personal_token_read(token).last_used_at == first
    assert len(queries) == 1
    PersonalAccessToken.objects.update(last_used_at=first - timedelta(seconds=61))
    assert personal_token_read(token).last_used_at >= first  # type: ignore[operator]


def test_no_one_revokes_what_is_not_theirs(alice: User, charlie: User) -> None:
    token = make(alice)
    row = PersonalAccessToken.objects.get()
    with pytest.raises(NotFoundError):
        personal_token_revoke(user=charlie, token_id=row.uuid)
    assert is_good(token)
    personal_token_revoke(user=alice, token_id=row.uuid)
    with pytest.raises(NotFoundError):
        personal_token_revoke(user=alice, token_id=row.uuid)


def test_making_and_revoking_leave_a_trail(alice: User) -> None:
    row, _ = personal_token_create(
        user=alice, name="x", scope=TokenScope.WRITE, lifetime=DAY, address="192.0.2.1"
    )
    personal_token_revoke(user=alice, token_id=row.uuid, address="192.0.2.2")
    entries = AuditEntry.objects.order_by("id").values_list("action", "address", "detail")
    assert list(entries) == [
        (AuditAction.PERSONAL_TOKEN_MADE, "192.0.2.1", f"{row.prefix} write"),
        (AuditAction.PERSONAL_TOKEN_REVOKED, "192.0.2.2", row.prefix),
    ]


def test_there_is_an_end_to_how_many(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.tokens.personal.MAX_TOKENS_PER_USER", 2)
    make(alice, lifetime=-DAY)  # counts no more
    make(alice)
    make(alice)
    with pytest.raises(ConflictError) as refused:
        make(alice)
    assert refused.value.code == "TOO_MANY_TOKENS"


def test_what_is_of_no_use_any_more_is_forgotten(alice: User) -> None:
    kept = make(alice)
    make(alice, lifetime=-31 * DAY)
    make(alice)
    long_ago = timezone.now() - 31 * DAY
    PersonalAccessToken.objects.filter(pk=PersonalAccessToken.objects.first().pk).update(  # type: ignore[union-attr]
        revoked_at=long_ago
    )
    assert personal_tokens_prune() == 2
    assert is_good(kept)


def test_it_is_exported_without_its_digest_and_erased(alice: User) -> None:
    make(alice)
    digest = PersonalAccessToken.objects.get().digest
    archive = zipfile.ZipFile(io.BytesIO(b"".join(export_chunks(alice))))
    text = archive.read("accounts.personalaccesstoken.json").decode()
    assert "Script" in text
    assert digest not in text
    user_erase(user=alice, confirm="alice")
    assert not PersonalAccessToken.objects.exists()


# The API ------------------------------------------------------------------------------------------


def session_of(user: User) -> Any:
    client = api_client()
    client.force_login(user)
    return client


def test_a_session_makes_one_which_is_shown_once(alice: User) -> None:
    client = session_of(alice)
    answer = client.post(TOKENS, {"name": "App", "scope": "read", "lifetime_days": 7})
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    made = answer.json()
    assert is_good(made["token"])
    [row] = client.get(TOKENS).json()["results"]
    assert row == {name: value for name, value in made.items() if name != "token"} | {
        "last_used_at": row["last_used_at"]
    }
    assert client.get(f"{TOKENS}{row['id']}/").json() == row
    assert client.delete(f"{TOKENS}{row['id']}/").status_code == 204
    assert not is_good(made["token"])
    assert client.get(TOKENS).json()["results"] == []


def test_a_token_makes_no_tokens(alice: User) -> None:
    """And is told why: it was told that nothing had been sent."""
    write, read = bearer(make(alice, TokenScope.WRITE)), bearer(make(alice))
    for client, status, code in (
        (write, 403, "SESSION_NEEDED"),
        (api_client(alice), 403, "SESSION_NEEDED"),
        (read, 403, "INSUFFICIENT_SCOPE"),
        (bearer("gts_pat_abcdefghijklmnopqrstuvwxyz0123456789"), 401, "INVALID_TOKEN"),
        (bearer("x.y.z"), 401, "INVALID_TOKEN"),
        (api_client(), 401, "NOT_AUTHENTICATED"),
    ):
        for answer in (
            client.post(TOKENS, {"name": "x", "scope": "write"}),
            client.post("/api/v1/auth/token/"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert PersonalAccessToken.objects.count() == 2


def test_its_input_is_checked(alice: User) -> None:
    body = {"name": "", "scope": "admin", "lifetime_days": 367, "digest": "x"}
    assert sorted(details_of(session_of(alice).post(TOKENS, body))) == [
        ("/digest", "UNKNOWN_FIELD"),
        ("/lifetime_days", "MAX_VALUE"),
        ("/name", "BLANK"),
        ("/scope", "INVALID_CHOICE"),
    ]


# The page -----------------------------------------------------------------------------------------


def test_the_page_makes_shows_and_revokes(alice: User, client: Client) -> None:
    client.force_login(alice)
    form = {"name": "My <script>", "scope": "write", "lifetime_days": "30"}
    answer: Any = client.post(reverse("personal-token-new"), form, follow=True)
    assert answer.redirect_chain == [(f"{reverse('account')}#new-token", 302)]
    row = PersonalAccessToken.objects.get()
    assert answer["Cache-Control"] == "private, no-store"
    token = answer.context["new_token"]
    assert is_good(token)
    assert token in answer.content.decode()
    assert "My &lt;script&gt;" in answer.content.decode()
    later = client.get(reverse("account")).content.decode()
    assert token not in later
    assert row.prefix in later
    assert client.post(reverse("personal-token-revoke", args=[row.uuid])).status_code == 302
    assert row.prefix not in client.get(reverse("account")).content.decode()
    assert not is_good(token)


def test_a_token_waits_a_minute_encrypted_and_for_its_page_alone(
    alice: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(alice)
    form = {"name": "App", "scope": "read", "lifetime_days": "30"}
    assert client.post(reverse("personal-token-new"), form).status_code == 302
    assert "gts_pat_" not in repr(dict(client.session))
    with monkeypatch.context() as patch:
        patch.setattr(page_kit, "_SHOWN_FOR_S", -1)
        assert client.get(reverse("account")).context["new_token"] == ""
    assert client.get(reverse("account")).context["new_token"] == ""
    client.post(reverse("personal-token-new"), form)
    alice.set_password("correct horse battery")
    alice.save()
    client.force_login(alice)  # who logs in has a page of two-factor login too
    client.post(reverse("personal-token-new"), form)
    assert client.get(reverse("two-factor")).context["new_codes"] == []
    assert is_good(client.get(reverse("account")).context["new_token"])
    assert PersonalAccessToken.objects.count() == 3


def test_a_wrong_form_says_so(alice: User, client: Client) -> None:
    client.force_login(alice)
    answer = client.post(reverse("personal-token-new"), {"name": "", "scope": "all"})
    assert answer.status_code == 422
    assert not PersonalAccessToken.objects.exists()


# The command --------------------------------------------------------------------------------------


def test_the_command_makes_one(alice: User) -> None:
    out = StringIO()
    call_command("create_token", "alice", "--scope", "read", "--name", "Backup", stdout=out)
    row = PersonalAccessToken.objects.get()
    assert (row.name, row.scope) == ("Backup", "read")
    assert abs(row.expires_at - timezone.now() - DAY) < timedelta(minutes=1)
    assert is_good(out.getvalue().strip())
