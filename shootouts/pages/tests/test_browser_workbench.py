"""The workbench of someone who has more than a page shows, in a real browser."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from gear.models import SignalChain
from gear.tests.factories import make_capture
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of
from shootouts.pages.tests.pages import make_track

pytestmark = BROWSER_MARKS


def test_what_is_picked_stays_while_one_looks_for_more(
    live_server: Any, alice: User, charlie: User, browser: Browser
) -> None:
    for number in range(60):
        SignalChain.objects.create(owner=alice, name=f"Chain {number:02}")
    for number in range(30):
        make_track(alice, f"Riff {number:02}")
        make_capture(charlie, name=f"Amp {number:02}", is_shared=True)
    make_capture(charlie, kind="cab", name="Greenback", is_shared=True)
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("shootout-new"))
    _pick_chains(page)
    _find_an_amp(page)
    assert complaints == []


def _pick_chains(page: Page) -> None:
    ticks = page.locator("#chain-picker input")
    line_up = page.get_by_role("complementary").get_by_role("listitem")
    find = page.get_by_label("Find one of your chains")
    expect(ticks).to_have_count(24)
    page.get_by_label("Chain 59").check()
    find.fill("chain 07")
    expect(ticks).to_have_count(2)  # with what is picked
    page.get_by_label("Chain 07").check()
    find.fill("chain 99")
    expect(ticks).to_have_count(2)
    find.fill("")
    expect(ticks).to_have_count(26)
    expect(line_up).to_have_text(["1Chain 59", "2Chain 07"])
    # Further ones follow those that are there, also when one of those is picked in between.
    page.get_by_label("Chain 40").check()
    for num_chains in (50, 60):
        page.locator("#chain-picker").get_by_role("button", name="Show more").click()
        expect(ticks).to_have_count(num_chains)
    names = page.locator("#chain-picker .row__title").all_text_contents()
    assert sorted(names) == [f"Chain {number:02}" for number in range(60)]
    expect(line_up).to_have_count(3)
    find = page.get_by_label("Find one of your DI tracks")
    find.fill("nothing like it")
    expect(page.locator("#track-list")).to_have_text("No results for “nothing like it”.")


def _find_an_amp(page: Page) -> None:
    address = page.url
    amp = page.get_by_label("Amp capture")
    find = page.get_by_label("Find a capture: amp")
    expect(amp.locator("option")).to_have_count(25)
    expect(page.get_by_label("Find a capture: cab")).to_have_count(0)  # there is but one
    find.press_sequentially("Amp 03")
    expect(amp.locator("option")).to_have_count(2)
    expect(find).to_be_focused()
    find.press("Enter")  # finds, and does not send the chain form
    amp.select_option(label="Amp 03")
    find.fill("Amp 21")
    expect(amp.locator("option")).to_have_count(3)
    expect(amp.locator("option:checked")).to_have_text("Amp 03")
    find.fill("zzyzx")
    expect(amp.locator("option").first).to_have_text("Nothing found")
    expect(amp.locator("option:checked")).to_have_text("Amp 03")
    assert page.url == address
    expect(page.get_by_placeholder("Amp 03")).to_be_visible()  # the name that it suggests
