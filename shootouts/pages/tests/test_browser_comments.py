"""Comments with the keyboard alone, in a real browser under the real security policy."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, expect

from accounts.models import User
from shootouts.models import Comment, Shootout
from shootouts.pages.tests.browsing import BROWSER_MARKS, page_of
from shootouts.pages.tests.pages import detail_url

pytestmark = BROWSER_MARKS


def test_comments_are_written_changed_hidden_and_deleted_by_keyboard(
    live_server: Any, rendered: Shootout, alice: User, charlie: User, browser: Browser
) -> None:
    Shootout.objects.update(visibility="public")
    url = live_server.url + detail_url(rendered)
    complaints: list[str] = []
    guest = page_of(browser, charlie, live_server.url, complaints)
    guest.goto(url)
    guest.get_by_label("Your comment").focus()
    guest.keyboard.type("The loud one breathes.")
    guest.keyboard.press("Tab")
    guest.keyboard.press("Enter")
    comment = guest.locator(".comment")
    expect(comment).to_contain_text("The loud one breathes.")
    # Writing on goes on at once: focus has come back to the button.
    expect(guest.locator("#comment-send")).to_be_focused()

    comment.locator("summary").focus()
    guest.keyboard.press("Enter")
    guest.keyboard.press("Tab")
    guest.keyboard.press("Control+A")
    guest.keyboard.type("The quiet one breathes.")
    guest.keyboard.press("Tab")
    guest.keyboard.press("Enter")
    expect(comment).to_contain_text("edited")
    expect(comment).to_contain_text("The quiet one breathes.")

    owner = page_of(browser, alice, live_server.url, complaints)
    owner.goto(url)
    hide = owner.get_by_role("button", name="Hide the comment of charlie")
    hide.focus()
    owner.keyboard.press("Enter")
    expect(owner.locator(".comment")).to_contain_text("hidden by the owner")
    expect(owner.get_by_role("button", name="Show the comment of charlie again")).to_be_focused()
    assert Comment.objects.get().hidden_by == "owner"

    guest.on("dialog", lambda dialog: dialog.accept())
    guest.get_by_role("button", name="Delete your comment").focus()
    guest.keyboard.press("Enter")
    expect(guest.locator("#comments")).to_contain_text("No one has said anything yet.")
    assert not Comment.objects.exists()
    # The test server has no WebSockets; the pages ask again by themselves.
    assert complaints == []
