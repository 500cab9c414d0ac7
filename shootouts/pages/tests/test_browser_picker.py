"""The picker of captures in a real browser: by keyboard alone, by pointer, and on a phone."""

from __future__ import annotations

import json
from typing import Any

from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from gear.models import Capture, LibraryEntry
from gear.tests.factories import make_capture
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of
from shootouts.pages.tests.test_browser_gear import tab_to

pytestmark = BROWSER_MARKS


def in_focus(page: Page) -> str:
    return str(
        page.evaluate(
            "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"
        )
    )


def open_picker(page: Page, address: str) -> None:
    page.goto(address + reverse("chain-new"))
    tab_to(page, "Browse: amp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Choose amps")).to_be_visible()
    assert in_focus(page) == "Search captures"


def test_an_amp_is_found_renamed_starred_and_chosen_by_keyboard(
    live_server: Any, alice: User, charlie: User, browser: Browser
) -> None:
    plexi = make_capture(alice, name="Plexi")
    for number in range(60):
        make_capture(alice, name=f"Bassman {number}")
    make_capture(alice, "cab", name="Plexiglas cabinet")
    make_capture(charlie, "full_rig", name="Tweed", is_shared=True)
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    open_picker(page, live_server.url)
    rows = page.locator(".pick")
    # Of many only those in view are there.
    expect(rows.first).to_contain_text("Bassman 59")
    assert rows.count() < 30
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")  # of what was read
    expect(page.locator("[role='grid'][aria-rowcount='61']")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("[aria-rowindex='61'] .pick__main")).to_be_focused()
    page.keyboard.type("plxi")
    assert in_focus(page) == "Search captures"
    expect(page.get_by_role("status").filter(has_text="1 capture")).to_be_visible()
    expect(rows).to_have_count(1)

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert in_focus(page) == "Favorite: Plexi"
    with page.expect_response("**/library/"):
        page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Favorite: Plexi", pressed=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.type("Sunday best")
    with page.expect_response("**/library/*/"):
        page.keyboard.press("Enter")
    assert in_focus(page) == "Nickname of Sunday best"
    entry = LibraryEntry.objects.get(user=alice, capture=plexi)
    assert (entry.nickname, entry.is_favorite) == ("Sunday best", True)

    # The other tabs, and back to where it was opened.
    tab_to(page, "My gear", "tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("No results for “plxi”")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Favorites")).to_be_focused()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Sunday best")
    tab_to(page, "Search captures", "searchbox")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Use capture")).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert in_focus(page) == "Browse: amp"
    expect(page.get_by_label("Amp capture")).to_have_value(str(plexi.uuid))
    expect(page.locator("[data-guidance]")).to_have_text("An amp head needs a cabinet.")

    page.keyboard.press("Enter")
    expect(page.get_by_role("row", selected=True)).to_contain_text("Sunday best")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert in_focus(page) == "Browse: amp"
    assert complaints == []


def test_it_is_narrowed_dragged_and_fits_a_phone(
    live_server: Any, alice: User, browser: Browser
) -> None:
    hot = make_capture(alice, name="Hot", info={"metadata": {"gain": 0.9}}, input_level_dbu=12.0)
    Capture.objects.filter(pk=hot.pk).update(architecture="WaveNet")
    make_capture(alice, name="Mild", info={"metadata": {"gain": 0.1}})
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.set_viewport_size({"width": 1280, "height": 800})
    open_picker(page, live_server.url)
    rows = page.locator(".pick")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Gain from").fill("0.5")
    page.get_by_label("Gain from").press("Enter")
    expect(rows).to_have_count(1)
    page.get_by_label("Architecture").select_option(label="WaveNet (1)")
    expect(rows).to_contain_text("Hot")
    page.get_by_label("Calibrated").check()
    expect(page.get_by_role("button", name="Filters 3")).to_be_visible()
    expect(page.locator("[data-captures]")).not_to_have_attribute("aria-busy", "true")
    dragged = rows.evaluate(
        """row => {
          const dataTransfer = new DataTransfer();
          row.dispatchEvent(new DragEvent("dragstart", {dataTransfer, bubbles: true}));
          return dataTransfer.getData("application/x-gts-captures");
        }"""
    )
    assert [capture["id"] for capture in json.loads(dragged)] == [str(hot.uuid)]
    page.get_by_label("Gain from").fill("0.95")
    page.get_by_label("Gain from").press("Enter")
    expect(page.get_by_text("No capture has all of these.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").last.click()
    expect(rows).to_have_count(2)
    assert in_focus(page) == "Search captures"
    page.keyboard.press("Escape")

    page.set_viewport_size({"width": 320, "height": 640})
    page.get_by_role("button", name="Browse: amp").click()
    expect(rows).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    rows.first.click()
    page.get_by_role("button", name="Use capture").click()
    expect(page.get_by_label("Amp capture")).not_to_have_value("")
    assert complaints == []


def test_captures_are_played_one_after_the_other_and_several_are_chosen(
    live_server: Any, alice: User, browser: Browser
) -> None:
    first, second, third = (make_capture(alice, name=name) for name in ("One", "Two", "Three"))
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("chain-new"))
    page.evaluate(
        """async (chosen) => {
          const { openPicker } = await import("/static/js/picker/picker.js");
          window.played = [];
          const anchor = document.querySelector("h1");
          anchor.tabIndex = -1;
          const onAudition = (capture) => played.push(capture && capture.gear.name);
          const kinds = ["amp"];
          openPicker({ kinds, slot: "amp", chosen: [chosen], anchor, onAudition }).then(
            (captures) => { window.result = captures.map(({ id }) => id); },
          );
        }""",
        str(first.uuid),
    )
    expect(page.locator(".pick")).to_have_count(3)
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowUp")
    assert page.evaluate("played") == ["Three", "Two", "Three"]
    page.get_by_label("Play while browsing").check()
    page.get_by_role("button", name="Play Two").click()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("played.slice(3)") == ["Two", "One"]
    for capture in (third, second):
        page.locator(".pick", has_text=capture.gear.name).click()
    page.get_by_role("button", name="Use 3 captures").click()
    page.wait_for_function("window.result")
    assert page.evaluate("result") == [str(one.uuid) for one in (first, third, second)]
    assert page.evaluate("played.at(-1)") is None
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert complaints == []
