"""When `make run` opens a browser, and what it gives to it."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from threading import Event

import pytest

from gts import listening


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone at a terminal with a display and a browser."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.BackgroundBrowser("firefox"))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


def test_where_someone_sits_it_opens() -> None:
    assert listening.has_browser()


def test_without_a_terminal_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert not listening.has_browser()


def test_without_a_display_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY")
    assert not listening.has_browser()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert listening.has_browser()


def test_a_browser_in_the_terminal_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("w3m"))
    assert not listening.has_browser()


def test_nor_is_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise webbrowser.Error("no runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    assert not listening.has_browser()


def test_it_is_given_a_file_and_not_the_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    is_done = Event()

    def open_url(url: str) -> None:
        opened.append(url)
        is_done.set()

    monkeypatch.setattr(webbrowser, "open", open_url)
    listening.open_browser(tmp_path / "owner.html")
    assert is_done.wait(10)
    assert opened == [(tmp_path / "owner.html").as_uri()]
