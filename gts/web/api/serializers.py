"""The manners of all input: nothing unknown, nothing of another type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.settings import api_settings
from rest_framework.utils.html import is_html_input

from gts.web.api.bounded import is_too_long

UNKNOWN_FIELD = "There is no such field."
READ_ONLY_FIELD = "This field cannot be set."
WRONG_TYPE = "This is not a value of the right type."
TOO_LONG = "Ensure this field has no more than {max_length} characters."

# Of an object; how many more there are is told in one sentence.
_MAX_UNKNOWN_NAMED: Final = 20


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
