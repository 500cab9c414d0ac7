"""What stored documents are typed with: JSON values, and records whose fields say what they are.

JSON values only pass through, from those who know them to a row or a process and back. Of a record
each field has its description beside it, which JSON Schemas and the reference tables of the
documentation are made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import msgspec

JSONValue: TypeAlias = (
    bool | int | float | str | Sequence["JSONValue"] | Mapping[str, "JSONValue"] | None
)
JSONObject: TypeAlias = Mapping[str, JSONValue]


class Record(msgspec.Struct, frozen=True, gc=False):
    """Data as it is written. What a newer version adds to it is left out when it is read."""


def builtins_of(value: object) -> Any:
    """Records as dictionaries and lists. Numbers of NumPy that are floats become floats."""
    return msgspec.to_builtins(value, enc_hook=_number)


def _number(value: object) -> float:
    """Of what msgspec does not know. Its hooks refuse a type by ``NotImplementedError``."""
    if isinstance(value, float):
        return float(value)
    raise NotImplementedError(f"{type(value).__name__} is not written")


def about(
    description: str,
    keys: Mapping[str, str] | None = None,
    *,
    is_later: bool = False,
    is_former: bool = False,
) -> msgspec.Meta:
    """``description``: of a field, in Markdown. ``keys``: of the names in a mapping.

    ``is_later``: older documents are read without it. ``is_former``: only older ones have it.
    """
    return msgspec.Meta(
        description=description or None,
        extra={"keys": dict(keys or {}), "is_later": is_later, "is_former": is_former},
    )


# The patterns are for readers of the schema. What GTS has written itself is not searched again.
Sha256: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[0-9a-f]{64}$"})]
# As it came: 5 stays 5, and 5.0 stays 5.0.
Number: TypeAlias = int | float
Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
