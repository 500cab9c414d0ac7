"""The recorder in a real browser, with a tone as its input device."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile
from django.urls import reverse
from playwright.sync_api import Browser, Page, Playwright, expect

from accounts.models import User
from accounts.tests.browser import open_chromium
from shootouts.models import DITrack
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of

pytestmark = BROWSER_MARKS

# Longer than any test: where the browser begins the file again, its resampler makes a click.
TONE_S: Final = 60
_NUM_TRIES: Final = 8
TONE_HZ: Final = 1000
PEAK_DBFS: Final = -9.0
AMPLITUDE: Final = 10 ** (PEAK_DBFS / 20)


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with one input device: the tone on the left, half as loud on the right."""
    path: Path = tmp_path_factory.mktemp("tone") / "tone.wav"
    wave = AMPLITUDE * np.sin(2 * np.pi * TONE_HZ * np.arange(TONE_S * 48_000) / 48_000)
    soundfile.write(path, np.stack([wave, 0.5 * wave], axis=1), 48_000, subtype="PCM_16")
    devices = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with open_chromium(
        playwright, *devices, f"--use-file-for-fake-audio-capture={path}"
    ) as browser:
        yield browser


def opened(browser: Browser, user: User, address: str, complaints: list[str]) -> Page:
    """The recorder with its input open."""
    page = page_of(browser, user, address, complaints)
    page.goto(address + reverse("di-record"))
    page.get_by_role("button", name="Choose an input").press("Enter")
    expect(page.get_by_role("heading", name="Input")).to_be_focused()
    expect(page.locator("[data-state]")).to_have_text("Ready.")
    return page


def take_of(page: Page, seconds: float) -> None:
    """By the keyboard alone. On a busy machine the browser may leave holes of 10 ms, which the page
    tells: then it is taken again, as people would."""
    facts = page.locator("[data-take-facts]")
    for _ in range(_NUM_TRIES):
        page.keyboard.press("Space")
        page.wait_for_function(
            "(least) => Number(document.querySelector('[data-clock]').textContent.slice(2)) "
            ">= least && document.querySelector('[data-state]').textContent.includes('running')",
            arg=seconds,
        )
        page.keyboard.press("Space")
        expect(page.get_by_role("heading", name="Listen and store")).to_be_visible()
        if "did not keep up" not in (facts.text_content() or ""):
            return
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Discard").click()
        page.locator("h1").click()
    raise AssertionError("no take without holes")


def stored(track: DITrack) -> tuple[np.ndarray, int]:
    with track.file.open("rb") as file:
        samples, rate_hz = soundfile.read(io.BytesIO(file.read()), dtype="float64")
    return samples, rate_hz


def residual_of(samples: np.ndarray, rate_hz: int) -> tuple[float, float]:
    """Peak of the tone, and of what is left without it: a lost or doubled frame leaves much."""
    angle = 2 * np.pi * TONE_HZ * np.arange(len(samples)) / rate_hz
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    found, *_ = np.linalg.lstsq(basis, samples, rcond=None)
    return float(np.hypot(*found)), float(np.abs(samples - basis @ found).max())


def test_a_take_is_the_tone_to_the_frame_and_is_stored(
    live_server: Any, alice: User, browser: Browser
) -> None:
    complaints: list[str] = []
    page = opened(browser, alice, live_server.url, complaints)
    expect(page.locator("[data-level-peak]")).to_have_text("−9.0 dBFS")
    expect(page.locator("[data-advice]")).to_have_text("Good level.")
    take_of(page, 2.2)
    page.locator("input[name=name]").fill("A tone")
    page.locator("input[name=start_s]").fill("0.5")
    page.get_by_role("button", name="Store this DI track").press("Enter")
    expect(page.get_by_text("A tone was uploaded")).to_be_visible()
    expect(page.locator(".notice--success")).to_be_focused()

    track = DITrack.objects.get()
    assert (track.owner, track.name, track.start_s, track.end_s) == (alice, "A tone", 0.5, None)
    samples, rate_hz = stored(track)
    assert samples.ndim == 1
    assert len(samples) >= 2 * rate_hz
    amplitude, residual = residual_of(samples, rate_hz)
    assert abs(20 * np.log10(amplitude / AMPLITUDE)) < 0.1
    assert residual < 10 ** (-60 / 20)
    # The server has it, so this browser does not keep it any more.
    page.reload()
    expect(page.get_by_role("button", name="Choose an input")).to_be_visible()
    assert page.locator("[data-kept-take]").count() == 0
    assert complaints == []


