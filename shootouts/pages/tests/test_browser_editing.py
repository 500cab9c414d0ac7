"""Changing what is there, in a real browser with the keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from gear.models import LibraryEntry
from gear.selectors import chain_get
from gear.tests.factories import make_capture, make_chain
from shootouts.models import Shootout
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of
from shootouts.pages.tests.pages import make_track
from shootouts.pages.tests.test_browser_gear import tab_to, tab_until
from shootouts.services.assembly import ContenderInput
from shootouts.services.shootouts import shootout_create

pytestmark = BROWSER_MARKS


def make_shootout(owner: User) -> Shootout:
    chains = [make_chain(owner, name) for name in ("Plexi", "Deluxe", "Recto")]
    return shootout_create(
        owner=owner,
        title="Amps",
        di_track_ids=[make_track(owner).uuid],
        contenders=[ContenderInput(chain.uuid) for chain in chains],
    )


def test_the_line_up_is_put_in_order(live_server: Any, alice: User, browser: Browser) -> None:
    shootout = make_shootout(alice)
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("shootout-edit", args=[shootout.uuid]))
    tab_to(page, "Move Plexi down")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move Plexi down")).to_be_focused()
    expect(page.get_by_text("Place 3 of 3")).to_have_count(1)
    tab_to(page, "Label of contender 1", "textbox")
    page.keyboard.press("Control+A")
    page.keyboard.type("Clean one")
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    expect(page.locator(".notice--success")).to_contain_text("Saved.")
    labels = [row.label for row in shootout.contenders.all()]
    assert labels in (["Clean one", "Recto", "Plexi"], ["Deluxe", "Recto", "Clean one"])
    assert complaints == []


def test_a_chain_is_renamed_and_driven_harder(
    live_server: Any, alice: User, browser: Browser
) -> None:
    chain = make_chain(alice)
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("chain-list"))
    tab_to(page, chain.name, "link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=chain.name)).to_be_visible()
    boost = page.get_by_role("group", name="Pedals").get_by_role("spinbutton", name="Gain")
    tab_until(page, boost, "Gain")
    page.keyboard.press("Control+A")
    page.keyboard.type("9")
    tab_to(page, "Name of the chain optional", "textbox")
    page.keyboard.press("Control+A")
    page.keyboard.type("Driven")
    page.keyboard.press("Enter")
    expect(page.locator(".notice--success")).to_contain_text("Saved.")
    stored = chain_get(alice, chain.uuid)
    assert stored.name == "Driven"
    assert stored.blocks.all()[0].parameters["gain_db"] == 9.0
    assert complaints == []


def test_gear_is_marked_and_found_by_that(live_server: Any, alice: User, browser: Browser) -> None:
    capture = make_capture(alice, name="Plexi")
    make_capture(alice, name="Deluxe")
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("gear-item", args=[capture.gear.uuid]))
    tab_to(page, "Favorite", "checkbox")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".notice--success")).to_contain_text("Saved.")
    assert LibraryEntry.objects.get().is_favorite
    page.goto(live_server.url + reverse("gear-list"))
    page.get_by_label("Whose").select_option(label="Your favorites")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("link", name="Plexi", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Deluxe", exact=True)).to_have_count(0)
    assert complaints == []


def overflows(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("width", [320, 1440])
def test_no_page_scrolls_sideways(
    live_server: Any, alice: User, browser: Browser, width: int
) -> None:
    shootout = make_shootout(alice)
    chain = shootout.contenders.all()[0].chain
    assert chain is not None
    gear = make_capture(alice, name="A-name-that-is-one-word-and-does-not-end-where-it-should").gear
    page = page_of(browser, alice, live_server.url, [])
    page.set_viewport_size({"width": width, "height": 800})
    for name, args in (
        ("gear-list", []),
        ("gear-item", [gear.uuid]),
        ("chain-list", []),
        ("chain-detail", [chain.uuid]),
        ("chain-group-list", []),
        ("preset-list", []),
        ("tag-list", []),
        ("job-list", []),
        ("shootout-edit", [shootout.uuid]),
        ("di-detail", [make_track(alice, "Take").uuid]),
    ):
        page.goto(live_server.url + reverse(name, args=args))
        assert not overflows(page), name
