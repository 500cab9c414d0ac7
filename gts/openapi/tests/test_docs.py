from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from accounts.tests.needs import needs_chromium


def test_the_schema_describes_every_error_answer(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    operation = schema["paths"]["/api/v1/me/"]["patch"]
    assert {"200", "400", "401", "413", "415", "422", "429"} <= set(operation["responses"])
    assert operation["security"] == [{"personal_token": []}, {"jwt": []}, {"session": []}]
    assert "403" in operation["responses"]
    assert schema["paths"]["/api/v1/me/tokens/"]["post"]["security"] == [{"session": []}]
    assert schema["components"]["securitySchemes"]["personal_token"]["scheme"] == "bearer"
    assert schema["components"]["securitySchemes"]["jwt"]["scheme"] == "bearer"


def test_the_docs_page_has_nothing_inline(client: Client) -> None:
    answer = client.get("/api/docs/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "script-src 'self';" in answer["Content-Security-Policy"]
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=") == 2
    script = client.get("/api/docs/?script")
    assert script["Content-Type"].startswith("application/javascript")


@pytest.mark.processes
@needs_chromium
def test_the_docs_page_works_under_the_security_policy(live_server: Any, browser: Browser) -> None:
    complaints: list[str] = []
    requested: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requested.append(request.url))
        page.goto(f"{live_server.url}/api/docs/")
        page.get_by_text("Who am I").wait_for(timeout=60_000)
        page.locator("#operations-accounts-me_read button.opblock-summary-control").click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table .response-col_status").get_by_text("401").wait_for()
    assert complaints  # so it does listen
    # The answer 401 is logged by the browser itself.
    assert [text for text in complaints if "401" not in text] == []
    own = (live_server.url, "data:", "blob:")
    assert [url for url in requested if not url.startswith(own)] == []
