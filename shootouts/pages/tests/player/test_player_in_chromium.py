"""The player's sound, rendered by a real browser's Web Audio and looked at sample by sample."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from accounts.tests.needs import needs_chromium
from shootouts.pages.tests.player.pages import ADDRESS, Site

pytestmark = [pytest.mark.processes, needs_chromium]

NUM_SEEDS = 60
NUM_ACTIONS = 500
MAX_STEP = 1.05  # times the steepest slope of the sound itself
MAX_SILENCE_MS = 10.0


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    page = browser.new_page()
    page.route(f"{ADDRESS}**", Site().answer)
    page.goto(ADDRESS)
    return page


def call(page: Page, script: str, name: str, *values: object) -> Any:
    """The answer of a function that a script of this folder exports."""
    return page.evaluate(
        """async ([script, name, values]) => (await import(script))[name](...values)""",
        [f"/shootouts/pages/tests/player/{script}", name, list(values)],
    )


@pytest.mark.parametrize("first", range(1, NUM_SEEDS + 1, 15))
def test_random_actions_sound_as_they_are_shown(page: Page, first: int) -> None:
    for seed in range(first, first + 15):
        walked = call(page, "offline.mjs", "walk", seed, NUM_ACTIONS)
        assert walked["faults"] == [], walked
        assert walked["numChecked"]["playing"] > 100, walked
        assert walked["numChecked"]["paused"] > 50, walked


def test_no_edge_is_steeper_than_the_sound_itself(page: Page) -> None:
    results = call(page, "edges.mjs", "measureAll")
    edges = [result for result in results if result["edge"] != "cut off at once"]
    assert len(edges) == 39
    too_steep = [result for result in edges if result["step"] > MAX_STEP]
    too_silent = [result for result in edges if result["silence_ms"] > MAX_SILENCE_MS]
    assert too_steep == []
    assert too_silent == []
    for result in results:
        assert result["isHeardAtTheEnd"] == result["isShownAtTheEnd"], result
    cut = [result["step"] for result in results if result["edge"] == "cut off at once"]
    assert max(cut) > 3  # so it does measure


def test_a_switch_between_equals_leaves_no_trace(page: Page) -> None:
    found = call(page, "edges.mjs", "switchBetweenEquals")
    assert found["peak"] > 0.1
    assert found["difference"] < 1e-6


def test_a_loop_goes_on_without_any_script_and_is_exact(page: Page) -> None:
    found = call(page, "edges.mjs", "loopWithoutScripts")
    assert found["numPasses"] > 290
    assert found["places"] == [4800 + 5000 + 1]
