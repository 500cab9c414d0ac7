"""The page of a DI track in a real browser: handles, numbers and keyboard say the same."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from playwright.sync_api import Browser, FilePayload, expect

from accounts.models import User
from shootouts.models import DITrack
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of
from shootouts.pages.tests.pages import make_track
from shootouts.tests.factories import plucked, wav_bytes

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


def test_an_upload_keeps_the_focus_and_what_is_wrong_takes_it(
    live_server: Any, alice: User, browser: Browser
) -> None:
    track = make_track(alice)
    page = page_of(browser, alice, live_server.url, [])
    page.goto(live_server.url + reverse("di-list"))
    page.get_by_text("Add one DI track with its details").click()
    upload = page.get_by_role("button", name="Upload the DI track")
    riff, noise = (
        FilePayload(name="riff.wav", mimeType="audio/wav", buffer=content)
        for content in (wav_bytes(plucked()), b"no sound")
    )
    page.locator("#di_file").set_input_files(riff)
    upload.press("Enter")
    expect(page.get_by_text("riff was uploaded")).to_be_visible()
    expect(upload).to_be_focused()
    page.locator("#di_file").set_input_files(noise)
    upload.press("Enter")
    expect(page.locator("#di_file")).to_be_focused()

    page.goto(live_server.url + reverse("di-detail", args=[track.uuid]))
    page.locator("#id_start_s").fill("12.4")
    page.locator("#id_bpm").press("Enter")
    expect(page.locator("#id_start_s")).to_be_focused()


def test_no_page_of_a_di_is_wider_than_a_phone(
    live_server: Any, alice: User, browser: Browser
) -> None:
    track = make_track(alice)
    page = page_of(browser, alice, live_server.url, [])
    page.set_viewport_size({"width": 360, "height": 780})
    for path in (reverse("di-detail", args=[track.uuid]), reverse("di-list"), reverse("gear-list")):
        page.goto(live_server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        # One row: what sticks to the top must leave room.
        assert page.evaluate("document.querySelector('.masthead').offsetHeight") < 80
