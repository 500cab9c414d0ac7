"""The page of a render says what is true at each moment: in a real browser, on a real server."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx
import numpy as np
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Route,
    StorageState,
    ViewportSize,
    expect,
)

from accounts.tests.needs import needs_chromium
from gts.tests.faults.people import SLOW_AMP, Person
from shootouts.pages.tests.embedded_server import EmbeddedServer
from shootouts.tests.factories import plucked, wav_bytes

pytestmark = [pytest.mark.processes, needs_chromium]

DESKTOP: Final[ViewportSize] = {"width": 1440, "height": 900}
PHONE: Final[ViewportSize] = {"width": 360, "height": 780}
PATIENCE_MS: Final = 120_000
RIFF_S, SONG_S = 8.0, 240.0

# Every headline and every percent that was ever on the page, in order.
RECORD = """
window.recorded = { headlines: [], percents: [] };
const note = (list, text) => { if (text && list.at(-1) !== text) list.push(text); };
const look = () => {
  note(recorded.headlines, document.querySelector("[data-headline]")?.textContent);
  note(recorded.percents, document.querySelector("[data-percent]")?.textContent);
};
new MutationObserver(look).observe(document, {
  subtree: true, childList: true, characterData: true });
"""
NO_SOCKET = "delete window.WebSocket;"
NO_ANSWER = -1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path_factory.mktemp("server"), GTS_MAX_RUNNING_RENDERS="1") as embedded:
        yield embedded


@pytest.fixture(scope="module")
def session(server: EmbeddedServer, browser: Browser) -> StorageState:
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.owner_url("/shootouts/mine/"))
    expect(page).to_have_url(f"{server.address}/shootouts/mine/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def person(server: EmbeddedServer, session: StorageState) -> Person:
    """Who sits at the browser, over the API."""
    cookies = {cookie["name"]: cookie["value"] for cookie in session["cookies"]}
    person = Person(server.address, "")
    person.http = httpx.Client(
        base_url=f"{server.address}/api/v1",
        cookies=cookies,
        headers={"X-CSRFToken": cookies["csrftoken"], "Origin": server.address},
        timeout=30,
    )
    return person


@pytest.fixture(scope="module")
def gear(person: Person) -> tuple[str, str]:
    return person.upload_amp(SLOW_AMP.read_bytes()), person.upload_cab()


@pytest.fixture(scope="module")
def riff(person: Person) -> str:
    return person.upload_di(RIFF_S)


@pytest.fixture(scope="module")
def song(person: Person) -> str:
    return person.upload_di(SONG_S)


def new_shootout(person: Person, gear: tuple[str, str], di: str, *, has_video: bool = False) -> str:
    """Nothing of it was ever rendered."""
    return person.shootout(di, [person.chain(*gear) for _ in range(2)], has_video=has_video)


OpenPage: TypeAlias = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, session: StorageState) -> Iterator[OpenPage]:
    """Pages of who is logged in. None of them may have had an error."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(address: str, size: ViewportSize = DESKTOP, script: str = "") -> Page:
        context = browser.new_context(storage_state=session, viewport=size)
        contexts.append(context)
        context.add_init_script(RECORD + script)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def page_of(server: EmbeddedServer, shootout: str) -> str:
    return f"{server.address}/shootouts/{shootout}/"


def headline(page: Page) -> Locator:
    return page.locator("[data-headline]")


