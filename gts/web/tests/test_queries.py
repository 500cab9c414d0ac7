"""Query strings that are not filters: what the schema says, and nothing like it."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from gts.web.api.queries import QuerySerializer, TrueFalseField, WholeNumberField


class _Query(QuerySerializer):
    a = WholeNumberField(min_value=0, max_value=20)
    di = WholeNumberField(default=0)
    media = TrueFalseField(default=False)


def read(query: str) -> dict[str, Any]:
    return _Query.values_of(Request(APIRequestFactory().get(f"/?{query}")))


def test_values_have_their_types() -> None:
    assert read("a=3&di=1&media=true") == {"a": 3, "di": 1, "media": True}
    assert read("a=07") == {"a": 7, "di": 0, "media": False}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "a"),
        ("a=", "a"),
        ("a=1.0", "a"),
        ("a=1_0", "a"),
        ("a=+1", "a"),
        ("a=%201", "a"),
        ("a=%D9%A3", "a"),
        ("a=21", "a"),
        ("a=" + "9" * 5000, "a"),
        ("a=1&di=", "di"),
        ("a=1&media=", "media"),
        ("a=1&media=1", "media"),
        ("a=1&media=True", "media"),
    ],
)
def test_anything_else_is_an_error_and_never_a_default(query: str, name: str) -> None:
    with pytest.raises(ValidationError) as error:
        read(query)
    assert isinstance(error.value.detail, dict)
    assert list(error.value.detail) == [name]
