from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from accounts.login.local import is_local_login_allowed


def is_allowed(address: str = "127.0.0.1", host: str = "localhost:8000", **meta: Any) -> bool:
    request = RequestFactory().post("/login/local/", REMOTE_ADDR=address, HTTP_HOST=host, **meta)
    return is_local_login_allowed(request)


@pytest.fixture(autouse=True)
def _embedded(settings: Settings) -> None:
    settings.IS_EMBEDDED = True


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8000"]
)
def test_who_sits_at_the_machine_is_let_in(address: str, host: str) -> None:
    assert is_allowed(address, host)


@pytest.mark.parametrize(
    "address",
    ["192.168.1.4", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "0.0.0.0", "", "unix:", "localhost"],
)
def test_other_machines_are_not(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "localhost:8000@evil.example",
        "localhost:",
        "localhost:abc",
        "localhost\n",
        "::1",
        "",
        "192.168.1.4",
        "127.0.0.2",
    ],
)
def test_a_name_that_is_not_loopback_is_refused(host: str) -> None:
    assert not is_allowed(host=host)


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Forwarded-Server",
        "X-Forwarded",
        "X-Real-IP",
        "Forwarded",
        "Via",
        "CF-Connecting-IP",
        "CF-Ray",
        "CDN-Loop",
        "True-Client-IP",
        "X-Client-IP",
        "X-Cluster-Client-IP",
        "Fastly-Client-IP",
        "X-Original-Host",
    ],
)
@pytest.mark.parametrize("value", ["127.0.0.1", ""])
def test_any_trace_of_a_proxy_is_refused(header: str, value: str) -> None:
    name = "HTTP_" + header.upper().replace("-", "_")
    assert not is_allowed(**{name: value})


def test_production_has_no_local_login(settings: Settings) -> None:
    settings.IS_EMBEDDED = False
    assert not is_allowed()