@pytest.mark.parametrize(
    ("size", "script"), [(DESKTOP, ""), (PHONE, NO_SOCKET)], ids=["socket", "polling"]
)
def test_the_headline_follows_the_job_and_the_player_comes_into_sight(
    server: EmbeddedServer,
    person: Person,
    gear: tuple[str, str],
    riff: str,
    song: str,
    open_page: OpenPage,
    size: ViewportSize,
    script: str,
) -> None:
    # One render at a time: this one waits until the other is out of the way.
    blocker = person.render(new_shootout(person, gear, song))
    shootout = new_shootout(person, gear, riff, has_video=True)
    person.render(shootout)
    page = open_page(page_of(server, shootout), size, script)
    expect(headline(page)).to_have_text("In queue")
    page.wait_for_timeout(500)
    expect(headline(page)).to_have_text("In queue")
    person.call("POST", f"/jobs/{blocker}/cancel/")

    play = page.locator("[data-player]").get_by_role("button", name="Play", exact=True)
    expect(play).to_be_visible(timeout=PATIENCE_MS)
    expect(headline(page)).to_have_text("The audio is ready. Making the video")
    assert page.evaluate("scrollY") == 0
    for part in (play, page.locator("[data-lane]").first):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= size["height"] + 24
    jobs = page.locator("[data-jobs]").bounding_box()
    player = page.locator("[data-player]").bounding_box()
    assert jobs is not None
    assert player is not None
    assert player["y"] < jobs["y"]
    expect(page.get_by_role("progressbar", name="Video").first).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the video")).to_be_visible()

    expect(headline(page)).to_have_text("Done", timeout=PATIENCE_MS)
    expect(page.locator("video[data-video]")).to_be_attached()
    expect(page.locator("[data-jobs]")).to_have_count(0)
    headlines = page.evaluate("recorded.headlines")
    known = [
        "In queue",
        "Rendering: amp passes",
        "Rendering: level matching",
        "The audio is ready. Making the video",
        "Done",
    ]
    # On a slow machine the page may see less, but nothing else and in no other order.
    assert headlines == [text for text in known if text in headlines]
    assert headlines[0] == "In queue"
    # Who asks every two seconds may miss what takes less.
    assert script == NO_SOCKET or "Rendering: amp passes" in headlines
    expect(page.locator("#progress-announcement")).to_have_text("Done")


def test_cancel_answers_at_once_and_leaves_the_bar(
    server: EmbeddedServer, person: Person, gear: tuple[str, str], song: str, open_page: OpenPage
) -> None:
    shootout = new_shootout(person, gear, song)
    person.render(shootout)
    page = open_page(page_of(server, shootout))
    expect(page.locator("[data-percent]")).not_to_have_text("0", timeout=PATIENCE_MS)
    button = page.locator("[data-cancel-button]")
    expect(button).to_have_text("Cancel")
    percent = int(page.locator("[data-percent]").inner_text())
    button.evaluate("button => { button.click(); button.click(); }")
    expect(button).to_have_text("Canceling…", timeout=500)
    expect(page.get_by_text("The last render was canceled.")).to_be_visible(timeout=5000)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert person.state(shootout) == "cancelled"
    last = [int(text) for text in page.evaluate("recorded.percents")][-1]
    assert percent <= last <= percent + 20


def test_a_server_that_is_away_is_waited_for(
    server: EmbeddedServer, person: Person, gear: tuple[str, str], song: str, open_page: OpenPage
) -> None:
    shootout = new_shootout(person, gear, song)
    job = person.render(shootout)
    page = open_page(page_of(server, shootout), PHONE)
    expect(headline(page)).to_have_text("Rendering: amp passes", timeout=PATIENCE_MS)
    server.stop()
    lost = page.locator("#connection")
    expect(lost).to_contain_text("Server not reachable.", timeout=15_000)
    expect(lost).to_contain_text(re.compile(r"Next try in \d+ s"))
    expect(lost.get_by_role("button", name="Try now")).to_be_visible()
    server.start()
    expect(lost).to_be_empty(timeout=30_000)
    expect(headline(page)).to_have_text(re.compile("Rendering|In queue"))
    person.call("POST", f"/jobs/{job}/cancel/")
    # The page still hears of it.
    expect(page.get_by_text("The last render was canceled.")).to_be_visible(timeout=10_000)


