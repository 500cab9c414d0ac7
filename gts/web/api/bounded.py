"""Lists and objects of an input that have an end, which is looked at before any of their items.

The REST framework judges every item of a ``ListField`` or a ``DictField`` first and counts them
afterwards, and bounds nothing unless it is told to: 20,000 wrong items cost seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.validators import MaxLengthValidator
from rest_framework import serializers

# So many times what is allowed is read, so that who gives a little too much is told in the words
# of the services ("A shootout takes 2 to 27 chains"). Beyond it no item is looked at.
ROOM: Final = 4


class BoundedList(serializers.ListSerializer[Any]):
    """A list of at most ``max_length`` objects. This one the framework counts first."""

    def __init__(
        self, *, child: serializers.BaseSerializer[Any], max_length: int, **options: Any
    ) -> None:
        super().__init__(child=child, max_length=max_length, **options)


class BoundedListField(serializers.ListField):
    """A list of at most ``max_length`` plain values, or of objects that may be null."""

    default_error_messages = {
        "max_length": "Ensure this field has no more than {max_length} elements."
    }

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)
        self.max_length: int = max_length

    def to_internal_value(self, data: Any) -> list[Any]:
        if is_too_long(self, data):
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class BoundedDictField(serializers.DictField):
    """An object of at most ``max_length`` names."""

    default_error_messages = {
        "max_length": "Ensure this field has no more than {max_length} names."
    }

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(**options)
        self.max_length: int = max_length
        self.validators.append(MaxLengthValidator(max_length))  # for the schema

    def to_internal_value(self, data: Any) -> dict[Any, Any]:
        if is_too_long(self, data):
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


def is_too_long(field: serializers.Field[Any, Any, Any, Any], data: Any) -> bool:
    """Whether ``data`` is a list or an object of more items than ``field`` takes."""
    max_length: int | None = getattr(field, "max_length", None)
    return max_length is not None and isinstance(data, list | Mapping) and len(data) > max_length
