"""Fetching files: whole or not at all, and the token nowhere but at Tone 3000."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from pytest_django import Settings

from gear.tone3000 import fetch as download_module
from gear.tone3000.access import (
    BackingOffError,
    DownloadError,
    NotAvailableError,
    Tone3000Error,
)
from gear.tone3000.client import Tone3000Client, file_url, is_api_site
from gear.tone3000.fetch import Downloaded, Downloader
from gear.tone3000.tests.tokens import PairTokens
from jobs.pipeline.files import sha256_of
from tools.tone3000_server import FakeServer
from tools.tone3000_server.seed import CABINET, CRUNCH, PRIVATE_OF_BOB

pytestmark = pytest.mark.usefixtures("quick_retries")

MODEL = f"{CRUNCH}01"


@pytest.fixture
def downloader(tone3000: Tone3000Client, pool: httpx.AsyncClient) -> Downloader:
    return Downloader(tone3000, pool)


def url_of(fake: FakeServer, model: str = MODEL, suffix: str = ".nam") -> str:
    return f"{fake.base}/api/v1/models/{model}/download/fake{model}{suffix}"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def fetch(
    downloader: Downloader, address: str, target: Path, max_bytes: int = 1_000_000
) -> Downloaded:
    return await downloader.fetch(
        address, target, max_bytes=max_bytes, watch=lambda num_bytes, expected: None
    )


async def test_a_file_with_its_hash(
    downloader: Downloader, fake: FakeServer, tmp_path: Path
) -> None:
    seen = []
    target = tmp_path / "a.nam"
    got = await downloader.fetch(
        url_of(fake),
        target,
        max_bytes=1_000_000,
        watch=lambda num_bytes, expected: seen.append((num_bytes, expected)),
    )
    assert (got.path, got.size_bytes) == (target, target.stat().st_size)
    assert got.sha256 == sha256_of(target)
    assert target.read_bytes().startswith(b"{")
    assert seen[-1] == (got.size_bytes, got.size_bytes)
    ir = await fetch(downloader, url_of(fake, f"{CABINET}01", ".wav"), tmp_path / "b.wav")
    assert ir.path.read_bytes()[:4] == b"RIFF"


async def test_the_token_stays_at_home(
    downloader: Downloader, fake: FakeServer, tmp_path: Path
) -> None:
    fake.set(download_mode="redirect")
    got = await fetch(downloader, url_of(fake), tmp_path / "a.nam")
    assert got.path.read_bytes().startswith(b"{")
    first, second = fake.requests()
    assert "authorization" in first["headers"]
    assert second["headers"]["host"].startswith("127.0.0.1")
    assert "authorization" not in second["headers"]


async def test_unknown_hosts_are_not_asked(
    downloader: Downloader, fake: FakeServer, settings: Settings, tmp_path: Path
) -> None:
    settings.GTS_TONE3000_DOWNLOAD_HOSTS = ["files.example"]
    fake.set(download_mode="redirect")
    with pytest.raises(DownloadError) as caught:
        await fetch(downloader, url_of(fake), tmp_path / "a.nam")
    assert (caught.value.code, caught.value.is_permanent) == ("DOWNLOAD_FORBIDDEN", True)
    assert len(fake.requests()) == 1
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "address",
    [
        "http://www.tone3000.com/x",
        "https://www.tone3000.com:8443/x",
        "https://www.tone3000.com.evil.example/x",
        "https://evil.example/www.tone3000.com",
        "https://api.tone3000.com:22/x",
        "http://api.tone3000.com/x",
        "http://127.0.0.1/x",
        "http://localhost:6379/",
        "https://169.254.169.254/latest/meta-data",
        "https://user:pw@www.tone3000.com/x",
        "https://www.tone3000.com@evil.example/x",
        "file:///etc/passwd",
        "ftp://www.tone3000.com/x",
        "//www.tone3000.com/x",
        "/etc/passwd",
        "https://",
        "",
        "http://[",
    ],
)
def test_where_files_do_not_come_from(settings: Settings, address: str) -> None:
    settings.GTS_TONE3000_API = "https://www.tone3000.com/api/v1"
    settings.GTS_TONE3000_DOWNLOAD_HOSTS = ["api.tone3000.com"]
    with pytest.raises(DownloadError) as caught:
        file_url(address)
    assert caught.value.code == "DOWNLOAD_FORBIDDEN"


def test_where_files_come_from_and_tokens_go(settings: Settings) -> None:
    settings.GTS_TONE3000_API = "https://www.tone3000.com/api/v1"
    settings.GTS_TONE3000_DOWNLOAD_HOSTS = ["api.tone3000.com"]
    home = file_url("https://www.tone3000.com/api/v1/models/1/download/x.nam")
    assert is_api_site(home)
    assert is_api_site(file_url("https://www.tone3000.com:443/x"))
    assert not is_api_site(file_url("https://api.tone3000.com/storage/x"))
    # The fake server is on this machine, without https, under both of its names.
    settings.GTS_TONE3000_API = "http://localhost:9300/api/v1"
    settings.GTS_TONE3000_DOWNLOAD_HOSTS = ["127.0.0.1"]
    assert is_api_site(file_url("http://localhost:9300/x"))
    assert not is_api_site(file_url("http://127.0.0.1:9300/x"))
    with pytest.raises(DownloadError):
        file_url("http://localhost:9301/x")


async def test_redirects_without_end(
    downloader: Downloader, fake: FakeServer, tmp_path: Path
) -> None:
    url = url_of(fake)
    fake.fail(httpx.URL(url).path, times=99, status=302, headers={"Location": url})
    with pytest.raises(DownloadError) as caught:
        await fetch(downloader, url, tmp_path / "a.nam")
    assert caught.value.code == "DOWNLOAD_FORBIDDEN"
    assert len(fake.requests()) == 5


@pytest.mark.parametrize(
    ("mode", "code", "is_permanent"),
    [("html", "DOWNLOAD_IS_A_PAGE", False), ("truncate", "DOWNLOAD_TRUNCATED", False)],
)
async def test_what_is_not_the_file_leaves_nothing(
    downloader: Downloader,
    fake: FakeServer,
    tmp_path: Path,
    mode: str,
    code: str,
    is_permanent: bool,
) -> None:
    fake.set(download_mode=mode)
    with pytest.raises(DownloadError) as caught:
        await fetch(downloader, url_of(fake), tmp_path / "a.nam")
    assert (caught.value.code, caught.value.is_permanent) == (code, is_permanent)
    assert names_in(tmp_path) == []


async def test_an_empty_file_is_none(
    downloader: Downloader, fake: FakeServer, tmp_path: Path
) -> None:
    fake.fail(httpx.URL(url_of(fake)).path, status=200, body="")
    with pytest.raises(DownloadError) as caught:
        await fetch(downloader, url_of(fake), tmp_path / "a.nam")
    assert caught.value.code == "DOWNLOAD_EMPTY"
    assert names_in(tmp_path) == []


async def test_too_large_by_its_own_word(
    downloader: Downloader, fake: FakeServer, tmp_path: Path
) -> None:
    with pytest.raises(DownloadError) as caught:
        await fetch(downloader, url_of(fake), tmp_path / "a.nam", max_bytes=100)
    assert (caught.value.code, caught.value.is_permanent) == ("DOWNLOAD_TOO_LARGE", True)
    assert names_in(tmp_path) == []


async def test_too_large_without_a_word(
    downloader: Downloader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fake: FakeServer,
) -> None:
    monkeypatch.setattr(download_module, "_announced_bytes", lambda response: None)
    with pytest.raises(DownloadError) as caught:
        await fetch(downloader, url_of(fake), tmp_path / "a.nam", max_bytes=100)
    assert caught.value.code == "DOWNLOAD_TOO_LARGE"
    assert names_in(tmp_path) == []


async def test_slowness_has_an_end(
    downloader: Downloader,
    fake: FakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(download_module, "DEADLINE_S", 0.1)
    fake.set(download_mode="slow", slow_s=2.0)
    with pytest.raises(Tone3000Error):
        await fetch(downloader, url_of(fake), tmp_path / "a.nam")
    assert names_in(tmp_path) == []


async def test_a_watcher_stops_it(downloader: Downloader, fake: FakeServer, tmp_path: Path) -> None:
    def stop(num_bytes: int, expected: int | None) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await downloader.fetch(url_of(fake), tmp_path / "a.nam", max_bytes=1_000_000, watch=stop)
    assert names_in(tmp_path) == []


async def test_expired_private_and_limited(
    downloader: Downloader, fake: FakeServer, tokens: PairTokens, tmp_path: Path
) -> None:
    target = tmp_path / "a.nam"
    fake.expire_access_tokens()
    await fetch(downloader, url_of(fake), target)
    assert len(fake.requests("/api/v1/oauth/token")) == 1
    with pytest.raises(NotAvailableError):
        await fetch(downloader, url_of(fake, f"{PRIVATE_OF_BOB}01"), tmp_path / "b.nam")
    fake.set(is_behind_waf=True)
    with pytest.raises(BackingOffError):
        await fetch(downloader, url_of(fake), tmp_path / "c.nam")
    assert names_in(tmp_path) == ["a.nam"]