def test_who_logs_out_or_deletes_it_elsewhere_is_told(
    server: EmbeddedServer, person: Person, gear: tuple[str, str], song: str, open_page: OpenPage
) -> None:
    shootout = new_shootout(person, gear, song)
    job = person.render(shootout)
    out = open_page(page_of(server, shootout), DESKTOP, NO_SOCKET)
    gone = open_page(page_of(server, shootout), DESKTOP, NO_SOCKET)
    expect(headline(out)).to_be_visible()
    expect(headline(gone)).to_be_visible()
    gone.route("**/snapshot/", lambda route: route.abort())
    out.context.clear_cookies(name="sessionid")
    expect(out.locator("#connection")).to_contain_text("You are logged out.", timeout=10_000)
    expect(out.get_by_role("link", name="Log in again")).to_be_visible()
    asked: list[str] = []
    out.on("request", lambda request: asked.append(request.url))

    expect(gone.locator("#connection")).to_contain_text("Next try in", timeout=10_000)
    person.call("POST", f"/jobs/{job}/cancel/")
    assert person.wait_for(shootout) == "cancelled"
    person.http.delete(f"/shootouts/{shootout}/").raise_for_status()
    gone.unroute("**/snapshot/")
    expect(gone.locator("#connection")).to_contain_text("no longer here", timeout=20_000)
    out.wait_for_timeout(2500)
    assert [url for url in asked if "snapshot" in url] == []


def test_a_failed_poll_never_leaves_a_row_being_checked(
    server: EmbeddedServer, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"{server.address}/tracks/")
    failures = itertools.chain([NO_ANSWER, 502, 500], itertools.repeat(0))

    def answer(route: Route) -> None:
        status = next(failures)
        if status == NO_ANSWER:
            route.abort()
        elif status:
            route.fulfill(status=status, body="")
        else:
            route.continue_()

    page.route("**/row/**", answer)
    upload(page, tmp_path, "take", plucked(duration_s=2.0))
    row = page.locator("#track-list .row").first
    lost = page.locator("#connection")
    expect(row).to_contain_text("being checked")
    for reason in ("not reachable", "not reachable", "error (500)"):
        expect(lost).to_contain_text(reason, timeout=10_000)
        expect(lost).to_contain_text(re.compile(r"Next try in \d+ s"))
        lost.get_by_role("button", name="Try now").click()
    expect(row).not_to_contain_text("being checked", timeout=10_000)
    expect(row.get_by_role("button", name="Play take")).to_be_visible()
    expect(lost).to_be_empty()
    # Its answer is there, so the form says no more about it.
    expect(page.locator("[data-uploaded]")).to_have_count(0)


def test_uploaded_and_cannot_be_used_never_stand_together(
    server: EmbeddedServer, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"{server.address}/tracks/")
    page.evaluate(
        """() => {
          window.wereTogether = false;
          new MutationObserver(() => {
            const isSaid = document.querySelector("[data-uploaded], .notice--success");
            if (isSaid && document.querySelector(".row--error")) window.wereTogether = true;
          }).observe(document, { subtree: true, childList: true });
        }"""
    )
    upload(page, tmp_path, "silence", np.zeros(96_000, dtype=np.float32))
    expect(page.locator("[data-uploaded]")).to_contain_text("silence was uploaded")
    expect(page.locator(".row--error")).to_contain_text("cannot be used", timeout=10_000)
    expect(page.locator("[data-uploaded]")).to_have_count(0)
    page.wait_for_timeout(200)
    still = page.evaluate("document.querySelector('[data-uploaded]') !== null")
    assert not still


def upload(page: Page, folder: Path, name: str, samples: Any) -> None:
    path = folder / f"{name}.wav"
    path.write_bytes(wav_bytes(samples))
    page.get_by_text("Add one DI track with its details").click()
    form = page.locator("form", has=page.get_by_role("button", name="Upload the DI track"))
    form.locator('input[type="file"]').set_input_files(path)
    form.get_by_role("button", name="Upload the DI track").click()
