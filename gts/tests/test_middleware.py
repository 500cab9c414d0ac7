from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string


@pytest.mark.parametrize("name", settings.MIDDLEWARE)
def test_all_of_it_works_both_ways(name: str) -> None:
    """One that does not would move every async view into a thread."""
    middleware = import_string(name)
    assert middleware.sync_capable
    assert middleware.async_capable


def test_a_form_may_lead_to_tone_3000_and_nowhere_else(client: Client) -> None:
    policy = client.get("/login/")["Content-Security-Policy"]
    assert "form-action 'self' https://tone3000.com https://*.tone3000.com;" in policy
