"""How auditions sound: by a real browser's Web Audio, looked at sample by sample."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from accounts.tests.needs import needs_chromium
from shootouts.pages.tests.player.pages import ADDRESS, Site

pytestmark = [pytest.mark.processes, needs_chromium]

MAX_STEP = 1.05  # times the steepest slope of the sound itself


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    page = browser.new_page()
    page.route(f"{ADDRESS}**", Site().answer)
    page.goto(ADDRESS)
    return page


def call(page: Page, name: str) -> Any:
    script = "/shootouts/pages/tests/audition/deck.mjs"
    return page.evaluate(
        """async ([script, name]) => (await import(script))[name]()""", [script, name]
    )


def test_a_loop_goes_round_without_a_click_and_without_the_tail(page: Page) -> None:
    found = call(page, "loop")
    assert found["step"] < MAX_STEP
    assert found["passage"] - 300 < found["furthest"] < found["passage"]
    assert found["numEnds"] == 0


def test_once_is_heard_to_the_end_of_its_tail(page: Page) -> None:
    found = call(page, "once")
    assert found["tailPeak"] > 0.2
    assert found["afterPeak"] == 0
    assert (found["numEnds"], found["isSounding"]) == (1, False)


def test_a_change_takes_over_at_the_same_place(page: Page) -> None:
    found = call(page, "change")
    assert found["trace"] < 1e-3
    assert found["placeDifference"] < 1e-3
    assert found["toneDifference"] > 0.2
    assert found["step"] < 1.2  # two unlike tones add up for a moment
    assert found["peak"] < 1.45
    assert 2000 < found["placeElsewhere"] < 4800


def test_changes_in_a_hurry_follow_one_another_and_the_last_one_stays(page: Page) -> None:
    found = call(page, "hurry")
    assert found["hz"] == pytest.approx(550, abs=20)
    assert found["step"] < 1.5
    assert found["peak"] < 1.45
    assert found["afterPeak"] == 0
