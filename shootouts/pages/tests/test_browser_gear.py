"""The page of an impulse response in a real browser, with the keyboard alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import User
from gear.models import Capture, GearItem
from gear.services.captures import gear_upload
from jobs.tests.running import run_until_idle
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of
from shootouts.tests.factories import upload, wav_bytes

pytestmark = BROWSER_MARKS


def make_late_stereo_cab(owner: User) -> Capture:
    taps = np.zeros((2_400, 2), np.float32)
    taps[720, 0], taps[900, 1] = 0.9, 0.5
    cab, _ = gear_upload(owner=owner, upload=upload(wav_bytes(taps), "room.wav"), kind="cab")
    run_until_idle()
    return cab


def tab_to(page: Page, name: str, role: Any = "button") -> None:
    """As someone without a mouse gets there."""
    tab_until(page, page.get_by_role(role, name=name, exact=True), name)


def tab_until(page: Page, wanted: Locator, name: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {name}.")


def test_silence_is_trimmed_and_a_channel_heard_and_chosen(
    live_server: Any, alice: User, browser: Browser
) -> None:
    cab = make_late_stereo_cab(alice)
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("gear-item", args=[cab.gear.uuid]))
    expect(page.get_by_text("15.0 ms of silence")).to_have_count(1)
    tab_to(page, "Trim the silence in front")
    page.keyboard.press("Enter")
    expect(page.locator(".notice--success")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Leave out silence in front")).to_be_checked()

    tab_to(page, "Channel", "combobox")
    page.keyboard.press("End")
    tab_to(page, "Play Right")
    with page.expect_response("**/preview/?channel_rule=right") as heard:
        page.keyboard.press("Enter")
    assert heard.value.headers["content-type"] == "audio/wav"
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    expect(page.locator(".notice--success")).to_have_text("room is saved.")
    cab.refresh_from_db()
    assert (cab.channel_rule, cab.is_lead_trimmed) == ("right", True)
    assert complaints == []


def test_it_is_renamed_and_deleted_and_fits_a_phone(
    live_server: Any, alice: User, browser: Browser
) -> None:
    cab = make_late_stereo_cab(alice)
    page = page_of(browser, alice, live_server.url, [])
    page.set_viewport_size({"width": 360, "height": 780})
    address = live_server.url + reverse("gear-item", args=[cab.gear.uuid])
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    tab_to(page, "Name", "textbox")
    page.keyboard.press("Control+A")
    page.keyboard.type("Room")
    page.keyboard.press("Enter")
    expect(page.locator(".notice--success")).to_have_text("Room is saved.")
    tab_to(page, "Delete it")
    page.keyboard.press("Enter")
    toast = page.get_by_role("group", name="Deletion")
    expect(toast).to_contain_text("“Room” is deleted. No chain of yours uses it.")
    assert GearItem.objects.exists()
    assert page.url == live_server.url + reverse("gear-list")
    page.goto(live_server.url + reverse("account"))  # who goes on does not want it back
    expect(page.get_by_role("heading", name=str(alice))).to_be_visible()
    assert not GearItem.objects.exists()
