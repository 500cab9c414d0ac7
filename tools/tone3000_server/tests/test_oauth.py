"""The fake server is as strict as the real one, or tests against it would prove nothing."""

from __future__ import annotations

import httpx
import pytest

from tools.tone3000_server import FakeServer
from tools.tone3000_server.seed import ONLY_A2, PRIVATE_OF_BOB
from tools.tone3000_server.tests.oauth import (
    CHALLENGE,
    HEADERS,
    VERIFIER,
    authorize,
    exchange,
    get,
    http,
    refresh,
    returned,
)


def code_for(teased: FakeServer, user: str = "alice") -> str:
    teased.next_authorize("approve", user=user)
    return returned(authorize(teased))["code"]


def test_the_whole_way(teased: FakeServer) -> None:
    teased.next_authorize("approve")
    query = returned(authorize(teased))
    assert query["state"] == "the-state"
    assert query["from"] == "here"  # the query of the redirect URI itself is kept
    tokens = exchange(teased, code=query["code"])
    assert tokens.headers["cache-control"] == "no-store"
    body = tokens.json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 3600)
    assert len(body["access_token"]) == 985
    assert get(teased, "user", body["access_token"]).json()["username"] == "alice"
    teased.assert_clean()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "t3k_pub_other"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"state": ""}, "invalid_request"),
        ({"response_type": "token"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1/#x"}, "invalid_request"),
        ({"redirect_uri": "javascript:alert(1)"}, "invalid_request"),
        ({"prompt": "load_tone"}, "invalid_request"),
        ({"prompt": "other"}, "invalid_request"),
        ({"architecture": "3"}, "invalid_request"),
        ({"format": "wav"}, "invalid_request"),
        ({"gears": "amp_banjo"}, "invalid_request"),
    ],
)
def test_a_wrong_authorization_is_refused_without_a_redirect(
    teased: FakeServer, changes: dict[str, str | None], error: str
) -> None:
    response = authorize(teased, **changes)
    assert (response.status_code, response.json()["error"]) == (400, error)


def test_only_registered_addresses_and_loopback_are_sent_back_to(teased: FakeServer) -> None:
    teased.set(auto_approve="alice")
    assert authorize(teased, redirect_uri="https://any.example/").status_code == 302
    teased.set(clients={"t3k_pub_fake": ["https://gts.example/complete/"]})
    assert authorize(teased, redirect_uri="https://gts.example/complete/").status_code == 302
    assert authorize(teased, redirect_uri="http://[::1]:9/x").status_code == 302
    for other in ("https://gts.example/complete", "https://gts.example/complete/?a=1"):
        assert authorize(teased, redirect_uri=other).status_code == 400


def test_manners_are_counted(teased: FakeServer) -> None:
    teased.set(auto_approve="alice")
    authorize(teased, scope="", platform="nam", gears="full-rig_ir", per_page="9")
    assert teased.lint()["empty_scope"] == 1
    assert teased.lint()["deprecated_params"] == 3
    assert teased.lint()["unknown_params"] == 1
    with pytest.raises(AssertionError, match="legacy_ir_gear_value"):
        teased.assert_clean()
    exchange(teased, code="x", client_secret="")
    assert teased.lint()["empty_client_secret"] == 1
    teased.forget()
    teased.assert_clean()
    assert teased.requests() == []


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("deny", {"error": "access_denied"}),
        ("error", {"error": "server_error"}),
        ("cancel", {"canceled": "true"}),
    ],
)
def test_outcomes_without_a_code(
    teased: FakeServer, outcome: str, expected: dict[str, str]
) -> None:
    teased.next_authorize(outcome)
    query = returned(authorize(teased))
    assert query["state"] == "the-state"
    assert "code" not in query
    assert expected.items() <= query.items()


def test_canceled_but_signed_in_has_a_code_and_no_tone(teased: FakeServer) -> None:
    teased.next_authorize("cancel_with_code")
    query = returned(authorize(teased, prompt="select_tone"))
    assert query["canceled"] == "true"
    assert "tone_id" not in query
    assert exchange(teased, code=query["code"]).status_code == 200


def test_a_refusal_is_a_page_and_no_redirect(teased: FakeServer) -> None:
    teased.next_authorize("refuse")
    response = authorize(teased)
    assert (response.status_code, response.headers["content-type"][:9]) == (400, "text/html")


def test_a_tone_that_is_not_there_is_replaced(teased: FakeServer) -> None:
    teased.next_authorize("approve", tone_id=9002)
    query = returned(authorize(teased, prompt="load_tone", tone_id="9001"))
    assert query["tone_id"] == "9002"
    teased.set(auto_approve="alice")
    query = returned(authorize(teased, prompt="load_tone", tone_id="9001"))
    assert query["tone_id"] == "9001"
    query = returned(authorize(teased, prompt="load_tone", tone_id=str(PRIVATE_OF_BOB)))
    assert query["tone_id"] != str(PRIVATE_OF_BOB)


