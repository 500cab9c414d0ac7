"""A space in the chain form, in a real browser: by mouse, by keyboard, on small screens."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, FilePayload, expect

from accounts.models import User
from gear.models import SignalChain
from gear.services.library import library_keep_own
from gear.tests.factories import make_capture
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of

pytestmark = BROWSER_MARKS


@pytest.mark.parametrize("size", [(1440, 900), (768, 1024), (360, 780)])
def test_a_space_is_put_at_the_end_of_a_chain_by_keyboard(
    live_server: Any, alice: User, browser: Browser, size: tuple[int, int]
) -> None:
    for kind, name in (("full_rig", "Rig"), ("pedal", "Squeeze"), ("space", "Grand Hall")):
        library_keep_own(capture=make_capture(alice, kind, name=name))
    complaints: list[str] = []
    page = page_of(browser, alice, live_server.url, complaints)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(live_server.url + reverse("chain-new"))
    rig = page.get_by_label("Amp capture")
    rig.press("R")  # chooses by the first letter, as selects do
    expect(rig.locator("option:checked")).to_have_text("Rig")
    expect(page.get_by_role("button", name="+ Space")).to_have_count(1)
    page.get_by_role("button", name="+ Space").press("Enter")

    block = page.locator('[data-slot="post"] [data-block]')
    space = block.get_by_label("Post space")
    expect(space.locator("option")).to_have_text(["Choose a space", "Grand Hall"])
    expect(block.get_by_label("Mix")).to_have_value("20")
    space.press("G")
    mix = block.get_by_label("Mix")
    mix.press("Control+A")
    mix.press_sequentially("120")
    page.get_by_role("button", name="Add this chain").press("Enter")
    # Told beside it, and kept as it was typed.
    expect(block.get_by_text("must be from 0 to 100 %")).to_be_visible()
    expect(block.get_by_label("Mix")).to_have_value("120")
    expect(block.get_by_label("Post space").locator("option:checked")).to_have_text("Grand Hall")
    is_wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.evaluate(is_wider) is False

    mix = block.get_by_label("Mix")
    mix.press("Control+A")
    mix.press_sequentially("35")
    page.get_by_role("button", name="Add this chain").press("Enter")
    expect(page.get_by_text("Mix 35 %")).to_be_visible()
    [chain] = SignalChain.objects.all()
    assert [block.parameters for block in chain.blocks.filter(slot="post")] == [{"mix_pct": 35.0}]
    # That answer is a 422, which browsers write to the console.
    assert [text for text in complaints if "422" not in text] == []


def test_the_kind_that_was_chosen_for_an_ir_stays(
    live_server: Any, alice: User, browser: Browser
) -> None:
    page = page_of(browser, alice, live_server.url, [])
    page.goto(live_server.url + reverse("gear-list"))
    page.get_by_text("Add one capture with its details").click()
    form = page.locator("form", has=page.get_by_role("button", name="Upload the capture"))
    file, kind = form.locator('input[type="file"]'), form.locator('input[name="kind"]:checked')
    file.set_input_files(named("hall.wav"))
    expect(kind).to_have_value("")
    form.get_by_role("radio", name="Space (reverb IR)").check()
    file.set_input_files(named("plate.wav"))
    expect(kind).to_have_value("space")
    file.set_input_files(named("amp.nam"))
    expect(kind).to_have_value("")
    form.get_by_role("radio", name="Pedal").check()
    file.set_input_files(named("fuzz.nam"))
    expect(kind).to_have_value("pedal")
    file.set_input_files(named("plate.wav"))
    expect(kind).to_have_value("")


def named(name: str) -> FilePayload:
    return {"name": name, "mimeType": "audio/wav", "buffer": b"RIFF"}


def test_a_space_moves_and_goes_as_other_blocks_do(
    live_server: Any, alice: User, browser: Browser
) -> None:
    page = page_of(browser, alice, live_server.url, [])
    page.goto(live_server.url + reverse("chain-new"))
    post = page.locator('[data-slot="post"]')
    post.get_by_role("button", name="+ Space").click()
    expect(post.get_by_label("Post space").locator("option")).to_have_text(
        "No space yet: upload one"
    )
    post.get_by_role("button", name="Add effect").click()
    blocks = post.locator("[data-block] .block__head > span:first-child")
    expect(blocks).to_have_text(["Space", "Gain"])
    post.get_by_role("button", name="Move Space later").press("Enter")
    expect(blocks).to_have_text(["Gain", "Space"])
    post.get_by_role("button", name="Remove Space").press("Enter")
    expect(blocks).to_have_text(["Gain"])
