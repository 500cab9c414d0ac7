"""Query strings that are not filters, read as strictly as bodies: as the schema says."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

_WHOLE_NUMBER = re.compile("-?[0-9]+")


class QuerySerializer(serializers.Serializer[Any]):
    """What may be asked behind a ``?``. What is there without a value has a wrong one."""

    @classmethod
    def values_of(cls, request: Request) -> dict[str, Any]:
        query = cls(data=request.query_params.dict())  # of a form, empty would be missing
        query.is_valid(raise_exception=True)
        return dict(query.validated_data)


class WholeNumberField(serializers.IntegerField):
    """Digits. ``int()`` would also take "1.0", "1_0" and the digits of other scripts."""

    def to_internal_value(self, data: Any) -> int:
        if not _WHOLE_NUMBER.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class TrueFalseField(serializers.BooleanField):
    """``true`` or ``false``."""

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false"):
            self.fail("invalid")
        return bool(data == "true")
