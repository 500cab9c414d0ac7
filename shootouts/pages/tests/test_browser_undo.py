"""Deleting in a real browser: the row goes at once, and for ten seconds it can be undone."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import User
from gear.models import SignalChain
from gear.tests.factories import make_chain
from shootouts.models import Shootout
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of
from shootouts.pages.tests.pages import make_draft
from shootouts.pages.tests.test_browser_gear import tab_to

pytestmark = BROWSER_MARKS


def open_chains(browser: Browser, owner: User, address: str, *names: str) -> Page:
    """With a clock that stands still unless the test moves it."""
    for name in reversed(names):
        make_chain(owner, name)
    complaints: list[str] = []
    page = page_of(browser, owner, address, complaints)
    page.clock.install()
    page.goto(address + reverse("chain-list"))
    return page


def toast_of(page: Page) -> Locator:
    return page.get_by_role("group", name="Deletion")


def names() -> set[str]:
    return set(SignalChain.objects.values_list("name", flat=True))


def test_it_is_undone_with_the_keyboard_alone(
    live_server: Any, alice: User, browser: Browser
) -> None:
    page = open_chains(browser, alice, live_server.url, "First", "Second")
    tab_to(page, "Delete First")
    page.keyboard.press("Enter")
    toast = toast_of(page)
    expect(toast).to_contain_text("“First” is deleted. No shootout of yours uses it.")
    expect(page.get_by_role("link", name="First", exact=True)).to_be_hidden()
    # The focus goes on in the list, and from there to the toast.
    expect(page.get_by_role("button", name="Delete Second")).to_be_focused()
    page.clock.run_for(9_000)
    tab_to(page, "Undo: keep First")
    page.clock.run_for(60_000)  # it waits for who is there
    page.keyboard.press("Enter")
    expect(toast).to_have_count(0)
    expect(page.get_by_role("link", name="First", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Delete First")).to_be_focused()
    page.clock.run_for(60_000)
    page.reload()
    expect(page.get_by_role("link", name="First", exact=True)).to_be_visible()
    assert names() == {"First", "Second"}


def test_after_ten_seconds_it_is_deleted(live_server: Any, alice: User, browser: Browser) -> None:
    page = open_chains(browser, alice, live_server.url, "First", "Second")
    page.get_by_role("button", name="Delete First").click()
    page.mouse.move(5, 5)
    toast = toast_of(page)
    expect(toast).to_be_visible()
    toast.hover()
    page.clock.run_for(30_000)
    expect(toast).to_be_visible()
    assert names() == {"First", "Second"}
    page.mouse.move(5, 5)
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as sent:
        page.clock.run_for(10_500)
    assert sent.value.status == 204
    expect(toast).to_have_count(0)
    assert names() == {"Second"}


def test_who_leaves_the_page_has_meant_it(live_server: Any, alice: User, browser: Browser) -> None:
    page = open_chains(browser, alice, live_server.url, "First", "Second")
    page.get_by_role("button", name="Delete First").click()
    page.get_by_role("button", name="Delete Second").click()
    expect(toast_of(page)).to_have_count(2)
    page.reload()
    # Whether the list was made before or after: it does not show what is gone.
    expect(page.get_by_role("link", name="First", exact=True)).to_be_hidden()
    page.goto(live_server.url + reverse("account"))
    expect(page.get_by_role("heading", name=str(alice))).to_be_visible()
    assert names() == set()


def test_what_is_refused_comes_back_with_the_reason(
    live_server: Any, alice: User, browser: Browser
) -> None:
    shootout = make_draft(alice, title="Amps", state="rendering")
    page = page_of(browser, alice, live_server.url, [])
    page.goto(live_server.url + reverse("shootout-detail", args=[shootout.uuid]))
    page.clock.install()
    page.get_by_role("button", name="Delete this shootout").click()
    page.wait_for_url("**/shootouts/mine/")
    toast = toast_of(page)
    expect(toast).to_contain_text("Its DI tracks and chains stay.")
    expect(page.get_by_role("link", name="Amps")).to_be_hidden()
    page.mouse.move(5, 5)
    page.clock.run_for(10_500)
    expect(toast).to_contain_text("“Amps” is not deleted. This shootout is rendering.")
    expect(page.get_by_role("link", name="Amps")).to_be_visible()
    page.get_by_role("button", name="Close: Amps is not deleted").click()
    expect(toast).to_have_count(0)
    assert Shootout.objects.exists()


def test_without_scripts_it_is_deleted_at_once(
    live_server: Any, alice: User, browser: Browser
) -> None:
    make_chain(alice, "First")
    page = page_of(browser, alice, live_server.url, [])
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]  # what it gave itself
    page = context.new_page()
    page.goto(live_server.url + reverse("chain-list"))
    page.get_by_role("button", name="Delete First").click()
    expect(page.locator(".notice--success")).to_contain_text("First is deleted.")
    assert names() == set()
