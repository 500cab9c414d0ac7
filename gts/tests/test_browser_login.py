"""Logging in with Tone 3000 in a real browser, between two real servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from accounts.tests.browser import WATCH_POLICY
from accounts.tests.needs import needs_chromium
from accounts.tests.owner import owner_token
from gts.tests.processes import environment, free_port, manage, process, wait_until
from tools.tone3000_server import FakeServer, running_fake_tone3000

pytestmark = [pytest.mark.processes, needs_chromium]

# What the library would find out at its next call, an hour later.
FIND_OUT = """
from django.utils import timezone
from gts.web.errors import ReconnectNeededError
from accounts.models import Tone3000Tokens, User
from accounts.tone3000.tokens import access_token
Tone3000Tokens.objects.update(expires_at=timezone.now())
try:
    access_token(User.objects.get())
except ReconnectNeededError as error:
    print(error.code)
"""


@pytest.fixture(scope="module")
def outside() -> Iterator[FakeServer]:
    with running_fake_tone3000() as fake:
        yield fake


class Site:
    def __init__(self, folder: Path, fake: FakeServer) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.data_dir = folder / "var"
        self.env = environment(
            self.data_dir,
            DJANGO_SETTINGS_MODULE="gts.settings",
            GTS_TONE3000_KEY=fake.client_id,
            GTS_TONE3000_API=f"{fake.base}/api/v1",
            GTS_TONE3000_AUTHORIZE_URL=f"{fake.base}/api/v1/oauth/authorize",
        )

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, outside: FakeServer) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), outside)
    command = ("django", "up", "--port", str(site.port), "--no-demo")
    with process(site.env, site.log, *command):
        wait_until(site.is_ready, "the server is ready")
        yield site


@pytest.fixture
def page(browser: Browser, site: Site, outside: FakeServer) -> Iterator[Page]:
    """Someone new to both sites, whose browser complains of nothing."""
    outside.reset()
    complaints: list[str] = []
    context = browser.new_context(base_url=site.address)
    context.add_init_script(WATCH_POLICY)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if _is_ours(said, site) else None)
    yield page
    context.close()
    assert complaints == []
    outside.assert_clean()


def _is_ours(said: ConsoleMessage, site: Site) -> bool:
    """An error on a page of GTS; the fake server has no favicon, and may say so."""
    return said.type == "error" and said.location["url"].startswith(site.address)


def go_to_tone3000(page: Page) -> None:
    page.goto("/login/?next=/account/")
    page.get_by_role("button", name="Log in with Tone 3000").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_logging_in_out_and_in_again(page: Page, site: Site) -> None:
    go_to_tone3000(page)
    page.get_by_role("button", name="Continue as alice").click()
    expect(page).to_have_url(f"{site.address}/account/")
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    expect(page.get_by_text("connected", exact=True)).to_be_visible()
    page.get_by_role("button", name="Log out alice").click()
    # Their session at Tone 3000 lives on, so the second time no one asks anything.
    page.goto("/login/?next=/account/")
    page.get_by_role("button", name="Log in with Tone 3000").click()
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("500")).to_have_count(0)


@pytest.mark.parametrize("button", ["Deny", "Close (not signed in)"])
def test_stopping_there_is_a_friendly_page_here(page: Page, site: Site, button: str) -> None:
    go_to_tone3000(page)
    page.get_by_role("button", name=button).click()
    expect(page).to_have_url(re.compile(rf"{site.address}/login/\?next="))
    expect(page.locator("#messages")).to_contain_text("because you stopped there")
    page.get_by_role("button", name="Log in with Tone 3000").click()
    page.get_by_role("button", name="Continue as alice").click()
    expect(page).to_have_url(f"{site.address}/account/")


def test_closing_it_when_signed_in_is_a_login(page: Page, site: Site) -> None:
    go_to_tone3000(page)
    page.get_by_role("button", name="Close (signed in as bob)").click()
    expect(page).to_have_url(f"{site.address}/account/")


def test_the_person_at_this_machine_connects_and_disconnects(page: Page, site: Site) -> None:
    page.goto("/login/?next=/account/")
    page.get_by_label("Token of this machine").fill(owner_token(site.data_dir))
    page.get_by_role("button", name="Use this machine").click()
    page.get_by_role("button", name="Connect Tone 3000").click()
    page.get_by_role("button", name="Continue as carol").click()
    expect(page.get_by_role("heading", name="This machine")).to_be_visible()
    expect(page.get_by_text("carol")).to_be_visible()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator("#messages")).to_contain_text("tokens are deleted")
    expect(page.get_by_role("button", name="Connect Tone 3000")).to_be_visible()


def test_a_dead_session_is_reconnected_with_one_click(
    page: Page, site: Site, outside: FakeServer
) -> None:
    manage(
        site.env,
        "shell",
        "-v",
        "0",
        "-c",
        "from accounts.models import User as U; U.objects.all().delete()",
    )  # of the tests before
    go_to_tone3000(page)
    page.get_by_role("button", name="Continue as alice").click()
    outside.revoke("alice")
    assert manage(site.env, "shell", "-v", "0", "-c", FIND_OUT) == "TONE3000_RECONNECT"
    page.reload()
    expect(page.get_by_role("heading", name="alice")).to_be_visible()  # still logged in
    expect(page.get_by_text("reconnect needed")).to_be_visible()
    page.get_by_role("button", name="Reconnect Tone 3000").click()
    expect(page.get_by_text("connected", exact=True)).to_be_visible()
    expect(page).to_have_url(f"{site.address}/account/")


def test_no_log_of_the_server_has_a_token_or_a_traceback(page: Page, site: Site) -> None:
    go_to_tone3000(page)
    page.get_by_role("button", name="Continue as alice").click()
    expect(page).to_have_url(f"{site.address}/account/")
    log = site.log.read_text()
    assert "Traceback" not in log
    assert not re.search(r"[A-Za-z0-9_-]{60}", log)
