"""The builder in a real browser: options become combinations, and these a shootout."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from accounts.models import User
from gear.models import Capture, SignalChain
from gear.tests.factories import make_capture, make_chain
from jobs.models import Job
from shootouts.models import Contender, Draft, Shootout
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of
from shootouts.pages.tests.drafts import draft_document
from shootouts.tests.factories import make_di_track

pytestmark = BROWSER_MARKS

PHONE: Final[ViewportSize] = {"width": 360, "height": 780}
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}


@pytest.fixture
def gear(alice: User) -> dict[str, Capture]:
    """Two amps, a full rig and two cabs, and a DI track."""
    make_di_track(alice, name="Riff")
    amps = {name: make_capture(alice, name=name) for name in ("Plexi", "Tweed")}
    cabs = {name: make_capture(alice, "cab", name=name) for name in ("Greenback", "V30")}
    return amps | cabs | {"Whole rig": make_capture(alice, "full_rig", name="Whole rig")}


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def open_draft(
    live_server: Any,
    browser: Browser,
    alice: User,
    gear: dict[str, Capture],
    complaints: list[str],
) -> Callable[..., Page]:
    """Opens the builder with a draft of these captures: amps and cabs by their names."""

    def open_page(*names: str, **more: Any) -> Page:
        document = draft_document([gear[name] for name in names], **more)
        draft = Draft.objects.create(owner=alice, document=document)
        page = page_of(browser, alice, live_server.url, complaints)
        page.goto(f"{live_server.url}{reverse('shootout-new')}?draft={draft.uuid}")
        expect(page.locator("[data-builder]")).not_to_have_attribute("aria-busy", "true")
        return page

    return open_page


FOUR: Final = ("Plexi", "Tweed", "Greenback", "V30")


def _cells(page: Page) -> Locator:
    return page.locator(".cell__switch")


def _contenders(page: Page) -> list[str]:
    """Their labels, as they are shown."""
    fields = page.locator(".contender__name")
    return [
        field.input_value() or field.get_attribute("placeholder") or "" for field in fields.all()
    ]


def _is_saved(page: Page) -> None:
    expect(page.locator("[data-save-state]")).to_have_text("Saved")


def test_options_are_chosen_by_keyboard_alone_and_become_a_shootout_once(
    live_server: Any,
    browser: Browser,
    alice: User,
    gear: dict[str, Capture],
    complaints: list[str],
) -> None:
    gear["Whole rig"].gear.delete()
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("shootout-new"))
    page.get_by_role("checkbox", name="Riff").press("Space")
    _pick_by_keyboard(page, "Add amps", 2)
    _pick_by_keyboard(page, "Add cabs", 2)
    expect(_cells(page)).to_have_count(4)
    _is_saved(page)

    # One of them is left out, another comes first.
    first = _cells(page).first
    first.focus()
    for key in ("ArrowRight", "ArrowDown", "Space"):
        page.keyboard.press(key)
    last = _cells(page).last
    expect(last).to_be_focused()
    expect(last).to_have_attribute("aria-pressed", "false")
    before = _contenders(page)
    assert len(before) == 3
    grip = page.get_by_role("button", name=re.compile("^Move .*: arrow keys")).last
    grip.focus()
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    expect(page.get_by_text("Now number 1 of 3.")).to_be_attached()
    assert _contenders(page) == [before[2], before[0], before[1]]
    assert page.evaluate("document.activeElement !== document.body")

    render = page.get_by_role("button", name="Render", exact=True)
    expect(render).not_to_have_attribute("aria-disabled", "true")
    render.press("Enter")
    expect(page).to_have_url(re.compile(r"/shootouts/[0-9a-f-]{36}/$"))
    shootout = Shootout.objects.get()
    labels = Contender.objects.filter(shootout=shootout).values_list("label", flat=True)
    assert list(labels) == [before[2], before[0], before[1]]
    assert shootout.title.startswith("2 amps × 2 cabs")
    assert complaints == []


def _pick_by_keyboard(page: Page, name: str, num: int) -> None:
    """In the panel: from the search down to the first row, and the next ones."""
    page.get_by_role("button", name=name).press("Enter")
    panel = page.locator("dialog[data-picker]")
    rows = panel.get_by_role("row")
    expect(rows.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    for number in range(num):
        if number:
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
    panel.get_by_role("button", name=f"Use {num} captures").press("Enter")
    expect(panel).to_be_hidden()


def test_render_clicked_twice_makes_one_shootout(
    open_draft: Callable[..., Page], complaints: list[str]
) -> None:
    page = open_draft(*FOUR)
    page.get_by_role("checkbox", name="Riff").check()
    render = page.get_by_role("button", name="Render", exact=True)
    expect(render).not_to_have_attribute("aria-disabled", "true")
    render.dblclick()
    expect(page).to_have_url(re.compile(r"/shootouts/[0-9a-f-]{36}/$"))
    assert Shootout.objects.count() == 1
    assert SignalChain.objects.count() == 4
    assert Job.objects.filter(kind="shootouts.render_shootout").count() == 1
    # Back: the draft says what has become of it, and goes on from there.
    page.go_back()
    expect(page.get_by_text("This draft has become a shootout.")).to_be_visible()
    expect(_cells(page)).to_have_count(4)
    assert complaints == []


def test_what_was_done_is_undone_and_done_again(
    open_draft: Callable[..., Page], complaints: list[str]
) -> None:
    page = open_draft(*FOUR)
    undo, redo = (page.get_by_role("button", name=name) for name in ("Undo", "Redo"))
    expect(undo).to_be_disabled()
    _cells(page).nth(1).click()
    page.get_by_role("button", name="Remove Tweed").click()
    # The focus goes on to what is left.
    expect(page.get_by_role("button", name="Remove Plexi")).to_be_focused()
    expect(_cells(page)).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(_cells(page)).to_have_count(4)
    expect(_cells(page).nth(1)).to_have_attribute("aria-pressed", "false")
    undo.click()
    expect(_cells(page).nth(1)).to_have_attribute("aria-pressed", "true")
    expect(undo).to_be_disabled()
    page.keyboard.press("Control+Shift+Z")
    redo.click()
    expect(_cells(page)).to_have_count(2)
    expect(redo).to_be_disabled()
    assert complaints == []


def test_a_parameter_is_set_by_slider_number_and_keys_and_is_there_after_a_reload(
    open_draft: Callable[..., Page], complaints: list[str]
) -> None:
    page = open_draft(*FOUR)
    page.get_by_role("button", name="Add a pedal").click()
    page.get_by_role("checkbox", name="Gain").check()
    page.get_by_role("button", name="Add", exact=True).click()
    slider = page.get_by_role("slider", name="Gain")
    number = page.get_by_role("spinbutton", name="Gain in dB")
    expect(slider).to_have_attribute("aria-valuetext", "0 dB")
    slider.press("ArrowUp")
    slider.press("Shift+ArrowUp")
    expect(number).to_have_value("1.1")
    number.fill("6")
    expect(slider).to_have_attribute("aria-valuetext", "+6 dB")
    number.fill("99")
    number.press("Tab")
    expect(number).to_have_value("24")
    page.get_by_role("button", name="Also without it").click()
    expect(_cells(page)).to_have_count(8)
    page.get_by_label("Title").fill("With and without a boost")
    _is_saved(page)

    page.reload()
    expect(page.get_by_label("Title")).to_have_value("With and without a boost")
    expect(_cells(page)).to_have_count(8)
    expect(page.get_by_text("Gain +24 dB")).to_be_visible()
    page.get_by_role("button", name="Settings of Gain").click()
    slider.dblclick()
    expect(number).to_have_value("0")
    number.fill("3")
    slider.press("Delete")
    expect(number).to_have_value("0")
    assert complaints == []


def test_what_cannot_be_played_says_why_and_a_full_rig_takes_no_cab(
    open_draft: Callable[..., Page], complaints: list[str]
) -> None:
    page = open_draft("Plexi")
    expect(page.get_by_text("An amp head needs a cabinet: add at least one.")).to_be_visible()
    page.get_by_role("button", name="Add cabs").click()
    panel = page.locator("dialog[data-picker]")
    panel.get_by_role("row", name=re.compile("V30")).click()
    panel.get_by_role("button", name="Use capture").click()
    expect(_cells(page)).to_have_count(1)
    page.get_by_role("button", name="Add amps").click()
    panel.get_by_role("row", name=re.compile("Whole rig")).click()
    panel.get_by_role("button", name="Use 2 captures").click()
    # Without a cab for the rig, with one for the head: two of four.
    expect(_cells(page)).to_have_count(4)
    wrong = page.locator('.cell__switch[aria-disabled="true"]')
    expect(wrong).to_have_count(2)
    expect(wrong.first).to_have_accessible_name(re.compile("An amp head needs a cabinet"))
    expect(page.locator(".contender")).to_have_count(2)
    expect(page.get_by_text("2 of 4 play, 2 cannot be played.")).to_be_visible()
    assert complaints == []


def test_more_than_a_shootout_takes_is_said_with_the_number(
    open_draft: Callable[..., Page], alice: User, complaints: list[str]
) -> None:
    page = open_draft(*FOUR)
    amps = [make_capture(alice, name=f"Amp {number}") for number in range(14)]
    draft = Draft.objects.get()
    cabs = draft.document["slots"][1]["options"]
    draft.document = draft_document(amps)
    for number, option in enumerate(cabs):
        option["id"] = f"c{number}"
    draft.document["slots"].append({"id": "scab", "slot": "cab", "options": cabs})
    draft.save()
    page.reload()
    expect(_cells(page)).to_have_count(28)
    expect(page.get_by_text("28 of 28 play")).to_be_visible()
    render = page.get_by_role("button", name="Render", exact=True)
    expect(render).to_have_attribute("aria-disabled", "true")
    _cells(page).first.click()
    page.get_by_role("checkbox", name="Riff").check()
    expect(render).not_to_have_attribute("aria-disabled", "true")
    assert complaints == []


def test_after_the_session_has_ended_nothing_is_lost(
    open_draft: Callable[..., Page], live_server: Any, alice: User, complaints: list[str]
) -> None:
    page = open_draft(*FOUR)
    session = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Title").fill("Typed while logged out")
    login = page.get_by_role("link", name="Log in, in a new tab")
    expect(login).to_be_visible()
    # A reload on the way would show the login; what was typed comes back after it.
    _log_in_again(page.context, session)
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("Typed while logged out")
    _is_saved(page)
    page.context.clear_cookies(name="sessionid")
    _cells(page).first.click()
    expect(login).to_be_visible()
    _log_in_again(page.context, session)
    page.get_by_role("button", name="Save now").click()
    _is_saved(page)
    draft = Draft.objects.get()
    assert draft.title == "Typed while logged out"
    assert draft.document["off"] == ["o1/o3"]
    # That they were refused browsers write to the console.
    assert [text for text in complaints if "401" not in text] == []


def _log_in_again(context: BrowserContext, cookies: Any) -> None:
    context.add_cookies([cookie for cookie in cookies if cookie["name"] == "sessionid"])


def test_of_two_windows_none_overwrites_the_other_unasked(
    open_draft: Callable[..., Page], complaints: list[str]
) -> None:
    page = open_draft(*FOUR)
    other = page.context.new_page()
    other.goto(page.url)
    expect(_cells(other)).to_have_count(4)
    page.get_by_label("Title").fill("From the first")
    _is_saved(page)
    other.get_by_label("Title").fill("From the second")
    keep = other.get_by_role("button", name="Keep what is here")
    expect(keep).to_be_visible()
    assert Draft.objects.get().title == "From the first"
    keep.click()
    _is_saved(other)
    assert Draft.objects.get().title == "From the second"
    page.get_by_label("Title").fill("Once more")
    page.get_by_role("button", name="Load what is saved").click()
    expect(page.get_by_label("Title")).to_have_value("From the second")
    assert [text for text in complaints if "412" not in text] == []


def test_a_line_up_of_saved_chains_is_edited(
    live_server: Any,
    browser: Browser,
    alice: User,
    gear: dict[str, Capture],
    complaints: list[str],
) -> None:
    for name in ("Loud", "Quiet", "Other"):
        make_chain(alice, name)
    page = page_of(browser, alice, live_server.url, complaints)
    page.goto(live_server.url + reverse("shootout-new"))
    page.get_by_role("checkbox", name="Riff").check()
    page.get_by_role("button", name="Add saved chains").click()
    for name in ("Loud", "Quiet"):
        page.get_by_role("checkbox", name=name).check()
    page.get_by_role("button", name="Add 2").click()
    page.get_by_label("Label of Loud").fill("The loud one")
    page.get_by_role("button", name="Render", exact=True).click()
    expect(page).to_have_url(re.compile(r"/shootouts/[0-9a-f-]{36}/$"))
    Job.objects.all().delete()
    Shootout.objects.update(state="draft")

    page.reload()
    page.get_by_role("link", name="Edit line-up").click()
    expect(page.locator(".contender")).to_have_count(2)
    page.get_by_role("button", name="Add saved chains").click()
    page.get_by_role("checkbox", name="Other").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Take Quiet out").click()
    expect(page.get_by_role("button", name="Take Other out")).to_be_focused()
    page.get_by_role("button", name="Render", exact=True).click()
    expect(page).to_have_url(re.compile(r"/shootouts/[0-9a-f-]{36}/$"))
    shootout = Shootout.objects.get()
    labels = Contender.objects.filter(shootout=shootout).values_list("label", flat=True)
    assert list(labels) == ["The loud one", "Other"]
    assert complaints == []


def test_a_contender_is_dragged_to_another_place(
    open_draft: Callable[..., Page], complaints: list[str]
) -> None:
    page = open_draft(*FOUR)
    before = _contenders(page)
    grips = page.locator(".contender__grip")
    grips.first.scroll_into_view_if_needed()
    start, end = grips.first.bounding_box(), grips.nth(2).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 8, end["y"] + end["height"], steps=8)
    page.mouse.up()
    assert _contenders(page) == [before[1], before[2], before[0], before[3]]
    page.keyboard.press("Control+z")
    assert _contenders(page) == before
    assert complaints == []


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "narrow"])
def test_on_a_phone_nothing_is_wider_than_the_page(
    open_draft: Callable[..., Page], size: ViewportSize, complaints: list[str]
) -> None:
    page = open_draft(*FOUR)
    page.set_viewport_size(size)
    page.get_by_role("button", name="Settings of Greenback").click()
    _cells(page).first.click()
    expect(page.get_by_text("3 of 4 play, 1 switched off.")).to_be_visible()
    page.get_by_text("Description, levels, order, video").click()
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    for button in page.locator(".cell__switch, .contender__tools button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
    assert complaints == []
