from __future__ import annotations

import pytest

from accounts.tests.own_redis import own_database


@pytest.mark.parametrize(
    ("test_process", "url"),
    [("gw0", "redis://h:1/9"), ("gw3", "redis://h:1/12"), ("", "redis://h:1/9")],
)
def test_each_test_process_has_its_own(test_process: str, url: str) -> None:
    assert own_database("redis://h:1/9", test_process) == url


def test_without_redis_there_is_none() -> None:
    assert own_database("", "gw1") == ""
