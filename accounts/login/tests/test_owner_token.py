"""The token of who owns this machine: private, good once, then another."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accounts.login.local import (
    owner_link,
    owner_page_write,
    owner_token_renew,
    owner_token_spend,
    token_in,
)


def test_it_is_good_once_and_then_another_is(tmp_path: Path) -> None:
    token = owner_token_renew(tmp_path)
    assert owner_token_spend(tmp_path, token)
    assert not owner_token_spend(tmp_path, token)
    assert owner_token_spend(tmp_path, (tmp_path / "owner_token").read_text())


def test_a_new_one_ends_the_one_before(tmp_path: Path) -> None:
    before = owner_token_renew(tmp_path)
    assert owner_token_renew(tmp_path) != before
    assert not owner_token_spend(tmp_path, before)


@pytest.mark.parametrize("given", ["", "x", "é", "\ud800", "\x00", "x" * 100_000])
def test_anything_else_is_refused_and_spends_nothing(tmp_path: Path, given: str) -> None:
    assert not owner_token_spend(tmp_path, given)  # nor where there is none yet
    token = owner_token_renew(tmp_path)
    for wrong in (given, token[:-1], token + "x", token.upper()):
        assert not owner_token_spend(tmp_path, wrong)
    assert owner_token_spend(tmp_path, token)


def test_an_empty_file_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "owner_token").touch()
    assert not owner_token_spend(tmp_path, "")


def test_of_many_at_once_one_gets_in(tmp_path: Path) -> None:
    for _ in range(20):
        token = owner_token_renew(tmp_path)
        with ThreadPoolExecutor(8) as pool:
            got_in = list(pool.map(lambda _: owner_token_spend(tmp_path, token), range(8)))  # noqa: B023
        assert sum(got_in) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["owner_token"]


def test_no_one_else_may_read_it_or_the_page_that_leads_there(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    token = owner_token_renew(folder)
    page = owner_page_write(folder, owner_link("http://127.0.0.1:8000", token))
    assert f'href="http://127.0.0.1:8000/login/link/?token={token}"' in page.read_text()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (page, folder / "owner_token")}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert owner_token_spend(folder, token)
    assert not page.exists()


@pytest.mark.parametrize(
    "text", ["abc", " abc\n", "http://127.0.0.1:8000/login/link/?token=abc", "/x?token=abc&next=/"]
)
def test_the_whole_address_may_be_typed_instead(text: str) -> None:
    assert token_in(text) == "abc"


def test_what_is_no_address_is_taken_as_it_is() -> None:
    assert token_in("http://[") == "http://["
