"""The whole way of a newcomer, in a real browser against a real embedded server.

Debian's Chromium, driven by Playwright; the server is a process of its own with an empty data
folder, as `make run` starts it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from django.conf import settings
from playwright.sync_api import Browser, Page, Response, WebSocket, expect

from accounts.tests.browser import WATCH_POLICY
from accounts.tests.needs import needs_chromium
from accounts.tests.owner import owner_token
from shootouts.pages.tests.embedded_server import EmbeddedServer

RENDER_TIMEOUT_MS = 180_000
DI_EXCERPT_S = 3.0

DEMO = Path(settings.BASE_DIR, "shootouts", "demo")

pytestmark = [pytest.mark.processes, needs_chromium]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server with nothing in it."""
    with EmbeddedServer(tmp_path_factory.mktemp("server")) as embedded:
        yield embedded


@pytest.fixture
def server(embedded: EmbeddedServer) -> str:
    """Its address."""
    return embedded.address


class Watched:
    """A page, and everything it complained about."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context()
        self.context.add_init_script(WATCH_POLICY)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.frames: list[dict[str, Any]] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        self.page.on("websocket", self._watch)

    def _watch(self, websocket: WebSocket) -> None:
        if "/ws/jobs/" not in websocket.url:  # the bell has a socket of its own
            return
        websocket.on("framereceived", lambda text: self.frames.append(json.loads(text)))


def test_a_newcomer_renders_a_shootout_and_plays_it(
    embedded: EmbeddedServer, server: str, browser: Browser, tmp_path: Path
) -> None:
    watched = Watched(browser)
    page = watched.page
    page.goto(server)
    page.get_by_role("link", name="Make a shootout").click()
    page.get_by_label("Token of this machine").fill(owner_token(embedded.data_dir))
    page.get_by_role("button", name="Use this machine").click()
    expect(page).to_have_url(f"{server}/shootouts/new/")

    files = [
        _excerpt(tmp_path),
        DEMO / "captures" / "halyard-22-clean.nam",
        DEMO / "captures" / "bosun-45-crunch.nam",
        DEMO / "irs" / "quay-2x12.wav",
    ]
    page.locator('[data-files] input[type="file"]').first.set_input_files(files)
    # Each goes to its place, and the track is chosen, as soon as its check has passed.
    expect(page.locator(".contender")).to_have_count(2, timeout=60_000)
    expect(page.get_by_role("checkbox", name="undertow")).to_be_checked(timeout=60_000)
    expect(page.get_by_label(re.compile("^Label of Halyard"))).to_have_count(1)

    page.get_by_label("Title").fill("Clean against crunch")
    page.get_by_role("button", name="Render", exact=True).click()
    expect(page).to_have_url(re.compile(r"/shootouts/[0-9a-f-]{36}/$"))
    expect(page.locator("[data-player]")).to_be_visible(timeout=RENDER_TIMEOUT_MS)
    expect(page.locator("video[data-video]")).to_be_visible(timeout=RENDER_TIMEOUT_MS)
    expect(page.locator("[data-jobs]")).to_have_count(0)

    _assert_progress_came_over_the_socket(watched.frames)
    _assert_player_plays(page)
    _assert_video_plays(page)
    _assert_the_residual_is_heard(page)
    assert watched.complaints == []


def test_without_a_socket_the_page_asks_until_the_render_has_ended(
    embedded: EmbeddedServer, browser: Browser
) -> None:
    watched = Watched(browser)
    watched.context.add_init_script("delete window.WebSocket;")
    page = watched.page
    page.goto(embedded.owner_url("/shootouts/mine/"))
    page.get_by_role("link", name="Clean against crunch").click()
    page.get_by_role("button", name="Re-render").click()
    expect(page.locator("[data-jobs]")).to_have_count(1)
    expect(page.locator("[data-jobs]")).to_have_count(0, timeout=RENDER_TIMEOUT_MS)
    expect(page.get_by_role("button", name="Re-render")).to_be_visible()
    assert watched.frames == []
    assert watched.complaints == []


def test_the_bell_rings_wherever_one_is(
    embedded: EmbeddedServer, server: str, browser: Browser
) -> None:
    watched = Watched(browser)
    page = watched.page
    page.goto(embedded.owner_url("/notifications/"))
    page.get_by_role("button", name="Mark all as read").click()
    bell = page.locator("[data-bell]")
    expect(bell).to_have_accessible_name("Notifications")

    page.goto(f"{server}/shootouts/mine/")
    page.get_by_role("link", name="Clean against crunch").click()
    shootout = page.url
    page.get_by_role("button", name="Re-render").click()
    page.goto(f"{server}/gear/")
    news = page.locator("#news").get_by_role("link", name="Clean against crunch")
    expect(news).to_be_visible(timeout=RENDER_TIMEOUT_MS)
    expect(bell).to_have_accessible_name("Notifications: 1 new")
    news.click()
    expect(page).to_have_url(shootout)
    expect(bell).to_have_accessible_name("Notifications")
    assert watched.complaints == []


def test_without_a_socket_the_bell_asks(embedded: EmbeddedServer, browser: Browser) -> None:
    watched = Watched(browser)
    watched.context.add_init_script("delete window.WebSocket;")
    page = watched.page
    page.clock.install()
    page.goto(embedded.owner_url("/gear/"))
    expect(page.locator("[data-bell]")).to_be_visible()
    answers: list[int] = []

    def note(answer: Response) -> None:
        if answer.url.endswith("/notifications/bell/"):
            answers.append(answer.status)

    page.on("response", note)
    for _ in range(100):
        page.clock.fast_forward("00:31")
        page.wait_for_timeout(100)
        if len(answers) >= 2:  # the bell that came has asked again
            break
    assert set(answers) == {200}
    assert len(answers) >= 2
    expect(page.locator("[data-bell]")).to_have_count(1)
    assert watched.complaints == []


def _excerpt(folder: Path) -> Path:
    """The first seconds of a demo recording, so that no one waits for the rest."""
    source = DEMO / "di" / "undertow-132bpm.flac"
    with soundfile.SoundFile(source) as file:
        samples = file.read(int(DI_EXCERPT_S * file.samplerate), dtype="float32")
        excerpt = folder / "undertow.wav"
        soundfile.write(excerpt, samples, file.samplerate, subtype="FLOAT")
    return excerpt


def _wait_until(page: Page, script: str, *, timeout_s: float = 15.0) -> None:
    """Playwright's own waiting evaluates strings in the page, which the CSP rightly forbids."""
    deadline = time.monotonic() + timeout_s
    while not page.evaluate(script):
        assert time.monotonic() < deadline, f"never true: {script}"
        page.wait_for_timeout(50)


