"""The page of a DI track in a real browser: handles, numbers and keyboard say the same."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from playwright.sync_api import Browser, expect

from accounts.models import User
from shootouts.models import DITrack
from shootouts.tests.browsing import BROWSER_MARKS, page_of
from shootouts.tests.pages import make_track

pytestmark = BROWSER_MARKS


def test_a_trim_is_set_by_keyboard_and_by_number(
    live_server: Any, alice: User, browser: Browser
) -> None:
    track = make_track(alice)
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("di-detail", args=[track.uuid]))
    start, end = page.get_by_role("slider", name="Start"), page.get_by_role("slider", name="End")
    start.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#id_start_s")).to_have_value("0.05")
    end.focus()
    page.keyboard.press("PageDown")
    expect(page.locator("#id_end_s")).to_have_value("11.25")
    # Neither passes the other.
    page.keyboard.press("Home")
    expect(page.locator("#id_end_s")).to_have_value("0.45")
    page.keyboard.press("End")
    expect(page.locator("#id_end_s")).to_have_value("")
    page.locator("#id_end_s").fill("9.5")
    expect(end).to_have_value("9.5")
    page.locator("#id_end_s").press("Enter")
    expect(page.locator(".notice--success")).to_be_visible()
    track = DITrack.objects.get()
    assert (track.start_s, track.end_s) == (0.05, 9.5)
    assert complaints == []
