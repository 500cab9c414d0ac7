"""The document of a draft: the builder's state, as it is stored.

Only its shape and its bounds are looked at when it is saved: it may be incomplete, and name
captures, chains and DI tracks that are not there (any more).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from gts.web.errors import ErrorDetail, InvalidInputError, TooLargeError
from jobs.pipeline.vocabulary.options import OPTION_NAMES, ShootoutOptions
from shootouts.models import Shootout

SCHEMA_VERSION: Final = 1
# Far more than a shootout of all the chains that it takes.
MAX_DOCUMENT_BYTES: Final = 128 * 1024
MAX_TITLE: Final = 200
MAX_DESCRIPTION: Final = 4000
ID_PATTERN: Final = "[a-z0-9]{1,16}"

# As JSON writes it, and not the same letters behind a backslash.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_NO_JSON: Final = "There is a number or a character in it that cannot be kept."
_ONE_OF_TWO: Final = "Give either a cell or a chain."


class DraftIR(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    capture_id: UUID
    parameters: dict[str, float | bool] = {}


class DraftBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    capture_id: UUID | None = None
    processor: str = ""
    parameters: dict[str, float | bool] = {}
    extra_irs: tuple[DraftIR, ...] = ()


class DraftOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``block``: None is nothing."""

    id: str
    block: DraftBlock | None


class DraftSlot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One block of a chain, and what may stand there."""

    id: str
    slot: str
    options: tuple[DraftOption, ...] = ()


class DraftEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place in the line-up: of a cell, by its key, or of a saved chain. ``label``: empty for what
    differs, or the name of the chain."""

    cell: str = ""
    chain_id: UUID | None = None
    label: str = ""


class DraftDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: int
    title: str = ""
    description: str = ""
    di_tracks: tuple[UUID, ...] = ()
    slots: tuple[DraftSlot, ...] = ()
    off: tuple[str, ...] = ()
    line_up: tuple[DraftEntry, ...] = ()
    options: dict[str, Any] = {}

    @property
    def shootout_options(self) -> ShootoutOptions:
        return ShootoutOptions(**self.options)


def document_read(data: Mapping[str, Any]) -> DraftDocument:
    """What was given or stored. Raises ``TooLargeError``, and ``InvalidInputError`` with findings
    that point below ``/document``."""
    try:
        text = json.dumps(data, allow_nan=False, ensure_ascii=False)
        num_bytes = len(text.encode())
    except ValueError as error:  # too large a number, or half of a character
        detail = ErrorDetail("/document", "INVALID", _NO_JSON)
        raise InvalidInputError(_NO_JSON, details=[detail]) from error
    if num_bytes > MAX_DOCUMENT_BYTES:
        raise TooLargeError(
            f"This draft has {num_bytes:,} bytes; {MAX_DOCUMENT_BYTES:,} are the most."
        )
    if _NUL.search(text):  # no database keeps it
        detail = ErrorDetail("/document", "INVALID", _NO_JSON)
        raise InvalidInputError(_NO_JSON, details=[detail])
    try:
        document = msgspec.convert(data, DraftDocument)
    except msgspec.ValidationError as error:
        detail = ErrorDetail("/document", "INVALID", str(error))
        raise InvalidInputError("This is not a draft.", details=[detail]) from error
    details = list(_findings(document))
    if details:
        raise InvalidInputError("This draft is not as it should be.", details=details)
    return document


def _findings(document: DraftDocument) -> Iterator[ErrorDetail]:
    if document.schema_version != SCHEMA_VERSION:
        message = f"This version of GTS knows drafts of version {SCHEMA_VERSION}."
        yield ErrorDetail("/document/schema_version", "INVALID", message)
    for name, text, most in (
        ("title", document.title, MAX_TITLE),
        ("description", document.description, MAX_DESCRIPTION),
    ):
        if len(text) > most:
            message = f"Ensure this field has no more than {most} characters."
            yield ErrorDetail(f"/document/{name}", "MAX_LENGTH", message)
    ids = [(f"/document/slots/{i}", slot.id) for i, slot in enumerate(document.slots)] + [
        (f"/document/slots/{i}/options/{j}", option.id)
        for i, slot in enumerate(document.slots)
        for j, option in enumerate(slot.options)
    ]
    seen: set[str] = set()
    for pointer, name in ids:
        if not re.fullmatch(ID_PATTERN, name):
            message = "An id has 1 to 16 small letters and digits."
            yield ErrorDetail(f"{pointer}/id", "INVALID", message)
        if name in seen:
            message = f"“{name}” is the id of something else in this draft."
            yield ErrorDetail(f"{pointer}/id", "DUPLICATE", message)
        seen.add(name)
    for i, entry in enumerate(document.line_up):
        if bool(entry.cell) == (entry.chain_id is not None):
            yield ErrorDetail(f"/document/line_up/{i}", "EITHER_OR", _ONE_OF_TWO)
    for name in document.options.keys() - set(OPTION_NAMES):
        yield ErrorDetail(f"/document/options/{name}", "UNKNOWN_FIELD", "Unknown field.")


def document_of(shootout: Shootout) -> dict[str, Any]:
    """The line-up of a shootout: its contenders as saved chains. What was deleted is left out."""
    tracks = shootout.dis.filter(di_track__isnull=False).select_related("di_track")
    contenders = shootout.contenders.filter(chain__isnull=False).select_related("chain")
    return {
        "schema_version": SCHEMA_VERSION,
        "title": shootout.title,
        "description": shootout.description,
        "di_tracks": [str(each.di_track.uuid) for each in tracks if each.di_track],
        "slots": [],
        "off": [],
        "line_up": [
            {"chain_id": str(each.chain.uuid), "label": each.label}
            for each in contenders
            if each.chain
        ],
        "options": {name: getattr(shootout, name) for name in OPTION_NAMES},
    }


def cell_key(option_ids: Sequence[str]) -> str:
    """Of the options that make a chain, in the order of the slots that have any."""
    return "/".join(option_ids)