def test_the_page_by_hand(teased: FakeServer) -> None:
    """Sign in, see the tones that fit, pick one; later the session goes straight through."""
    with httpx.Client(headers=HEADERS) as browser:
        page = browser.get(authorize(teased, prompt="select_tone", menubar="true").url)
        assert "Continue as alice" in page.text
        assert "Close (not signed in)" in page.text
        page = browser.post(page.url, data={"decision": "approve:alice"}, follow_redirects=True)
        assert "Crunch Head" in page.text
        assert "Secret Rig" not in page.text  # A2 only, and that was not asked for
        assert str(ONLY_A2) not in page.text
        picked = browser.post(page.url, data={"decision": "pick:9001"})
        assert returned(picked)["tone_id"] == "9001"
        again = browser.get(authorize(teased).url)
        assert "code" in returned(again)
        a2 = browser.get(authorize(teased, prompt="select_tone", architecture="2").url)
        assert "Two Point Zero" in a2.text
        assert "Secret Rig" in a2.text  # one's own private ones are there too
        hidden = browser.post(page.url, data={"decision": f"pick:{PRIVATE_OF_BOB}"})
        assert hidden.status_code == 400
        assert returned(browser.post(page.url, data={"decision": "deny"}))["error"]
        closed = returned(browser.post(page.url, data={"decision": "close:"}))
        assert (closed["canceled"], "code" in closed) == ("true", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "unknown"},
        {"code_verifier": "w" * 64},
        {"code_verifier": "v" * 42},
        {"code_verifier": None},
        {"redirect_uri": "http://127.0.0.1:8000/complete/tone3000/"},
    ],
)
def test_a_wrong_exchange_gets_nothing_and_uses_the_code_up(
    teased: FakeServer, changes: dict[str, str | None]
) -> None:
    code = code_for(teased)
    response = exchange(teased, **{"code": code, **changes})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
    if "code" not in changes:
        assert exchange(teased, code=code).status_code == 400


def test_the_form_of_an_exchange(teased: FakeServer) -> None:
    code = code_for(teased)
    address = f"{teased.base}/api/v1/oauth/token"
    as_json = http.post(address, json={"grant_type": "authorization_code", "code": code})
    assert as_json.json()["error"] == "invalid_request"
    assert exchange(teased, code=code, client_secret="x").json()["error"] == "invalid_client"
    assert exchange(teased, client_id="other").json()["error"] == "invalid_client"
    response = exchange(teased, code=code, grant_type="password")
    assert response.json()["error"] == "unsupported_grant_type"
    assert exchange(teased, code=code).status_code == 200


def test_codes_grow_old(teased: FakeServer) -> None:
    code = code_for(teased)
    teased.advance(601)
    assert exchange(teased, code=code).status_code == 400


def test_a_replayed_code_takes_its_tokens_along(teased: FakeServer) -> None:
    code = code_for(teased)
    tokens = exchange(teased, code=code).json()
    assert get(teased, "user", tokens["access_token"]).status_code == 200
    assert exchange(teased, code=code).status_code == 400
    assert get(teased, "user", tokens["access_token"]).status_code == 401
    assert refresh(teased, tokens["refresh_token"]).status_code == 400


def test_a_refresh_rotates(teased: FakeServer) -> None:
    first = teased.tokens()
    second = refresh(teased, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert get(teased, "user", first["access_token"]).status_code == 200  # until it expires
    assert get(teased, "user", second["access_token"]).status_code == 200
    dead = refresh(teased, first["refresh_token"])
    assert (dead.status_code, dead.json()["error"]) == (400, "invalid_grant")
    assert refresh(teased, second["refresh_token"]).status_code == 200
    assert refresh(teased, "x", client_id="t3k_pub_other").json()["error"] == "invalid_client"


def test_dead_refresh_tokens_in_the_other_style(teased: FakeServer) -> None:
    teased.set(error_style="gotrue")
    used = teased.tokens()["refresh_token"]
    refresh(teased, used)
    assert refresh(teased, used).json()["error_code"] == "refresh_token_already_used"
    dead = refresh(teased, "unknown")
    assert dead.status_code == 400
    assert dead.json() == {
        "code": 400,
        "error_code": "refresh_token_not_found",
        "msg": "Invalid Refresh Token",
    }


def test_grace_and_its_end(teased: FakeServer) -> None:
    teased.set(refresh_reuse_grace_s=10, reuse_kills_session=True)
    first = teased.tokens()
    second = refresh(teased, first["refresh_token"]).json()
    again = refresh(teased, first["refresh_token"]).json()
    assert again["refresh_token"] == second["refresh_token"]
    teased.advance(11)
    assert refresh(teased, first["refresh_token"]).status_code == 400
    assert refresh(teased, second["refresh_token"]).status_code == 400  # killed with it


def test_access_ends_by_time_by_request_and_by_revocation(teased: FakeServer) -> None:
    tokens = teased.tokens()
    teased.advance(3599)
    assert get(teased, "user", tokens["access_token"]).status_code == 200
    teased.advance(2)
    assert get(teased, "user", tokens["access_token"]).status_code == 401
    tokens = refresh(teased, tokens["refresh_token"]).json()
    teased.expire_access_tokens()
    assert get(teased, "user", tokens["access_token"]).status_code == 401
    tokens = refresh(teased, tokens["refresh_token"]).json()
    teased.revoke("alice")
    assert get(teased, "user", tokens["access_token"]).status_code == 401
    assert refresh(teased, tokens["refresh_token"]).status_code == 400


def test_the_log_keeps_no_secret(teased: FakeServer) -> None:
    code = code_for(teased)
    tokens = exchange(teased, code=code).json()
    get(teased, "user", tokens["access_token"])
    text = repr(teased.requests())
    for secret in (code, VERIFIER, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in text
    [entry] = teased.requests("/api/v1/oauth/token")
    assert entry["body"]["grant_type"] == "authorization_code"
    assert "code_verifier" in entry["body_keys"]
    assert (entry["status"], entry["user_agent"]) == (200, "tests")
