from __future__ import annotations

import pytest
from django.test import Client

from gts.web.request_id import current_request_id


def answered(given: str | None) -> str:
    headers = {} if given is None else {"X-Request-ID": given}
    return str(Client().get("/health/live", headers=headers)["X-Request-ID"])


@pytest.mark.parametrize("given", ["a", "0f-3.x_Y", "x" * 64])
def test_a_sane_id_is_taken_over(given: str) -> None:
    assert answered(given) == given


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a\tb", "<script>", "é"])
def test_any_other_is_replaced(given: str | None) -> None:
    first, second = answered(given), answered(given)
    assert first != second
    assert len(first) == 32


def test_outside_of_a_request_there_is_none() -> None:
    answered("abc")
    assert current_request_id() == ""
