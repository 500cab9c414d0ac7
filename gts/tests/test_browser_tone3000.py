"""A newcomer's way with Tone 3000, in a real browser: `GTS_FAKE_TONE3000=1 make run`.

One server with the fake server beside it, as that command starts them; nothing is set up by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import soundfile
from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from accounts.tests.browser import WATCH_POLICY
from accounts.tests.needs import needs_chromium
from gts.tests.processes import environment, free_port, process, wait_until
from tools.tone3000_server import FakeServer
from tools.tone3000_server.seed import CRUNCH, DELETED, NO_FILE

DEMO_DI = Path(settings.GTS_DEMO_DIR, "di", "undertow-132bpm.flac")
DI_EXCERPT_S = 3.0
FETCH_TIMEOUT_MS = 60_000
RENDER_TIMEOUT_MS = 180_000

pytestmark = [pytest.mark.processes, needs_chromium]

# The browser itself logs every answer of these kinds; pages say what they mean.
_EXPECTED_STATUSES = re.compile(r"status of (404|409|503) ")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, FakeServer]]:
    folder = tmp_path_factory.mktemp("server")
    port, fake_port = free_port(), free_port()
    env = environment(folder / "var", GTS_FAKE_TONE3000="1", GTS_FAKE_TONE3000_PORT=str(fake_port))
    address, log = f"http://127.0.0.1:{port}", folder / "log"

    def is_ready() -> bool:
        try:
            return httpx.get(f"{address}/health/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    with process(env, log, "manage", "up", "--no-demo", "--port", str(port)):
        wait_until(is_ready, "the server is ready")
        with FakeServer(f"http://localhost:{fake_port}") as fake:
            yield address, fake
        said = log.read_text()
    assert "Traceback" not in said
    assert not re.search(r"[A-Za-z0-9_-]{60}", said)  # no token


@pytest.fixture
def fake(servers: tuple[str, FakeServer]) -> Iterator[FakeServer]:
    _, fake = servers
    fake.forget()
    yield fake
    fake.assert_clean()


@pytest.fixture
def page(browser: Browser, servers: tuple[str, FakeServer], fake: FakeServer) -> Iterator[Page]:
    """Logged in with Tone 3000 as alice, on the page of her favorites there."""
    address, _ = servers
    complaints: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        is_ours = said.location["url"].startswith(address)
        if said.type == "error" and is_ours and not _EXPECTED_STATUSES.search(said.text):
            complaints.append(said.text)

    context = browser.new_context(base_url=address)
    context.add_init_script(WATCH_POLICY)
    context.on("console", hear)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/gear/tone3000/")
    page.get_by_role("button", name="Log in with Tone 3000").click()
    page.get_by_role("button", name="Continue as alice").click()
    expect(page).to_have_url(f"{address}/gear/tone3000/")
    yield page
    context.close()
    assert complaints == []


def test_from_favorites_to_a_rendered_shootout(
    page: Page, fake: FakeServer, tmp_path: Path
) -> None:
    expect(page.get_by_text("113 tones, page 1 of 5")).to_be_visible()
    expect(page.locator(".tone")).to_have_count(24)
    for number in range(2, 6):
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_text(f"page {number} of 5")).to_be_visible()
    expect(page.locator(".tone")).to_have_count(17)
    expect(page.get_by_role("link", name="Next")).to_have_count(0)
    page.get_by_role("link", name="Trending").click()
    expect(page.locator(".tone")).to_have_count(10)
    page.get_by_role("link", name="Favorites").click()

    _add_from(page, "Halyard 22 Clean", "clean", architecture="A2")
    page.go_back()
    _add_from(page, "Demo Cabinets", "quay 2x12")
    page.goto("/gear/")
    row = page.locator(".row", has_text="Halyard 22 Clean, clean")
    expect(row).to_contain_text("by Bob’s Amp Repair")
    expect(row).to_contain_text("CC0")
    expect(row).to_contain_text("Verified")

    page.get_by_role("link", name="New shootout").click()
    files = page.locator('[data-files] input[type="file"]').first
    files.set_input_files(_excerpt(tmp_path))
    expect(page.get_by_role("checkbox", name="undertow")).to_be_checked(timeout=30_000)
    _choose(page, "Add amps", "Halyard 22 Clean, clean")
    _choose(page, "Add cabs", "Demo Cabinets, quay 2x12")
    page.get_by_role("button", name="Add a pedal").click()
    page.get_by_role("checkbox", name="Gain").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("spinbutton", name="Gain in dB").fill("12")
    page.get_by_role("button", name="Also without it").click()
    expect(page.locator(".contender")).to_have_count(2)
    page.get_by_label("Title").fill("From Tone 3000")
    page.get_by_text("Description, levels, order, video").click()
    page.get_by_label("Make a video with chapters").uncheck()
    page.get_by_role("button", name="Render", exact=True).click()
    expect(page.locator("[data-player]")).to_be_visible(timeout=RENDER_TIMEOUT_MS)
    chain = page.locator(".contender-chain").first
    expect(chain).to_contain_text("Halyard 22 Clean, clean")
    expect(chain).to_contain_text("by Bob’s Amp Repair, CC0")
    link = chain.get_by_role("link", name="at Tone 3000").first
    expect(link).to_have_attribute("href", re.compile(re.escape(fake.base) + "/halyard-22-clean-"))
    downloads = [entry for entry in fake.requests() if "/download/" in entry["path"]]
    assert len(downloads) == 2


def test_picking_in_a_window_of_its_own(page: Page, fake: FakeServer) -> None:
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open the catalog").click()
    window = opened.value
    expect(page.get_by_text("the catalog is open in another window")).to_be_visible()
    window.get_by_role("button", name="Crunch Head").click()
    expect(page).to_have_url(re.compile(f"/gear/tone3000/tones/{CRUNCH}/$"))
    expect(page.get_by_role("heading", name="Crunch Head")).to_be_visible()
    expect(page.get_by_role("button", name="Add to my gear")).to_have_count(6)
    wait_until(window.is_closed, "the window has closed itself")
    [asked] = [
        entry
        for entry in fake.requests("/api/v1/oauth/authorize")
        if entry["query"].get("prompt") == "select_tone" and entry["method"] == "GET"
    ]
    assert asked["query"]["redirect_uri"].endswith("/gear/tone3000/picked/")


def test_a_blocked_window_is_no_dead_end(page: Page) -> None:
    page.evaluate("window.open = () => null")
    page.get_by_role("button", name="Open the catalog").click()
    page.get_by_role("button", name="Crunch Head").click()
    expect(page).to_have_url(re.compile(f"/gear/tone3000/tones/{CRUNCH}/$"))


def test_a_tone_that_is_gone_is_replaced(page: Page) -> None:
    page.goto(f"/gear/tone3000/tones/{DELETED}/")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Look for it at Tone 3000").click()
    expect(opened.value.get_by_role("heading")).to_contain_text("not available")
    opened.value.get_by_role("button", name="Half Uploaded").click()
    expect(page).to_have_url(re.compile(f"/gear/tone3000/tones/{NO_FILE}/$"))


def test_another_account_in_the_window_is_not_taken_over(page: Page, fake: FakeServer) -> None:
    fake.next_authorize("approve", user="bob", tone_id=CRUNCH)
    with page.expect_popup():
        page.get_by_role("button", name="Open the catalog").click()
    expect(page.locator("#pick-state")).to_contain_text("logged in as Bob’s Amp Repair")
    page.reload()
    expect(page.get_by_text("113 tones")).to_be_visible()


def test_closing_the_catalog_is_said(page: Page) -> None:
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open the catalog").click()
    opened.value.get_by_role("button", name="Close (signed in)").click()
    expect(page.locator("#pick-state")).to_contain_text("without picking a tone")


def test_a_pause_ends_by_itself(page: Page, fake: FakeServer) -> None:
    headers = {"Retry-After": "2"}
    fake.fail("/api/v1/tones/downloaded", status=429, body="slow down", headers=headers)
    page.get_by_role("link", name="Downloaded").click()
    expect(page.get_by_text("This page asks again in 2 s")).to_be_visible()
    expect(page.locator(".tone").first).to_be_visible(timeout=15_000)


def test_a_dead_connection_is_repaired_with_one_click(page: Page, fake: FakeServer) -> None:
    fake.revoke("alice")
    page.reload()
    expect(page.get_by_role("heading", name="Connect Tone 3000 again.")).to_be_visible()
    page.get_by_role("button", name="Reconnect Tone 3000").click()
    expect(page.get_by_text("113 tones")).to_be_visible()


def test_a_failed_fetch_says_why_and_can_be_tried_again(page: Page, fake: FakeServer) -> None:
    model = f"{CRUNCH}03"
    fake.fail(f"/api/v1/models/{model}", status=404, body="{}")
    page.goto(f"/gear/tone3000/tones/{CRUNCH}/")
    row = page.locator(".row", has_text="Gain 7").first
    row.get_by_role("button", name="Add to my gear").click()
    expect(row.get_by_role("alert")).to_contain_text("not available", timeout=FETCH_TIMEOUT_MS)
    row.get_by_role("button", name="Try again").click()
    expect(row).to_contain_text("in your gear", timeout=FETCH_TIMEOUT_MS)


def test_what_is_added_in_one_tab_can_be_chosen_in_another(page: Page) -> None:
    page.goto("/shootouts/new/")
    library = page.context.new_page()
    library.goto("/gear/tone3000/")
    _add_from(library, "Copper Lantern 10", "Gain 5")
    _choose(page, "Add amps", "Copper Lantern 10")
    expect(page.get_by_role("button", name="Play Copper Lantern 10").first).to_be_visible()


def test_all_models_of_a_tone_are_added_and_one_is_chosen_in_the_picker(page: Page) -> None:
    page.goto("/chains/new/")
    page.get_by_role("button", name="Browse: amp").click()
    picker = page.get_by_role("dialog", name="Choose amps")
    picker.get_by_role("tab", name="Tone 3000").click()
    expect(picker.get_by_role("button", name="Halyard 22 Clean")).to_be_visible()
    picker.get_by_label("Link to a tone").fill("no link")
    picker.get_by_role("button", name="Open").click()
    expect(picker.get_by_text("This is no link to a tone")).to_be_visible()
    picker.get_by_label("Link to a tone").fill(f"https://www.tone3000.com/crunch-head-{CRUNCH}?x=1")
    picker.get_by_role("button", name="Open").click()
    expect(picker.get_by_role("heading", name="Crunch Head")).to_be_focused()
    picker.get_by_role("button", name="Add all 6 models of this tone").click()
    said = picker.get_by_role("status").filter(has_text="added")
    expect(said).to_have_text("6 of 6 added.", timeout=FETCH_TIMEOUT_MS)
    # A block takes one of them; the others are in the gear.
    picker.get_by_role("button", name="Use capture").click()
    expect(page.get_by_label("Amp capture")).not_to_have_value("")
    expect(page.get_by_role("button", name="Browse: amp")).to_be_focused()
    page.get_by_role("button", name="Browse: amp").click()
    expect(page.locator(".pick", has_text="Crunch Head")).to_have_count(6)


def _add_from(page: Page, title: str, model: str, *, architecture: str = "") -> None:
    page.get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    if architecture:
        expect(page.locator(".models__group")).to_contain_text(architecture)
    row = page.locator(".row", has_text=model).first
    row.get_by_role("button", name="Add to my gear").click()
    expect(row).to_contain_text("in your gear", timeout=FETCH_TIMEOUT_MS)


def _excerpt(folder: Path) -> Path:
    with soundfile.SoundFile(DEMO_DI) as file:
        samples = file.read(int(DI_EXCERPT_S * file.samplerate), dtype="float32")
        excerpt = folder / "undertow.wav"
        soundfile.write(excerpt, samples, file.samplerate, subtype="FLOAT")
    return excerpt


def _choose(page: Page, button: str, name: str) -> None:
    """In the panel that the button opens."""
    page.get_by_role("button", name=button).click()
    panel = page.locator("dialog[data-picker]")
    panel.get_by_role("row", name=re.compile(re.escape(name))).first.click()
    panel.get_by_role("button", name="Use capture").click()