def test_a_count_in_is_not_in_the_take(live_server: Any, alice: User, browser: Browser) -> None:
    page = opened(browser, alice, live_server.url, [])
    page.locator("[data-count-in]").select_option("1")
    page.locator("input[name=bpm]").fill("240")
    page.locator("h1").click()
    take_of(page, 0.8)
    page.get_by_role("button", name="Store this DI track").click()
    expect(page.locator(".notice--success")).to_be_visible()
    track = DITrack.objects.get()
    assert track.bpm == 240
    samples, rate_hz = stored(track)
    # Four clicks at 240 bpm last a second: none of it, and nothing but the tone is here.
    assert len(samples) < 2 * rate_hz
    assert residual_of(samples, rate_hz)[1] < 10 ** (-60 / 20)


def test_a_take_that_could_not_be_uploaded_is_offered_again(
    live_server: Any, alice: User, charlie: User, browser: Browser
) -> None:
    page = opened(browser, alice, live_server.url, [])
    page.locator("[data-channel]").select_option("1")
    page.locator("h1").click()
    take_of(page, 0.8)
    page.locator("input[name=name]").fill("Kept")
    page.route("**/api/v1/di-tracks/", lambda route: route.abort())
    page.get_by_role("button", name="Store this DI track").click()
    expect(page.get_by_text("The server did not answer.")).to_be_visible()
    assert not DITrack.objects.exists()

    page.unroute("**/api/v1/di-tracks/")
    page.reload()
    page.get_by_role("button", name="Open Kept").press("Enter")
    expect(page.get_by_role("heading", name="Listen and store")).to_be_focused()
    page.get_by_role("button", name="Store this DI track").click()
    expect(page.get_by_text("Kept was uploaded")).to_be_visible()
    samples, rate_hz = stored(DITrack.objects.get())
    amplitude, _ = residual_of(samples, rate_hz)
    assert abs(20 * np.log10(amplitude / (0.5 * AMPLITUDE))) < 0.1  # the right channel


def test_the_interface_fills_in_the_level_and_is_remembered(
    live_server: Any, alice: User, browser: Browser
) -> None:
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("di-list"))
    page.get_by_text("Add one DI track with its details").click()
    interface = page.get_by_role("combobox", name="Audio interface")
    interface.focus()
    page.keyboard.type("solo 3rd")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    chosen = page.locator('[role="option"][aria-selected="true"]')
    expect(chosen).to_contain_text("instrument")
    assert interface.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    with page.expect_response("**/api/v1/me/") as answered:
        page.keyboard.press("Enter")
    assert answered.value.ok
    expect(page.locator("#di_input_level_dbu")).to_have_value("12.5")
    expect(interface).to_be_focused()
    expect(page.get_by_text("Source: Focusrite")).to_be_visible()
    # What is typed and not chosen goes again.
    interface.fill("scar")
    expect(page.get_by_role("option").first).to_be_visible()
    interface.press("Tab")
    expect(interface).to_have_value("Focusrite Scarlett Solo (3rd Gen), instrument")
    for name in ("di-record", "di-list"):
        page.goto(live_server.url + reverse(name))
        level = page.locator('input[name="input_level_dbu"]').first
        expect(level).to_have_value("12.5")
    interface = page.get_by_role("combobox", name="Audio interface")
    page.get_by_text("Add one DI track with its details").click()
    interface.fill("")
    with page.expect_response("**/api/v1/me/"):
        interface.press("Tab")
    alice.refresh_from_db()
    assert alice.audio_interface == ""
    assert complaints == []


def test_the_page_is_no_wider_than_a_phone(live_server: Any, alice: User, browser: Browser) -> None:
    page = page_of(browser, alice, live_server.url, [])
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(live_server.url + reverse("di-record"))
    page.get_by_role("button", name="Choose an input").click()
    expect(page.locator("[data-state]")).to_have_text("Ready.")
    take_of(page, 0.6)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
