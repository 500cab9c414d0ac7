"""What docs/security.md promises of every answer, every page and every outgoing request."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import AsyncClient, Client
from django.urls import reverse

from accounts.models import User
from gts.tests.processes import ROOT, environment, manage
from gts.tests.variables import FILLED_IN, settings_of
from gts.web.headers import CONTENT_SECURITY_POLICY

PAGES = ["/", "/login/", "/nothing-here/", "/api/docs/", "/admin/login/", "/health/live"]
API = ["/api/v1/me/", "/api/v1/nothing/", "/api/schema/"]
PRODUCTION = {
    "DATABASE_URL": "postgresql://gts@127.0.0.1:1/gts",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "GTS_SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "GTS_TOKEN_KEYS": "b25seS1mb3ItdGhpcy1jaGVjay0wMTIzNDU2Nzg5YWI=",
    "GTS_TONE3000_KEY": "t3k_pub_test",
    "GTS_ALLOWED_HOSTS": "gts.example",
}
# Who calls other hosts, each only those that are configured.
CALLERS = {
    "accounts/tone3000/calls.py",
    "accounts/tone3000/oauth.py",
    "gts/storage/s3.py",
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", [*PAGES, *API])
def test_every_answer_has_the_headers(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert "camera=()" in answer["Permissions-Policy"]


def test_only_the_recorder_may_ask_for_an_audio_input(client: Client, alice: User) -> None:
    client.force_login(alice)
    recorder, tracks = (client.get(reverse(name)) for name in ("di-record", "di-list"))
    assert recorder["Permissions-Policy"] == "camera=(), geolocation=(), microphone=(self)"
    assert tracks["Permissions-Policy"] == "camera=(), geolocation=(), microphone=()"
    assert recorder["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.django_db
async def test_async_answers_have_them_too(async_client: AsyncClient) -> None:
    answer = await async_client.get("/health/live")
    assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_policy_allows_nothing_inline_and_no_eval() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    directives = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert directives["default-src"] == directives["script-src"] == directives["style-src"]
    assert directives["script-src"] == "'self'"
    assert directives["object-src"] == directives["base-uri"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert not re.search(r"(?<![\w/.-])(\*|https?:)(?![\w/])", CONTENT_SECURITY_POLICY)


def _templates() -> list[Path]:
    found = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "gts" / "templates").rglob("*.html")]
    return sorted(found)


@pytest.mark.parametrize("path", _templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_has_anything_inline(path: Path) -> None:
    """It would not work: the policy forbids it. And no page switches escaping off."""
    text = path.read_text()
    scripts = re.findall(r"<script\b(?![^>]*\bsrc=)[^>]*>", text)
    assert [tag for tag in scripts if 'type="application/json"' not in tag] == []
    assert not re.search(r"<style\b", text)
    assert not re.search(r"<[^>]*\s(style|on[a-z]+)\s*=", text)
    assert "javascript:" not in text
    assert not re.search(r"\|\s*safe\b|autoescape\s+off", text)


def test_a_production_speaks_https_only_and_marks_its_cookies(tmp_path: Path) -> None:
    program = (
        "import json;"
        "from django.conf import settings as s;"
        "from django.test import Client;"
        "c = Client(headers={'host': 'gts.example'});"
        "plain = c.get('/login/');"
        "safe = c.get('/health/live', headers={'x-forwarded-proto': 'https'});"
        "names = ['SESSION_COOKIE_SECURE', 'SESSION_COOKIE_HTTPONLY', 'SESSION_COOKIE_SAMESITE',"
        " 'CSRF_COOKIE_SECURE', 'CSRF_COOKIE_SAMESITE', 'DEBUG'];"
        "cookies = [[getattr(s, f'{kind}_COOKIE_{what}') for what in ('NAME', 'PATH', 'DOMAIN')]"
        " for kind in ('SESSION', 'CSRF')];"
        "print(json.dumps([plain.status_code, plain['Location'],"
        " safe['Strict-Transport-Security'], [getattr(s, name) for name in names],"
        " cookies]))"
    )
    said = manage(
        environment(tmp_path, **PRODUCTION), "shell", "--no-imports", "-v0", "-c", program
    )
    status, location, hsts, flags, cookies = json.loads(said.splitlines()[-1])
    assert (status, location) == (301, "https://gts.example/login/")
    assert hsts == "max-age=31536000; includeSubDomains; preload"
    assert flags == [True, True, "Lax", True, "Lax", False]
    # The path and the absent domain are what the prefix asks for (RFC 6265bis, 4.1.3.2).
    assert cookies == [["__Host-sessionid", "/", None], ["__Host-csrftoken", "/", None]]


def test_a_proxy_is_believed_only_where_there_is_one(tmp_path: Path) -> None:
    behind, direct, plain = settings_of(
        tmp_path,
        FILLED_IN,
        {**FILLED_IN, "GTS_TRUSTED_PROXIES": "0"},
        {**FILLED_IN, "GTS_SSL_REDIRECT": "0"},
    )
    assert behind["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
    assert "SECURE_PROXY_SSL_HEADER" not in direct
    # Who does not insist on https keeps names that browsers take by http too.
    assert "SESSION_COOKIE_NAME" not in plain


@pytest.mark.django_db
def test_cookies_of_a_login_are_for_this_site_and_the_session_not_for_scripts(
    client: Client,
) -> None:
    User.objects.create_user("alice", password="correct horse")
    client.get("/login/")
    client.post("/login/", {"username": "alice", "password": "correct horse"})
    session, csrf = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert (session["httponly"], session["samesite"], csrf["samesite"]) == (True, "Lax", "Lax")


def test_only_what_is_known_for_it_calls_other_hosts() -> None:
    """A new place that does must ask the configuration where to, and stand in docs/security.md."""
    calls = re.compile(r"^\s*(import|from) (httpx|requests|aiohttp|urllib\.request|http\.client)\b")
    callers = set()
    for app in ("accounts", "gear", "gts", "jobs", "shootouts"):
        for path in (ROOT / app).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            is_tool = "/tests/" in name or "/fake/" in name
            if not is_tool and any(calls.match(line) for line in path.read_text().splitlines()):
                callers.add(name)
    assert {name for name in callers if not name.startswith("gear/tone3000/")} <= CALLERS


def test_passwords_are_measured_and_tokens_are_short() -> None:
    names = {str(entry["NAME"]).rsplit(".", 1)[-1] for entry in settings.AUTH_PASSWORD_VALIDATORS}
    assert {"MinimumLengthValidator", "CommonPasswordValidator"} <= names
    assert settings.SIMPLE_JWT["ROTATE_REFRESH_TOKENS"]
    assert settings.SIMPLE_JWT["BLACKLIST_AFTER_ROTATION"]
