"""The account in a real browser: two-factor login by keyboard alone, sessions, too many windows."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.tests.browser import WATCH_POLICY
from accounts.tests.needs import needs_chromium
from gts.tests.processes import environment, free_port, manage, process, wait_until

pytestmark = [pytest.mark.processes, needs_chromium]

PASSWORD = "a long password 1"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("account"), free_port()
    env = environment(
        folder / "var", DJANGO_SETTINGS_MODULE="gts.settings", GTS_MAX_SOCKETS_PER_USER="2"
    )
    address = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        try:
            return httpx.get(f"{address}/health/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    with process(env, folder / "server.log", "django", "up", "--port", str(port), "--no-demo"):
        wait_until(is_ready, "the server is ready")
        names = "anna", "berta", "clara"
        made = "".join(f"user_create(username={name!r}, password={PASSWORD!r});" for name in names)
        manage(env, "shell", "-v", "0", "-c", f"from accounts.services import user_create; {made}")
        yield address


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser that complains of nothing."""
    complaints: list[str] = []
    context = browser.new_context(base_url=address)
    context.add_init_script(WATCH_POLICY)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda said: complaints.append(said.text) if "CSP" in said.text else None)
    yield context
    context.close()
    assert complaints == []


def log_in(page: Page, name: str) -> None:
    page.goto("/login/?next=/account/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")


def press_tab_to(page: Page, name: str, role: str = "button") -> None:
    wanted = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not lead to “{name}”")


def test_two_factor_login_by_keyboard_alone(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    log_in(page, "anna")
    press_tab_to(page, "Set up two-factor login", "link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="QR code for an authenticator app")).to_be_visible()
    secret = page.locator(".secret-key").inner_text().replace(" ", "")
    press_tab_to(page, "Code", "textbox")
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This code is wrong")).to_be_visible()
    totp, began_at_s = pyotp.TOTP(secret), time.time()
    press_tab_to(page, "Code", "textbox")
    page.keyboard.press("Control+A")
    page.keyboard.type(totp.at(began_at_s))
    page.keyboard.press("Enter")
    codes = page.get_by_role("list", name="Backup codes").get_by_role("listitem")
    expect(codes).to_have_count(10)
    backup_code = codes.first.inner_text()
    press_tab_to(page, "I have kept them", "link")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}/account/")
    press_tab_to(page, "Log out anna")
    page.keyboard.press("Enter")
    for code in (totp.at(began_at_s, counter_offset=1), backup_code):
        context.clear_cookies()
        log_in(page, "anna")
        expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
        press_tab_to(page, "Code", "textbox")
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{address}/account/")


def test_another_browser_is_logged_out(
    context: BrowserContext, browser: Browser, address: str
) -> None:
    page = context.new_page()
    other = browser.new_context(base_url=address)
    try:
        elsewhere = other.new_page()
        for one in (elsewhere, page):
            log_in(one, "berta")
            expect(one.get_by_role("heading", name="berta")).to_be_visible()
        expect(page.get_by_text("(this browser)")).to_have_count(1)
        page.get_by_role("button", name=re.compile("^End Chrome on Linux from 127")).click()
        expect(page.get_by_text("That session has ended.")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^End "))).to_have_count(0)
        elsewhere.goto("/account/")
        expect(elsewhere.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    finally:
        other.close()


def test_one_window_too_many_says_so(context: BrowserContext) -> None:
    first = context.new_page()
    log_in(first, "clara")
    expect(first.get_by_role("heading", name="clara")).to_be_visible()
    pages = [first, context.new_page(), context.new_page()]
    for page in pages[1:]:
        with page.expect_websocket() as socket:
            page.goto("/account/")
        if page is pages[1]:
            socket.value.wait_for_event("framereceived")
    expect(pages[2].locator("#connection")).to_contain_text("You have many pages of GTS open")
    expect(pages[1].locator("#connection")).not_to_contain_text("many pages")
