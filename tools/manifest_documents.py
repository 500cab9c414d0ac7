"""What is made from the types of the manifest: its JSON Schema, and the tables of docs/manifest.md.

``python -m tools.manifest_documents`` writes both; a test fails while they say something else.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from jobs.pipeline.formats.manifest import MANIFEST_SCHEMA_VERSION, Manifest
from jobs.pipeline.formats.manifest.document import schema_path
from tools.made_tables import table, with_tables

_DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "manifest.md"

# Which table of the document has which keys: those of the longest beginning.
_TABLES: Final = {
    "": "whole",
    "dis": "compared",
    "contenders": "compared",
    "inputs": "compared",
    "segments": "segments",
    "failed_segments": "segments",
    "fairness": "segments",
    "segments[].metrics": "metrics",
    "segments[].notes": "metrics",
    "segments[].blocks": "blocks",
    "segments[].recipe": "recipe",
    "segments[].recipe_digest": "recipe",
    "segments[].rendered_with": "recipe",
    "engine": "engine",
    "montage": "montage",
    "chapters": "montage",
    "youtube": "montage",
    "timeline": "montage",
}
_NAMES_OF_TYPES: Final = {
    inspect.StrType: ("text",),
    inspect.IntType: ("whole number",),
    inspect.FloatType: ("number",),
    inspect.BoolType: ("true", "false"),
    inspect.NoneType: ("null",),
}


@dataclass(frozen=True, slots=True)
class _Key:
    """One way to a value. ``of``: the kind of block that has it, where not all do."""

    path: str
    types: tuple[str, ...]
    description: str
    of: str = ""


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12."""
    made = msgspec.json.schema(Manifest)
    definitions = made["$defs"]
    for info in _records(inspect.type_info(Manifest)):
        definition = definitions[info.cls.__name__]
        definition.pop("title", "")
        definition.pop("description", "")  # speaks to readers of the code
        for values in definition["properties"].values():
            values.pop("default", None)  # of those who read, not of what is written
            _merge_numbers(values)
        required = [field.encode_name for field in info.fields if not _age(field)]
        tag = [info.tag_field] if isinstance(info, inspect.StructType) and info.tag_field else []
        definition["required"] = [*tag, *required]
    whole = definitions.pop(Manifest.__name__)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Manifest of a rendered shootout, schema version {MANIFEST_SCHEMA_VERSION}",
        "description": "docs/manifest.md says what each key is. A key may be added within a "
        "version; readers ignore what they do not know.",
        **whole,
        "$defs": definitions,
    }


def _merge_numbers(values: dict[str, Any]) -> None:
    """Every integer is a number, too."""
    if "additionalProperties" in values:
        _merge_numbers(values["additionalProperties"])
    choices = values.pop("anyOf", [])
    for one in [one for one in choices if one.get("type") == "integer"]:
        if {**one, "type": "number"} in choices:
            choices.remove(one)
    if choices:
        values.update({"anyOf": choices} if len(choices) > 1 else choices[0])


def tables() -> Mapping[str, str]:
    """The tables of the document by name, as Markdown."""
    keys: dict[str, list[_Key]] = {}
    for key in _keys(inspect.type_info(Manifest)):
        keys.setdefault(key.path, []).append(key)
    rows: dict[str, list[tuple[str, str, str]]] = {name: [] for name in _TABLES.values()}
    for path, same in keys.items():
        begins = max((one for one in _TABLES if _begins(path, one)), key=len)
        rows[_TABLES[begins]].append((f"`{path}`", _listed(same), _descriptions(same)))
    return {name: table(("key", "type", "what it is"), found) for name, found in rows.items()}


def stale() -> list[Path]:
    """The files that are not as they should be."""
    return [path for path, text in _made().items() if path.read_text(encoding="utf-8") != text]


def _made() -> dict[Path, str]:
    return {
        schema_path(MANIFEST_SCHEMA_VERSION): json.dumps(schema(), indent=1, ensure_ascii=False)
        + "\n",
        _DOCUMENT: with_tables(_DOCUMENT.read_text(encoding="utf-8"), tables()),
    }


