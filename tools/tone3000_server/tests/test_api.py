"""What the fake server serves, and the ways in which it goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings

from gear.captures.inspection import inspect_capture
from tools.tone3000_server import CLIENT_ID, FakeServer, running_fake_tone3000
from tools.tone3000_server.catalog import FakeModel
from tools.tone3000_server.seed import (
    AIDA_X,
    CABINET,
    CRUNCH,
    DELETED,
    DEMO_FIRST,
    NO_FILE,
    NUM_FAVORITES,
    ONLY_A2,
    PRIVATE_FAVORITE,
    PRIVATE_OF_ALICE,
    PRIVATE_OF_BOB,
    catalog,
)
from tools.tone3000_server.tests.oauth import get, http


@pytest.fixture
def alice_token(teased: FakeServer) -> str:
    token: str = teased.tokens("alice")["access_token"]
    return token


def ids(response: httpx.Response) -> list[int]:
    return [row["id"] for row in response.json()["data"]]


def names_of_models(response: httpx.Response) -> list[str]:
    return [row["name"] for row in response.json()["data"]]


def test_nothing_without_a_token_of_a_user(teased: FakeServer) -> None:
    assert http.get(f"{teased.base}/api/v1/tones/latest").status_code == 401
    for token in ("x", CLIENT_ID):
        assert get(teased, "tones/latest", token).status_code == 401


def test_favorites_in_pages(teased: FakeServer, alice_token: str) -> None:
    first = get(teased, "tones/favorited", alice_token).json()
    assert (first["page"], first["page_size"], len(first["data"])) == (1, 10, 10)
    assert (first["total"], first["total_pages"]) == (NUM_FAVORITES, 12)
    found = []
    for page in (1, 2):
        found += ids(get(teased, "tones/favorited", alice_token, page=page, page_size=100))
    assert len(set(found)) == NUM_FAVORITES
    past = get(teased, "tones/favorited", alice_token, page=99).json()
    assert (past["data"], past["total"]) == ([], NUM_FAVORITES)
    odd = get(teased, "tones/favorited", alice_token, page="x", page_size=1000).json()
    assert (odd["page"], odd["page_size"]) == (1, 100)
    teased.assert_clean()


def test_an_empty_library(teased: FakeServer) -> None:
    token = teased.tokens("carol")["access_token"]
    for name in ("created", "favorited", "downloaded"):
        page = get(teased, f"tones/{name}", token).json()
        assert (page["data"], page["total"], page["total_pages"]) == ([], 0, 0)


def test_lists_can_be_narrowed(teased: FakeServer, alice_token: str) -> None:
    found = get(teased, "tones/favorited", alice_token, gear="cab", query="FOUR BY")
    assert ids(found) == [CABINET]
    get(teased, "tones/favorited", alice_token, per_page=3, gear="ir")
    assert teased.lint()["unknown_params"] == 1
    assert teased.lint()["deprecated_params"] == 1


def test_feeds(teased: FakeServer, alice_token: str) -> None:
    for name in ("trending", "latest"):
        feed = get(teased, f"tones/{name}", alice_token).json()
        assert set(feed) == {"data"}
        assert len(feed["data"]) == 10
        assert all(row["is_public"] for row in feed["data"])


def test_who_sees_what(teased: FakeServer, alice_token: str) -> None:
    bob = teased.tokens("bob")["access_token"]
    carol = teased.tokens("carol")["access_token"]
    for tone_id, allowed in (
        (CRUNCH, (alice_token, bob, carol)),
        (PRIVATE_OF_ALICE, (alice_token,)),
        (PRIVATE_FAVORITE, (alice_token, bob)),
        (PRIVATE_OF_BOB, (bob,)),
        (DELETED, ()),
    ):
        for token in (alice_token, bob, carol):
            expected = 200 if token in allowed else 404
            assert get(teased, f"tones/{tone_id}", token).status_code == expected
            assert get(teased, "models", token, tone_id=tone_id).status_code == expected
            model = f"models/{tone_id}01"
            assert get(teased, model, token).status_code == expected
    teased.set(private_status=403)
    assert get(teased, f"tones/{PRIVATE_OF_BOB}", alice_token).status_code == 403
    assert get(teased, f"tones/{DELETED}", alice_token).status_code == 404
    assert get(teased, "tones/abc", alice_token).status_code == 400


def test_counts_and_architectures(teased: FakeServer, alice_token: str) -> None:
    tone = get(teased, f"tones/{CRUNCH}", alice_token).json()
    counts = [tone[f"{name}_count"] for name in ("a1_models", "a2_models", "custom_models")]
    assert counts == [3, 2, 1]
    assert tone["models_count"] == 3
    assert get(teased, f"tones/{CRUNCH}", alice_token, architecture="2").json()["models_count"] == 2

    def models(**params: Any) -> list[str]:
        return names_of_models(get(teased, "models", alice_token, tone_id=CRUNCH, **params))

    assert models() == ["Gain 3", "Gain 5", "Gain 7", "Gain 11"]  # never A2
    assert models(architecture="1") == ["Gain 3", "Gain 5", "Gain 7"]
    assert models(architecture="2") == ["Gain 3", "Gain 7"]
    assert models(architecture="custom") == ["Gain 11"]
    assert models(architecture="1", page_size=2, page=2) == ["Gain 7"]
    bad = get(teased, "models", alice_token, tone_id=CRUNCH, architecture="a2")
    assert (bad.status_code, "1, 2, custom" in bad.text) == (400, True)
    assert get(teased, "models", alice_token).status_code == 400
    assert names_of_models(get(teased, "models", alice_token, tone_id=ONLY_A2)) == []
    irs = get(teased, "models", alice_token, tone_id=CABINET, architecture="2")
    assert len(irs.json()["data"]) == 4


def test_the_odd_ones(teased: FakeServer, alice_token: str) -> None:
    cabinet = get(teased, f"tones/{CABINET}", alice_token).json()
    assert (cabinet["sizes"], cabinet["images"]) == (None, None)
    assert get(teased, f"tones/{AIDA_X}", alice_token).json()["format"] == "aida-x"
    urls = [
        row["model_url"]
        for row in get(teased, "models", alice_token, tone_id=NO_FILE).json()["data"]
    ]
    assert [url is None for url in urls] == [False, True]
    user = get(teased, "user", alice_token).json()
    assert user["url"] == f"{teased.base}//alice"
    teased.set(id_style="int", shape="2026-06")
    user = get(teased, "user", alice_token).json()
    assert user["id"] == 101
    assert "display_name" not in user


def test_the_search_is_short_of_some_fields(teased: FakeServer, alice_token: str) -> None:
    response = get(teased, "tones/search", alice_token, query="crunch", gears="amp_pedal")
    [row] = response.json()["data"]
    assert not {"license", "sizes", "links", "is_public"} & set(row)
    assert row["models_count"] == 6
    assert "id" not in row["makes"][0]
    teased.assert_clean()
    old = get(teased, "tones/search", alice_token, platform="ir")
    assert old.headers["deprecation"] == "true"
    assert 'rel="deprecation"' in old.headers["link"]
    assert old.headers["x-tone3000-deprecations"] == "legacy_platform_key"
    assert all(row["format"] == "ir" for row in old.json()["data"])


@pytest.mark.parametrize("path", ["users", "makes", "tags"])
def test_the_other_lists(teased: FakeServer, alice_token: str, path: str) -> None:
    page = get(teased, path, alice_token, page_size=100).json()
    assert page["page_size"] == (10 if path == "users" else 25)
    assert page["data"]


def test_favorites_are_kept_and_dropped(teased: FakeServer) -> None:
    headers = {"Authorization": f"Bearer {teased.tokens('carol')['access_token']}"}
    address = f"{teased.base}/api/v1/tones/{CRUNCH}/favorite"
    for _ in range(2):
        assert http.put(address, headers=headers).json()["tone_id"] == CRUNCH
    token = headers["Authorization"].removeprefix("Bearer ")
    assert ids(get(teased, "tones/favorited", token)) == [CRUNCH]
    for _ in range(2):
        assert http.delete(address, headers=headers).status_code == 204
    assert ids(get(teased, "tones/favorited", token)) == []


# Downloads


def url_of(teased: FakeServer, token: str, model: str) -> str:
    url: str = get(teased, f"models/{model}", token).json()["model_url"]
    return url


def fetch(url: str, token: str = "") -> httpx.Response:
    return http.get(url, headers={"Authorization": f"Bearer {token}"} if token else {})


def test_files_are_what_they_say_and_are_noted(teased: FakeServer) -> None:
    token = teased.tokens("carol")["access_token"]
    nam = fetch(url_of(teased, token, f"{CRUNCH}01"), token)
    assert nam.headers["content-type"] == "text/plain; charset=UTF-8"
    assert json.loads(nam.text)["architecture"] == "WaveNet"
    container = fetch(url_of(teased, token, f"{CRUNCH}04"), token)
    assert json.loads(container.text)["architecture"] == "SlimmableContainer"
    ir = fetch(url_of(teased, token, f"{CABINET}01"), token)
    assert (ir.headers["content-type"], ir.content[:4]) == ("audio/wav", b"RIFF")
    assert ids(get(teased, "tones/downloaded", token)) == [CABINET, CRUNCH]
    assert fetch(url_of(teased, token, f"{CRUNCH}01")).status_code == 401


def test_a_redirect_leads_to_a_host_that_takes_no_token(
    teased: FakeServer, alice_token: str
) -> None:
    teased.set(download_mode="redirect")
    response = fetch(url_of(teased, alice_token, f"{CRUNCH}01"), alice_token)
    assert response.status_code == 302
    target = response.headers["location"]
    assert httpx.URL(target).host != httpx.URL(teased.base).host
    assert fetch(target).status_code == 200
    assert teased.lint()["leaked_authorization"] == 0
    assert fetch(target, alice_token).status_code == 400
    assert teased.lint()["leaked_authorization"] == 1


def test_downloads_go_wrong(teased: FakeServer, alice_token: str) -> None:
    url = url_of(teased, alice_token, f"{CRUNCH}01")
    whole = fetch(url, alice_token).content
    teased.set(download_mode="html")
    assert fetch(url, alice_token).headers["content-type"].startswith("text/html")
    teased.set(download_mode="short")
    assert len(fetch(url, alice_token).content) == len(whole) // 2
    teased.set(download_mode="truncate")
    with pytest.raises(httpx.RemoteProtocolError):
        fetch(url, alice_token)
    teased.set(download_mode="slow", slow_s=0.2)
    assert fetch(url, alice_token).content == whole


@pytest.mark.parametrize(
    ("architecture", "suffix", "capture_format"),
    [("1", ".nam", "nam"), ("2", ".nam", "nam"), (None, ".wav", "ir")],
)
def test_every_file_can_be_played(
    tmp_path: Path, architecture: str | None, suffix: str, capture_format: str
) -> None:
    contents = set()
    for number in (900101, 900102):
        model = FakeModel(number, 9001, "x", None, architecture, suffix)
        path = tmp_path / f"{number}{suffix}"
        path.write_bytes(model.content())
        contents.add(model.content())
        facts = inspect_capture(path, capture_format)
        assert facts.info.get("warnings", []) == []
    assert len(contents) == 2


def test_the_demo_pack_is_on_offer() -> None:
    folder = settings.GTS_DEMO_DIR
    state = catalog(folder)
    demos = [tone for tone_id, tone in state.tones.items() if DEMO_FIRST <= tone_id < 9099]
    models = [model for tone in demos for model in tone.models]
    paths = {model.path for model in models}
    assert paths == {*folder.glob("captures/*.nam"), *folder.glob("irs/*.wav")}
    assert {"1", "2", None} == {model.architecture for model in models}
    assert len(state.favorites["alice"]) == NUM_FAVORITES


# Limits and failures


def test_the_rate_limit_slides(teased: FakeServer, alice_token: str) -> None:
    teased.set(rate_limit=3)
    for _ in range(3):
        assert get(teased, "user", alice_token).status_code == 200
    over = get(teased, "user", alice_token)
    assert over.status_code == 429
    assert 1 <= int(over.headers["retry-after"]) <= 61
    teased.set(has_retry_after=False)
    assert "retry-after" not in get(teased, "user", alice_token).headers
    assert get(teased, "user", teased.tokens("bob")["access_token"]).status_code == 200
    teased.advance(61)
    assert get(teased, "user", alice_token).status_code == 200


def test_the_firewall_speaks_html(teased: FakeServer, alice_token: str) -> None:
    teased.set(is_behind_waf=True)
    response = get(teased, "user", alice_token)
    assert response.status_code == 403
    assert response.headers["content-type"].startswith("text/html")


def test_failures_are_given_as_often_as_asked(teased: FakeServer, alice_token: str) -> None:
    teased.fail("/api/v1/user", times=2, status=503, body="{}", headers={"Retry-After": "7"})
    for _ in range(2):
        response = get(teased, "user", alice_token)
        assert (response.status_code, response.headers["retry-after"]) == (503, "7")
    assert get(teased, "user", alice_token).status_code == 200
    teased.fail("/api/v1/tones/*", delay_s=0.01)
    assert get(teased, "tones/latest", alice_token).status_code == 200


def test_two_slashes_and_no_name_are_noticed(teased: FakeServer, alice_token: str) -> None:
    response = http.get(f"{teased.base}/api//v1/user?a=1")
    assert response.status_code == 308
    assert response.headers["location"] == f"{teased.base}/api/v1/user?a=1"
    http.get(f"{teased.base}/api/v1/user", headers={"User-Agent": ""})
    assert teased.lint()["double_slash"] == 1
    assert teased.lint()["missing_user_agent"] == 1


def test_control_refuses_what_it_does_not_know(teased: FakeServer) -> None:
    for name, given in (
        ("options", {"unknown": 1}),
        ("options", {"download_mode": "sideways"}),
        ("next-authorize", {"kind": "maybe"}),
        ("tokens", {"user": "mallory"}),
        ("advance", {}),
    ):
        assert http.post(f"{teased.base}/__fake__/{name}", json=given).status_code == 400
    assert http.post(f"{teased.base}/__fake__/nothing", json={}).status_code == 404
    assert http.post(f"{teased.base}/api/v1/__fake__/reset", json={}).status_code == 401


def test_a_tone_can_turn_private_and_vanish(teased: FakeServer) -> None:
    token = teased.tokens("carol")["access_token"]
    teased.tone_set(CRUNCH, is_public=False)
    assert get(teased, f"tones/{CRUNCH}", token).status_code == 404
    teased.seed()
    assert get(teased, f"tones/{CRUNCH}", token).status_code == 200
    teased.tone_set(CRUNCH, is_deleted=True)
    assert get(teased, f"tones/{CRUNCH}", token).status_code == 404


def test_pages_for_eyes(teased: FakeServer, alice_token: str) -> None:
    tone = get(teased, f"tones/{CRUNCH}", alice_token).json()
    assert "Crunch Head" in http.get(tone["url"]).text
    picture = http.get(tone["images"][0])
    assert picture.headers["content-type"] == "image/svg+xml"
    assert http.get(tone["user"]["avatar_url"]).status_code == 200
    assert http.get(f"{teased.base}//bob").status_code == 200
    assert http.get(f"{teased.base}/nothing").status_code == 404


def test_two_of_them_do_not_meet(teased: FakeServer) -> None:
    with running_fake_tone3000() as other:
        assert other.base != teased.base
        token = other.tokens()["access_token"]
        assert get(other, "user", token).status_code == 200
        assert get(teased, "user", token).status_code == 401
