"""The manners of all input: nothing unknown, nothing of another type, no list without an end.

The REST framework judges every item of a ``ListField`` or a ``DictField`` first and counts them
afterwards, and bounds nothing unless it is told to: 20,000 wrong items cost seconds. Here the end
is looked at before any of the items.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from django.core.validators import MaxLengthValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.settings import api_settings
from rest_framework.utils.html import is_html_input

# So many times what is allowed is read, so that who gives a little too much is told in the words
# of the services ("A shootout takes 2 to 27 chains"). Beyond it no item is looked at.
ROOM: Final = 4

UNKNOWN_FIELD = "Unknown field."
READ_ONLY_FIELD = "This field cannot be set."
WRONG_TYPE = "This is not a value of the right type."
TOO_LONG = "Ensure this field has no more than {max_length} characters."

# Of an object; how many more there are is told in one sentence.
_MAX_UNKNOWN_NAMED: Final = 20


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


@extend_schema_field({"$ref": "#/components/schemas/ErrorCode"})
class ErrorCodeField(serializers.CharField):
    """A code of ``gts/openapi/error_codes.toml``."""


# Not a docstring: every kind of input would inherit it, and the schema show it.
# An unknown or a read-only field is an error, told together with all others. So is a JSON value of
# another type: 5 is no name, and "5" is no number. Forms are all text. A text is as long as it was
# sent: one that fits only after trimming is too long, as the schema says.
class StrictSerializer(serializers.Serializer[Any]):
    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            f"a list of {cls.__name__} needs an end: BoundedList(child=…, max_length=…)"
        )

    def to_internal_value(self, data: Any) -> Any:
        root: Any = self.root
        if root is self or not root.partial:
            return self._to_values(data)
        # Of a PATCH only the outermost fields may be left out: a part that is given is given whole.
        root.partial = False
        try:
            return self._to_values(data)
        finally:
            root.partial = True

    def _to_values(self, data: Any) -> Any:
        findings = self._findings(data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            if findings and isinstance(error.detail, dict):
                raise ValidationError(_together(error.detail, findings)) from error
            raise
        if findings:
            raise ValidationError(findings)
        return value

    def _findings(self, data: Mapping[str, Any]) -> dict[str, Any]:
        findings: dict[str, Any] = {}
        fields, num_unknown = self.fields, 0
        for name, value in data.items():
            field = fields.get(name)
            if field is None:
                num_unknown += 1
                if num_unknown <= _MAX_UNKNOWN_NAMED:
                    findings[name] = [ErrorDetail(UNKNOWN_FIELD, code="unknown_field")]
            elif field.read_only:
                findings[name] = [ErrorDetail(READ_ONLY_FIELD, code="read_only")]
            elif found := _wrong_as_sent(field, value, is_form=is_html_input(data)):
                findings[name] = found
        if num_unknown > _MAX_UNKNOWN_NAMED:
            more = f"There are {num_unknown - _MAX_UNKNOWN_NAMED} more fields that do not exist."
            findings[api_settings.NON_FIELD_ERRORS_KEY] = [ErrorDetail(more, code="unknown_field")]
        return findings


def _together(known: Mapping[Any, Any], findings: Mapping[Any, Any]) -> dict[Any, Any]:
    """All of both. Of lists too, whose items are found wrong one by one."""
    merged = {**known, **findings}
    for name in known.keys() & findings.keys():
        if isinstance(known[name], Mapping) and isinstance(findings[name], Mapping):
            merged[name] = {**known[name], **findings[name]}
    return merged


def _wrong_as_sent(
    field: serializers.Field[Any, Any, Any, Any], value: Any, *, is_form: bool
) -> Any:
    """What the field would have put right silently, as the detail of an error."""
    if is_too_long(field, value):
        return None  # the field says so itself
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        found = {
            index: wrong
            for index, item in enumerate(value)
            if (wrong := _wrong_as_sent(field.child, item, is_form=is_form))
        }
        return found or None
    if not is_form and not _is_of_its_type(field, value):
        return [ErrorDetail(WRONG_TYPE, code="invalid")]
    if isinstance(field, serializers.CharField) and _is_longer(value, field.max_length):
        return [ErrorDetail(TOO_LONG.format(max_length=field.max_length), code="max_length")]
    return None


def is_too_long(field: serializers.Field[Any, Any, Any, Any], data: Any) -> bool:
    """Whether ``data`` is a list or an object of more items than ``field`` takes."""
    max_length: int | None = getattr(field, "max_length", None)
    return max_length is not None and isinstance(data, list | Mapping) and len(data) > max_length


def _is_of_its_type(field: serializers.Field[Any, Any, Any, Any], value: Any) -> bool:
    match field:
        case _ if value is None:
            return True
        case serializers.CharField() | serializers.ChoiceField() | serializers.UUIDField():
            return isinstance(value, str)
        case serializers.BooleanField():
            return isinstance(value, bool)
        case serializers.IntegerField() | serializers.FloatField():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return True


def _is_longer(value: Any, max_length: int | None) -> bool:
    """Counted as the schema counts: with the white space around it, which is not kept."""
    return max_length is not None and isinstance(value, str) and len(value) > max_length
