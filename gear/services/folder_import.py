"""Gear from a folder of this machine: .nam and .wav files, and what is written beside them.

Beside ``jcm800.nam`` may lie ``jcm800.toml`` with fields of the gear, and in any folder a
``gear.csv`` with a column ``file`` and one for each field. What the TOML says goes before the CSV,
and both before what the command was told for all.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import User
from gear.captures.files import FORMAT_OF_KIND, kind_of_file
from gear.captures.inspection import best_name, inspect_capture, name_of_file, without_make
from gear.models import Capture, GearItem
from gear.models.item import CaptureFormat
from gear.services.captures import gear_import
from gear.text import clean_text
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.toml_text import TomlError, read_toml

FIELDS: Final = ("kind", "name", "make", "creator", "licence", "description", "source_url")
_FORMATS: Final = {".nam": CaptureFormat.NAM, ".wav": CaptureFormat.IR}
_TABLE: Final = "gear.csv"
_MAX_TEXT_BYTES: Final = 1024 * 1024


class ImportState(StrEnum):
    ADDED = "added"
    KNOWN = "known"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Imported:
    """``path``: below the folder; ``note``: what is wrong, or what it became."""

    path: Path
    state: ImportState
    note: str


class _BadDescriptionError(ValueError):
    pass


def gear_import_folder(
    *,
    owner: User,
    folder: Path,
    defaults: Mapping[str, str],
    nam_kind: str = "",
    is_shared: bool = False,
    is_dry_run: bool = False,
) -> Iterator[Imported]:
    """Every capture below ``folder``, one after the other, in the order of their names.

    Links are followed nowhere. A file that ``owner`` has already is left alone, so the same folder
    may be imported again. With ``is_dry_run`` all is looked into and nothing is stored. Raises
    ``PipelineError`` STORAGE_UNAVAILABLE.
    """
    seen: set[str] = set()
    for path in _captures_below(folder):
        relative = path.relative_to(folder)
        capture_format = _FORMATS[path.suffix.lower()]
        try:
            if path.stat().st_size > settings.GTS_CAPTURE_MAX_BYTES:
                limit = settings.GTS_CAPTURE_MAX_BYTES // 1024**2
                raise _BadDescriptionError(f"it is larger than {limit} MB")
            fields = {**defaults, **_described(path)}
            if nam_kind and capture_format == CaptureFormat.NAM:
                fields.setdefault("kind", nam_kind)
            if "kind" in fields:
                _check_kind(fields["kind"], capture_format)
            sha256 = sha256_of(path)
            owned = Capture.objects.owned_by(owner).filter(sha256=sha256)
            known = owned.select_related("gear").first()
            if known is not None or sha256 in seen:
                note = str(known.gear) if known is not None else "the same file again"
                yield Imported(relative, ImportState.KNOWN, note)
                continue
            if is_dry_run:
                item = _look_at(owner, path, capture_format, fields, is_shared)
            else:
                item = gear_import(owner=owner, path=path, is_shared=is_shared, **fields).gear
        except PipelineError as error:
            if not error.is_permanent:
                raise
            yield Imported(relative, ImportState.BAD, error.message)
        except ValidationError as error:
            yield Imported(relative, ImportState.BAD, _in_words(error))
        except (_BadDescriptionError, OSError) as error:
            yield Imported(relative, ImportState.BAD, str(error))
        else:
            seen.add(sha256)
            yield Imported(relative, ImportState.ADDED, f"{item.kind} {item}")


def _captures_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            is_ours = path.suffix.lower() in _FORMATS and not name.startswith(".")
            if is_ours and not path.is_symlink() and path.is_file():
                yield path


def _described(path: Path) -> dict[str, str]:
    """What is written beside a file about it. Raises ``_BadDescriptionError``."""
    fields = _from_table(path) | _from_toml(path)
    return {name: clean_text(text) for name, text in fields.items() if text.strip()}


def _from_toml(path: Path) -> dict[str, str]:
    sidecar = path.with_suffix(".toml")
    data = _bytes_of(sidecar)
    if data is None:
        return {}
    try:
        found = read_toml(data)
    except TomlError as error:
        raise _BadDescriptionError(f"{sidecar.name}: {error}") from error
    return _checked(sidecar, found)


def _from_table(path: Path) -> dict[str, str]:
    table = path.with_name(_TABLE)
    data = _bytes_of(table)
    if data is None:
        return {}
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _BadDescriptionError(f"{_TABLE} is not UTF-8") from error
    try:
        rows = list(csv.DictReader(text.splitlines(), strict=True))
    except csv.Error as error:
        raise _BadDescriptionError(f"{_TABLE}: {error}") from error
    for row in rows:
        if row.get("file") == path.name:
            fields = {name: value for name, value in row.items() if name != "file"}
            return _checked(table, fields)
    return {}


def _checked(source: Path, found: Mapping[Any, Any]) -> dict[str, str]:
    unknown = [str(name) for name in found if name not in FIELDS]
    if unknown:
        raise _BadDescriptionError(
            f"{source.name}: unknown {', '.join(unknown)}; there are {', '.join(FIELDS)}"
        )
    wrong = [name for name, value in found.items() if not isinstance(value, str)]
    if wrong:
        raise _BadDescriptionError(f"{source.name}: {', '.join(wrong)} must be text")
    return dict(found)


def _bytes_of(path: Path) -> bytes | None:
    if path.is_symlink() or not path.is_file():
        return None
    if path.stat().st_size > _MAX_TEXT_BYTES:
        raise _BadDescriptionError(f"{path.name} is larger than {_MAX_TEXT_BYTES // 1024**2} MB")
    return path.read_bytes()


def _check_kind(kind: str, capture_format: CaptureFormat) -> None:
    kinds = [str(known) for known, wanted in FORMAT_OF_KIND.items() if wanted == capture_format]
    if kind not in kinds:
        raise _BadDescriptionError(
            f"{kind} is no kind for a .{capture_format} file: {', '.join(kinds)}"
        )


def _look_at(
    owner: User,
    path: Path,
    capture_format: CaptureFormat,
    fields: Mapping[str, str],
    is_shared: bool,
) -> GearItem:
    """As ``gear_import``, without anything that stays, and without a look at other gear."""
    given = {"kind": kind_of_file(path.name), "name": name_of_file(path.name)[:200], **fields}
    item = GearItem(owner=owner, is_shared=is_shared, **given)
    item.clean_fields(exclude=["owner"])
    facts = inspect_capture(path, capture_format, kind=fields.get("kind", ""))
    item.make = item.make or facts.make
    if "kind" not in fields:
        item.kind = facts.kind or item.kind
    if "name" not in fields:
        said = [(without_make(text, item.make), False) for text in (facts.name, facts.model)]
        item.name = best_name(said, path.name)
    return item


def _in_words(error: ValidationError) -> str:
    return "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
