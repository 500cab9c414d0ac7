"""From files to a comparison that is heard: counted clicks, on a real server with its worker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import soundfile
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from accounts.tests.browser import WATCH_POLICY
from accounts.tests.needs import needs_chromium
from shootouts.pages.tests.embedded_server import EmbeddedServer

pytestmark = [pytest.mark.processes, needs_chromium]

DEMO: Final = Path(settings.BASE_DIR, "shootouts", "demo")
UPLOAD_TIMEOUT_MS: Final = 90_000
RENDER_TIMEOUT_MS: Final = 180_000
DI_EXCERPT_S: Final = 2.0
# Chosen files are one of them.
MOST_CLICKS: Final = 12

# Every click that someone makes, and those that the page makes itself do not count.
COUNT_CLICKS = """
window.numClicks = Number(sessionStorage.getItem("num-clicks") ?? 0);
addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.setItem("num-clicks", String(++window.numClicks));
}, true);
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path_factory.mktemp("server")) as embedded:
        yield embedded


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.add_init_script(WATCH_POLICY)
    context.add_init_script(COUNT_CLICKS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    yield page
    assert complaints == []


def test_three_amps_and_three_cabs_as_files_are_heard_after_few_clicks(
    server: EmbeddedServer, page: Page, tmp_path: Path
) -> None:
    page.goto(server.owner_url("/shootouts/new/"))
    expect(page.get_by_role("heading", name="How to begin")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(_material(tmp_path))
    expect(page.locator(".cell.is-on")).to_have_count(9, timeout=UPLOAD_TIMEOUT_MS)
    expect(page.get_by_role("checkbox", name="undertow")).to_be_checked(timeout=UPLOAD_TIMEOUT_MS)
    expect(page.get_by_role("heading", name="How to begin")).to_be_hidden()
    expect(page.get_by_placeholder("3 amps × 3 cabs over undertow")).to_be_visible()

    # One is heard before anything is rendered.
    play = page.locator(".cell .play").first
    play.click()
    expect(page.get_by_text("Level-matched, in a loop")).to_be_visible(timeout=30_000)
    expect(play).to_have_attribute("aria-pressed", "true")

    page.get_by_text("Description, levels, order, video").click()
    page.get_by_label("Make a video with chapters").uncheck()
    page.get_by_role("button", name="Render", exact=True).click()
    expect(page).to_have_url(re.compile(r"/shootouts/[0-9a-f-]{36}/$"))
    player = page.locator("[data-player]")
    expect(player).to_be_visible(timeout=RENDER_TIMEOUT_MS)
    player.get_by_role("button", name="Play", exact=True).click()
    expect(player.locator("[data-lane]")).to_have_count(9)
    assert page.evaluate("window.numClicks") <= MOST_CLICKS


def _material(folder: Path) -> list[Path]:
    with soundfile.SoundFile(DEMO / "di" / "undertow-132bpm.flac") as file:
        samples = file.read(int(DI_EXCERPT_S * file.samplerate), dtype="float32")
        riff = folder / "undertow.wav"
        soundfile.write(riff, samples, file.samplerate, subtype="FLOAT")
    amps = sorted(Path(DEMO, "captures").glob("*.nam"))
    cabs = sorted(Path(DEMO, "irs").glob("*.wav"))
    return [riff, *amps[:3], *cabs[:3]]