def _assert_progress_came_over_the_socket(frames: list[dict[str, Any]]) -> None:
    assert frames[0]["type"] == "snapshot"
    progress = [frame["progress"] for frame in frames if frame["job_id"] == frames[0]["job_id"]]
    assert len(set(progress)) >= 3
    assert progress == sorted(progress)
    assert progress[-1] == 100.0


def _assert_player_plays(page: Page) -> None:
    player = page.locator("[data-player]")
    player.get_by_role("button", name="Play", exact=True).click()
    _wait_until(page, _PLAYER + ".numReady === 2")
    _wait_until(page, _PLAYER + ".position > 0.5")
    assert page.evaluate(_PLAYER + ".context.state") == "running"
    _wait_until(page, _IS_AUDIBLE)
    before = page.evaluate(_PLAYER + ".position")
    page.keyboard.press("2")
    assert page.evaluate(_PLAYER + ".live") == 1
    assert page.evaluate(_PLAYER + ".position") >= before
    expect(player.locator('[data-lane="1"]')).to_have_class(re.compile("is-live"))
    _wait_until(page, _IS_AUDIBLE)
    player.get_by_role("button", name="Pause").click()


def _assert_video_plays(page: Page) -> None:
    video = page.locator("video[data-video]")
    video.evaluate("video => { video.muted = true; return video.play(); }")
    _wait_until(page, "document.querySelector('video[data-video]').currentTime > 0.2")
    video.evaluate("video => video.pause()")
    assert page.evaluate("document.querySelector('video[data-video]').videoWidth") == 1920
    chapter = page.locator("[data-chapter]").last
    chapter.click()
    start_s = float(chapter.get_attribute("data-chapter") or 0)
    assert start_s > 0
    _wait_until(page, f"document.querySelector('video[data-video]').currentTime > {start_s}")
    video.evaluate("video => video.pause()")


def _assert_the_residual_is_heard(page: Page) -> None:
    form = page.locator("[data-null-test]")
    form.get_by_role("button", name="Run the null test").click()
    expect(form.get_by_role("status")).to_contain_text("residual −")
    heard_s = form.locator("audio").evaluate(
        """audio => new Promise((done) => {
          audio.onloadedmetadata = () => done(audio.duration);
          audio.load();
        })"""
    )
    assert heard_s > DI_EXCERPT_S - 0.1
    form.get_by_label("minus B").select_option(index=0)
    form.get_by_role("button", name="Run the null test").click()
    expect(form.get_by_role("status")).to_contain_text("no residual, the two are identical.")


_PLAYER = "document.querySelector('[data-player]').player.engine"
_IS_AUDIBLE = """() => {
  const { analyser } = document.querySelector("[data-player]").player.engine;
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  return Math.max(...samples.map(Math.abs)) > 0.01;
}"""
