from __future__ import annotations

from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import api_client, details_of
from accounts.tokens.families import token_pair_create

TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
REVOKE = "/api/v1/auth/token/revoke/"
ME = "/api/v1/me/"


def test_me_needs_someone(db: None) -> None:
    for method in ("get", "patch"):
        answer = getattr(api_client(), method)(ME, {})
        assert answer.status_code == 401
        assert answer.json()["code"] == "NOT_AUTHENTICATED"
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_me_tells_who_asks(alice: User) -> None:
    answer = api_client(alice).get(ME)
    assert answer.status_code == 200
    assert answer.json()["id"] == str(alice.uuid)
    assert answer.json()["username"] == "alice"
    assert answer.json()["is_operator"] is False
    assert "password" not in answer.json()


def test_me_works_with_a_session_too(alice: User) -> None:
    client = api_client()
    client.force_login(alice)
    assert client.get(ME).json()["username"] == "alice"


def test_the_display_name_can_be_changed_and_nothing_else(alice: User) -> None:
    client = api_client(alice)
    assert client.patch(ME, {"display_name": "A."}).json()["display_name"] == "A."
    assert client.patch(ME, {}).json()["display_name"] == "A."
    answer = client.patch(ME, {"username": "root", "is_staff": True, "display_name": "x" * 101})
    assert answer.status_code == 422
    assert sorted(details_of(answer)) == [
        ("/display_name", "MAX_LENGTH"),
        ("/is_staff", "UNKNOWN_FIELD"),
        ("/username", "UNKNOWN_FIELD"),
    ]
    alice.refresh_from_db()
    assert (alice.username, alice.display_name, alice.is_staff) == ("alice", "A.", False)


def test_the_audio_interface_is_a_key_of_the_list_and_stays_when_others_change(
    alice: User,
) -> None:
    client = api_client(alice)
    assert client.get(ME).json()["audio_interface"] == ""
    key = "motu-m2/instrument"
    assert client.patch(ME, {"audio_interface": key}).json()["audio_interface"] == key
    assert client.patch(ME, {"display_name": "A."}).json()["audio_interface"] == key
    answer = client.patch(ME, {"audio_interface": "MOTU M2"})
    assert details_of(answer) == [("/audio_interface", "INVALID")]
    assert client.patch(ME, {"audio_interface": ""}).json()["audio_interface"] == ""


def test_a_session_buys_tokens(alice: User) -> None:
    client = api_client()
    client.force_login(alice)
    pair = client.post(TOKEN).json()
    bearer = f"Bearer {pair['access']}"
    assert api_client().get(ME, HTTP_AUTHORIZATION=bearer).json()["username"] == "alice"


def test_a_session_without_a_csrf_token_buys_nothing(alice: User) -> None:
    client = api_client()
    client.handler.enforce_csrf_checks = True
    client.force_login(alice)
    answer = client.post(TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (403, "CSRF_FAILED")


def test_only_a_session_buys_tokens(alice: User) -> None:
    assert api_client().post(TOKEN).status_code == 401
    answer = api_client(alice).post(TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (403, "SESSION_NEEDED")


def test_refreshing_rotates(alice: User) -> None:
    client = api_client()
    old = token_pair_create(user=alice).refresh
    pair = client.post(REFRESH, {"refresh": old}).json()
    assert pair["refresh"] != old
    answer = client.post(REFRESH, {"refresh": old})
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")
    assert client.post(REFRESH, {"refresh": pair["refresh"]}).status_code == 200


def test_revoking(alice: User) -> None:
    client = api_client()
    refresh = token_pair_create(user=alice).refresh
    assert client.post(REVOKE, {"refresh": refresh}).status_code == 204
    assert client.post(REFRESH, {"refresh": refresh}).status_code == 401


def test_token_input_is_checked(db: None) -> None:
    for address in (REFRESH, REVOKE):
        answer = api_client().post(address, {"token": "x"})
        assert answer.status_code == 422
        assert sorted(details_of(answer)) == [
            ("/refresh", "REQUIRED"),
            ("/token", "UNKNOWN_FIELD"),
        ]
        assert details_of(api_client().post(address, {"refresh": []})) == [("/refresh", "INVALID")]
        assert details_of(api_client().post(address, {"refresh": ""})) == [("/refresh", "BLANK")]


def test_a_bad_bearer_token_is_a_401_even_where_a_session_would_do(alice: User) -> None:
    for bearer in ("Bearer rubbish", "Bearer", "Bearer a b", "Bearer \xff"):
        client = api_client()
        client.force_login(alice)
        answer = client.get(ME, HTTP_AUTHORIZATION=bearer)
        assert answer.status_code == 401, bearer


def test_operators_see_users_in_the_admin(alice: User) -> None:
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client = api_client()
    client.force_login(alice)
    assert client.get(reverse("admin:accounts_user_changelist")).status_code == 200
    assert client.get(reverse("admin:accounts_user_change", args=[alice.pk])).status_code == 200
    assert client.get(reverse("admin:accounts_user_add")).status_code == 200
