"""What a manifest is, by schema version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

MANIFEST_SCHEMA_VERSION = 1
_SCHEMAS = Path(__file__).parent / "schemas"


@cache
def manifest_schema(version: int) -> Mapping[str, Any]:
    """The JSON Schema (2020-12) of a schema version. Raises ``KeyError`` if there never was one."""
    if not 1 <= version <= MANIFEST_SCHEMA_VERSION:
        raise KeyError(version)
    text = (_SCHEMAS / f"manifest-v{version}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
