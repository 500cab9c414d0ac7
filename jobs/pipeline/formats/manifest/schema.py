"""What a manifest is, by schema version, for other programs.

The file of the newest version is made from the types (``python -m tools.manifest_documents``).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jobs.pipeline.formats.manifest.document import MANIFEST_SCHEMA_VERSION
from jobs.pipeline.json_values import JSONObject


@cache
def manifest_schema(version: int) -> JSONObject:
    """The JSON Schema (2020-12) of a schema version. Raises ``KeyError`` if there never was one."""
    if not 1 <= version <= MANIFEST_SCHEMA_VERSION:
        raise KeyError(version)
    schema: dict[str, Any] = json.loads(schema_path(version).read_text(encoding="utf-8"))
    return schema


def schema_path(version: int) -> Path:
    return Path(__file__).with_name(f"schema-v{version}.json")
