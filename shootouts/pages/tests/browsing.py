"""Pages of a browser in which someone is logged in to the server of a test."""

from __future__ import annotations

from typing import Final

import pytest
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page

from accounts.models import User
from accounts.tests.needs import needs_chromium

BROWSER_MARKS: Final = [
    pytest.mark.processes,
    needs_chromium,
    pytest.mark.django_db(transaction=True),
]


def page_of(browser: Browser, user: User, address: str, complaints: list[str]) -> Page:
    """``complaints`` collects what its console says, but that this server has no sockets."""

    def note(message: ConsoleMessage) -> None:
        if "WebSocket" not in message.text:
            complaints.append(f"{message.type}: {message.text}")

    client = Client()
    client.force_login(user)
    session = client.cookies["sessionid"].value
    context = browser.new_context()
    context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    page = context.new_page()
    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page
