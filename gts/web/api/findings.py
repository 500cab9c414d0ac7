"""What the REST framework finds wrong with an input, as findings with JSON pointers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rest_framework.settings import api_settings

from gts.web.errors import ErrorDetail, InvalidInputError


def invalid_input(details: Sequence[ErrorDetail]) -> InvalidInputError:
    many = f"The input has {len(details)} mistakes."
    return InvalidInputError(details[0].message if len(details) == 1 else many, details=details)


def findings_in(detail: Any, pointer: str = "") -> Iterator[ErrorDetail]:
    """The leaves of a validation error, each with the JSON pointer to what it is about."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            is_about_all = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from findings_in(value, pointer if is_about_all else f"{pointer}/{escaped(key)}")
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, value in enumerate(detail):
            is_leaf = isinstance(value, str)
            yield from findings_in(value, pointer if is_leaf else f"{pointer}/{index}")
    else:
        code = str(getattr(detail, "code", None) or "invalid").upper()
        yield ErrorDetail(pointer, code, str(detail))


def escaped(key: object) -> str:
    """As a part of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")  # RFC 6901
