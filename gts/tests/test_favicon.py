from __future__ import annotations

from django.contrib.staticfiles import finders
from django.test import Client


def test_an_icon_is_found_where_browsers_look() -> None:
    answer = Client().get("/favicon.ico")
    assert answer.status_code == 302
    assert finders.find(answer["Location"].removeprefix("/static/"))
