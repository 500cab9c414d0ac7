"""The player as people use it, in a real browser: what is shown is what is heard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Playwright, expect

from accounts.tests.browser import open_chromium
from accounts.tests.needs import needs_chromium
from shootouts.pages.tests.player.pages import DI_DURATIONS_S, PlayerPage, Site

pytestmark = [pytest.mark.processes, needs_chromium]

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 780},
    "has_touch": True,
    "is_mobile": True,
}


@pytest.fixture
def player(browser: Browser) -> Iterator[PlayerPage]:
    player = PlayerPage(browser, Site()).open()
    yield player
    player.context.close()
    assert player.complaints == []


def play(player: PlayerPage) -> None:
    player.page.get_by_role("button", name="Play", exact=True).click()
    player.wait_until_heard(player.shown)
    assert player.heard is not None


def test_seeking_while_playing_keeps_shown_and_heard_together(player: PlayerPage) -> None:
    """Issue 11: the late end of the old source stopped the clock, and Space played twice."""
    play(player)
    for _ in range(3):
        player.page.keyboard.press("ArrowRight")
        player.page.wait_for_timeout(60)
    player.page.wait_for_timeout(300)
    before_s = player.position_s
    assert 3 < before_s < 7
    player.page.wait_for_timeout(200)
    assert player.position_s > before_s
    player.assert_shown_is_heard()

    player.page.keyboard.press("Space")
    assert player.shown is None
    player.assert_shown_is_heard()
    player.page.wait_for_timeout(200)
    paused_s = player.position_s
    player.page.wait_for_timeout(200)
    assert player.position_s == paused_s

    player.page.keyboard.press("Space")
    assert player.shown == "Amp 1"
    player.assert_shown_is_heard()
    player.page.keyboard.press("3")
    assert player.shown == "Amp 3"
    player.assert_shown_is_heard()


@pytest.mark.parametrize("control", ["[data-di-pick][value='1']", "[data-volume]"])
def test_keys_go_on_after_a_click_on_another_control(player: PlayerPage, control: str) -> None:
    play(player)
    player.page.locator(control).click(force=True)
    player.page.wait_for_function("document.activeElement === document.body")
    player.page.keyboard.press("2")
    player.wait_until_heard("Amp 2")
    player.page.keyboard.press("Space")
    assert player.shown is None
    player.assert_shown_is_heard()
    before_s = player.position_s
    player.page.keyboard.press("ArrowRight")
    assert player.position_s == pytest.approx(before_s + 1, abs=0.05)


def test_arrow_keys_seek_while_play_has_the_focus(player: PlayerPage) -> None:
    player.page.locator("[data-play]").focus()
    player.page.keyboard.press("ArrowRight")
    assert player.position_s == pytest.approx(1, abs=0.05)


def test_a_dragged_loop_goes_on_and_ends_with_a_click(player: PlayerPage) -> None:
    play(player)
    ruler = player.page.locator("[data-ruler]").first
    _drag(player, ruler, 0.25, 0.32)  # 2.0 s to 2.56 s
    for _ in range(8):
        player.page.wait_for_timeout(200)
        assert 1.95 < player.position_s < 2.6
    player.assert_shown_is_heard()
    assert player.page.locator("[data-loop]").get_attribute("aria-pressed") == "true"
    player.page.keyboard.press("2")
    player.assert_shown_is_heard()
    assert 1.95 < player.position_s < 2.6
    player.page.keyboard.press("Space")
    player.assert_shown_is_heard()
    assert 1.95 < player.position_s < 2.6
    player.page.keyboard.press("Space")
    ruler.click(position={"x": 0.5 * _width(ruler), "y": 10})
    player.page.wait_for_timeout(300)
    assert player.position_s > 4
    assert player.engine("engine.loop") is None


def test_a_drag_that_leaves_the_ruler_does_nothing(player: PlayerPage) -> None:
    """As a swipe does where the page has nothing left to scroll."""
    _drag(player, player.page.locator("[data-ruler]").first, 0.25, 0.27, dy=80)
    _drag(player, player.page.locator('[data-lane="1"] .lane__wave').first, 0.25, 0.25, dy=80)
    assert player.position_s == 0
    assert player.engine("engine.loop") is None
    assert player.page.locator("[data-on-air]").inner_text() == "Amp 1"


def test_a_loop_goes_on_where_no_timer_runs(browser: Browser) -> None:
    """As in a background tab, only more so: timers and frames stand still altogether."""
    player = PlayerPage(browser, Site())
    player.page.clock.install()
    player.open()
    play(player)
    _drag(player, player.page.locator("[data-ruler]").first, 0.25, 0.28)
    player.page.clock.pause_at("2100-01-01")
    for _ in range(6):
        player.page.wait_for_timeout(300)
        assert player.heard == "Amp 1"
        assert 1.95 < player.position_s < 2.3
    player.context.close()


def test_one_thing_sounds_on_a_page(player: PlayerPage) -> None:
    video = player.page.locator("video")
    audio = player.page.locator("audio")
    is_paused = "element => element.paused"
    play(player)
    video.evaluate("video => video.play()")
    player.wait_until_heard(None)
    assert player.shown is None
    audio.evaluate("audio => audio.play()")
    assert video.evaluate(is_paused)
    play(player)
    assert audio.evaluate(is_paused)
    assert video.evaluate(is_paused)
    player.assert_shown_is_heard()


def test_what_rests_draws_no_frames(player: PlayerPage) -> None:
    play(player)
    player.page.keyboard.press("Space")
    player.assert_shown_is_heard()
    player.page.wait_for_timeout(200)
    num_frames = player.page.evaluate("numFrames")
    player.page.wait_for_timeout(500)
    assert player.page.evaluate("numFrames") == num_frames
    player.page.keyboard.press("Space")
    player.page.wait_for_timeout(300)
    assert player.page.evaluate("numFrames") > num_frames


def test_a_key_that_is_held_and_a_double_click_are_told_apart(player: PlayerPage) -> None:
    play(player)
    for _ in range(5):
        player.page.keyboard.down("Space")
    player.page.keyboard.up("Space")
    assert player.shown is None
    player.assert_shown_is_heard()
    player.page.locator("[data-play]").dblclick()
    assert player.shown is None
    player.assert_shown_is_heard()


def test_a_contender_that_is_not_loaded_takes_over_when_it_is(browser: Browser) -> None:
    site = Site()
    site.holds = {"0-1"}
    site.lost = {"0-2"}
    player = PlayerPage(browser, site).open()
    play(player)
    lanes = player.page.locator("[data-lane]")
    player.page.keyboard.press("2")
    expect(lanes.nth(1)).to_contain_text("loading")
    assert player.shown == "Amp 1"
    player.assert_shown_is_heard()
    site.release()
    player.wait_until_heard("Amp 2")
    assert player.shown == "Amp 2"

    player.page.keyboard.press("3")
    expect(lanes.nth(2)).to_contain_text("not loaded")
    expect(player.page.locator("[data-status]")).to_contain_text("the server answered 404")
    assert player.shown == "Amp 2"
    player.assert_shown_is_heard()
    player.context.close()


def test_another_di_track_is_heard_from_where_the_last_was(player: PlayerPage) -> None:
    play(player)
    player.page.keyboard.press("2")
    player.page.keyboard.press("ArrowRight")
    player.page.get_by_text("Riff 2").click()
    player.assert_shown_is_heard()
    assert player.heard == "Amp 2"
    assert player.position_s > 1
    player.engine("engine.seek(4.9)")
    player.wait_until_heard(None)
    assert player.shown is None
    assert player.position_s == 0


def test_a_link_leads_to_a_moment(browser: Browser) -> None:
    player = PlayerPage(browser, Site(), query="?di=2&chain=3&t=3.5").open()
    assert player.page.locator("[data-on-air]").inner_text() == "Amp 3"
    assert player.position_s == 3.5
    assert player.engine("engine.duration") == DI_DURATIONS_S[1]
    play(player)
    assert player.heard == "Amp 3"
    player.context.close()


def test_a_player_that_is_replaced_is_not_heard_any_more(player: PlayerPage) -> None:
    play(player)
    player.page.evaluate(
        """() => {
          const root = document.querySelector("[data-player]");
          window.old = root.player.engine;
          root.replaceWith(root.cloneNode(true));
          document.dispatchEvent(new Event("htmx:afterSettle"));
        }"""
    )
    player.page.wait_for_timeout(300)
    assert player.page.evaluate("old.state") == "paused"
    assert player.page.evaluate("old.graph.voices.size") == 0
    player.page.keyboard.press("Space")
    player.page.wait_for_timeout(300)
    assert player.page.evaluate("old.state") == "paused"
    player.assert_shown_is_heard()
    assert player.shown == "Amp 1"


def test_a_browser_that_refuses_to_sound_is_not_shown_as_playing(playwright: Playwright) -> None:
    policy = "--autoplay-policy=document-user-activation-required"
    with open_chromium(playwright, policy) as browser:
        player = PlayerPage(browser, Site())
        # Scripts that a test evaluates count as a gesture, and waiting for an element is one.
        player.page.add_init_script(
            """addEventListener("load", () => {
                 const { engine } = document.querySelector("[data-player]").player;
                 engine.addEventListener("change", () => console.info(engine.notice));
                 engine.play();
               });"""
        )
        with player.page.expect_console_message(lambda said: "Press Play again" in said.text):
            player.page.goto(player.url)
        expect(player.page.locator("[data-status]")).to_contain_text("Press Play again")
        assert player.shown is None
        play(player)
        player.assert_shown_is_heard()


class TestOnAPhone:
    @pytest.fixture
    def player(self, browser: Browser) -> Iterator[PlayerPage]:
        player = PlayerPage(browser, Site(), **PHONE).open()
        yield player
        player.context.close()
        assert player.complaints == []

    @pytest.fixture
    def touch(self, player: PlayerPage) -> CDPSession:
        return player.context.new_cdp_session(player.page)

    @pytest.mark.parametrize("place", ['[data-lane="1"] .lane__wave', "[data-ruler]"])
    def test_a_swipe_scrolls_and_does_nothing_else(
        self, player: PlayerPage, touch: CDPSession, place: str
    ) -> None:
        play(player)
        player.page.keyboard.press("Space")
        player.assert_shown_is_heard()
        player.page.wait_for_timeout(200)
        before_s = player.position_s
        element = player.page.locator(place).first
        _swipe(touch, element, dx=0, dy=-200)
        player.page.wait_for_timeout(300)
        assert player.page.evaluate("scrollY") > 100
        assert player.page.locator("[data-on-air]").inner_text() == "Amp 1"
        assert player.position_s == before_s
        assert player.engine("engine.loop") is None

    def test_a_swipe_across_a_waveform_is_no_tap(
        self, player: PlayerPage, touch: CDPSession
    ) -> None:
        _swipe(touch, player.page.locator('[data-lane="1"] .lane__wave').first, dx=-120, dy=10)
        assert player.page.locator("[data-on-air]").inner_text() == "Amp 1"
        assert player.position_s == 0

    def test_a_tap_switches_and_seeks(self, player: PlayerPage) -> None:
        wave = player.page.locator('[data-lane="1"] .lane__wave').first
        wave.tap(position={"x": 0.5 * _width(wave), "y": 10})
        assert player.page.locator("[data-on-air]").inner_text() == "Amp 2"
        assert player.position_s == pytest.approx(4, abs=0.1)

    def test_a_drag_on_the_ruler_marks_a_loop(self, player: PlayerPage, touch: CDPSession) -> None:
        ruler = player.page.locator("[data-ruler]").first
        _swipe(touch, ruler, dx=90, dy=2)
        loop = player.engine("engine.loop")
        assert loop["end"] - loop["start"] == pytest.approx(8 * 90 / _width(ruler), abs=0.1)

    def test_two_fingers_on_a_waveform_zoom(self, player: PlayerPage, touch: CDPSession) -> None:
        box = player.page.locator('[data-lane="1"] .lane__wave').first.bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        first, second = {"x": x, "y": y, "id": 0}, {"x": x + 40, "y": y, "id": 1}
        for kind, points in (
            ("touchStart", [first]),
            ("touchStart", [first, second]),
            ("touchEnd", []),
        ):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        assert player.page.locator("[data-on-air]").inner_text() == "Amp 1"
        assert player.position_s == 0


def _width(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["width"]


def _drag(
    player: PlayerPage, element: Locator, start: float, end: float, *, dy: float = 0.0
) -> None:
    """With the mouse, between two shares of its width."""
    box = element.bounding_box()
    assert box
    mouse = player.page.mouse
    y = box["y"] + box["height"] / 2
    mouse.move(box["x"] + start * box["width"], y)
    mouse.down()
    mouse.move(box["x"] + end * box["width"], y + dy, steps=4)
    mouse.up()


def _swipe(touch: CDPSession, element: Locator, *, dx: float, dy: float) -> None:
    """With a finger, from the middle of the element, as the browser gets it from the screen."""
    box = element.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for step in range(9):
        kind = "touchMove" if step else "touchStart"
        point = {"x": x + dx * step / 8, "y": y + dy * step / 8}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