def _records(info: inspect.Type) -> Iterator[inspect.StructType | inspect.DataclassType]:
    """Every type with fields that is part of another, itself the first."""
    match info:
        case inspect.StructType() | inspect.DataclassType():
            yield info
            for field in info.fields:
                yield from _records(field.type)
        case inspect.Metadata():
            yield from _records(info.type)
        case inspect.VarTupleType():
            yield from _records(info.item_type)
        case inspect.UnionType():
            for one in info.types:
                yield from _records(one)


def _keys(
    info: inspect.Type, path: str = "", description: str = "", later: str = "", of: str = ""
) -> Iterator[_Key]:
    """Every key below ``path``, in the order of the types. ``later``: what is said of those that
    came later."""
    keys: Mapping[str, str] = {}
    if isinstance(info, inspect.Metadata):
        description = (info.extra_json_schema or {}).get("description", "")
        keys = (info.extra or {}).get("keys", {})
    record, item = _record(info), _plain(info)
    if isinstance(item, inspect.VarTupleType) and _record(item.item_type):
        yield from _keys(item.item_type, f"{path}[]")
    elif isinstance(item, inspect.UnionType) and all(_record(one) for one in item.types):
        for one in item.types:
            yield from _keys(one, path)
    elif isinstance(item, inspect.VarTupleType):
        yield from _keys(item.item_type, f"{path}[]", description, later, of)
    elif isinstance(item, inspect.DictType):
        for key, text in keys.items():
            yield _Key(f"{path}.{key}", _types(item.value_type), text, of)
    elif record is not None:
        tag = str(record.tag) if isinstance(record, inspect.StructType) and record.tag else ""
        if tag and isinstance(record, inspect.StructType):
            yield _Key(f"{path}.{record.tag_field}", (f"`{tag}`",), "which kind of block it is")
        for field in record.fields:
            below = f"{path}.{field.encode_name}".lstrip(".")
            yield from _keys(field.type, below, "", _age(field), tag or of)
    else:
        yield _Key(path, _types(info), description + later, of)


def _plain(info: inspect.Type) -> inspect.Type:
    """Without what is said of it, and without null."""
    if isinstance(info, inspect.Metadata):
        return _plain(info.type)
    if isinstance(info, inspect.UnionType):
        known = [one for one in info.types if not isinstance(one, inspect.NoneType)]
        return _plain(known[0]) if len(known) == 1 else info
    return info


def _record(info: inspect.Type) -> inspect.StructType | inspect.DataclassType | None:
    plain = _plain(info)
    return plain if isinstance(plain, inspect.StructType | inspect.DataclassType) else None


def _types(info: inspect.Type) -> tuple[str, ...]:
    """What a value may be, in words."""
    match info:
        case inspect.Metadata():
            words = (info.extra_json_schema or {}).get("enum")
            return _choice(words) if words else _types(info.type)
        case inspect.LiteralType():
            return _choice(info.values)
        case inspect.UnionType():
            return tuple(name for one in info.types for name in _types(one))
        case _:
            return _NAMES_OF_TYPES[type(info)]


def _choice(words: Any) -> tuple[str, ...]:
    return tuple(f"`{word}`" for word in words)


def _listed(same: list[_Key]) -> str:
    found = dict.fromkeys(name for key in same for name in key.types)
    if "number" in found:
        found.pop("whole number", None)
    *names, last = found
    return f"{', '.join(names)} or {last}" if names else last


def _descriptions(same: list[_Key]) -> str:
    """Of a key that several kinds of blocks have, said once where it is the same."""
    by_text: dict[str, list[str]] = {}
    for key in same:
        by_text.setdefault(key.description, []).append(key.of)
    return "; ".join(
        f"{', '.join(dict.fromkeys(kinds))}: {text}" if any(kinds) else text
        for text, kinds in by_text.items()
    )


def _age(field: inspect.Field) -> str:
    """What is said of a key that not every manifest has."""
    extra = (field.type.extra if isinstance(field.type, inspect.Metadata) else None) or {}
    if extra.get("is_later"):
        return " (not in older manifests)"
    return " (only in older manifests)" if extra.get("is_former") else ""


def _begins(path: str, beginning: str) -> bool:
    return not beginning or re.match(rf"{re.escape(beginning)}(?![\w-])", path) is not None


if __name__ == "__main__":
    for path, text in _made().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
