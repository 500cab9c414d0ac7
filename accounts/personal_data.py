"""Everything that is kept of a person, in every app: to be given to them, and to be erased.

What is kept lies in apps above this one: they register their tables, as they do job handlers. A
test (``gts/tests/test_personal_data.py``) names tables about users that no one registered.
"""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import FileField, ForeignKey, Model
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import AuditEntry, User
from accounts.services import DEMO_USERNAME, operator_check_left
from gts.web.errors import ConflictError, ErrorDetail, InvalidInputError, NotFoundError

logger = logging.getLogger(__name__)
CONFIRM_ERASURE: Final = "Type your user name to erase the account."
_ROWS_AT_ONCE: Final = 200
_COPY_BYTES: Final = 1024 * 1024
_ABOUT: Final = """\
Everything that this Guitar Tone Shootout keeps of you.

Each .json file is a table; rows name each other by their ids. What you uploaded and what was
rendered for you is in the folder files, where the rows say. Passwords and tokens are left out.
"""


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """``owner``: the lookup from a row to the user. ``hidden``: columns that are not given away."""

    model: type[Model]
    owner: str
    hidden: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.model._meta.label_lower

    def file_columns(self) -> list[str]:
        fields = self.model._meta.concrete_fields
        return [
            column.name
            for column in fields
            if isinstance(column, FileField) and column.name not in self.hidden
        ]

    def rows(self, user: User) -> Iterator[Any]:
        """Some at a time, with a query each: what comes in between may take long."""
        rows = self.model._default_manager.filter(**{self.owner: user.pk}).order_by("pk")
        rows = rows.select_related(*_named_by_uuid(self.model))
        last = None
        while page := list((rows if last is None else rows.filter(pk__gt=last))[:_ROWS_AT_ONCE]):
            yield from page
            last = page[-1].pk


@dataclass(slots=True)
class _Registry:
    tables: dict[type[Model], PersonalTable] = field(default_factory=dict)
    before_erasure: dict[str, Callable[[User], None]] = field(default_factory=dict)


_registry = _Registry()


def register_table(model: type[Model], *, owner: str, hidden: tuple[str, ...] = ()) -> None:
    """Called from ``AppConfig.ready``."""
    _registry.tables[model] = PersonalTable(model, owner, frozenset(hidden))


def register_before_erasure(name: str, stop: Callable[[User], None]) -> None:
    """``stop`` ends what is under way for a user whose rows are about to go."""
    _registry.before_erasure[name] = stop


def personal_tables() -> list[PersonalTable]:
    return list(_registry.tables.values())


def before_erasure() -> list[Callable[[User], None]]:
    return list(_registry.before_erasure.values())


# Export


def export_chunks(user: User) -> Iterator[bytes]:
    """A zip file, piece by piece: rows and files are never held as a whole."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _ABOUT)
        for table in personal_tables():
            yield from _write_rows(archive, sink, table, user)
            for column in table.file_columns():
                for row in table.rows(user):
                    yield from _write_file(archive, sink, table, row, column)
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Where the archive is written to; anyone who sends it takes away what has come."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def _write_rows(
    archive: zipfile.ZipFile, sink: _Sink, table: PersonalTable, user: User
) -> Iterator[bytes]:
    with archive.open(f"{table.name}.json", "w", force_zip64=True) as entry:
        before = b"[\n"
        for row in table.rows(user):
            text = json.dumps(_described(table, row), cls=DjangoJSONEncoder, ensure_ascii=False)
            entry.write(before + text.encode("utf-8", "surrogatepass"))
            before = b",\n"
            yield sink.taken()
        entry.write(b"\n]\n" if before == b",\n" else b"[]\n")


def _write_file(
    archive: zipfile.ZipFile, sink: _Sink, table: PersonalTable, row: Any, column: str
) -> Iterator[bytes]:
    name = getattr(row, column).name
    if not name:
        return
    try:
        stored = default_storage.open(name, "rb")
    except FileNotFoundError:
        logger.warning("an export lacks a file of %s %s", table.name, row.pk)
        return
    # Sound and pictures are compressed already.
    info = zipfile.ZipInfo(_path_of(table, row, column))
    with stored, archive.open(info, "w", force_zip64=True) as entry:
        while chunk := stored.read(_COPY_BYTES):
            entry.write(chunk)
            yield sink.taken()


def _described(table: PersonalTable, row: Any) -> dict[str, Any]:
    described: dict[str, Any] = {}
    for column in table.model._meta.concrete_fields:
        name = column.name
        if name in table.hidden or (column.primary_key and not isinstance(column, ForeignKey)):
            continue
        if isinstance(column, ForeignKey):
            if name in _named_by_uuid(table.model):
                related = getattr(row, name)
                described[name] = related.uuid if related is not None else None
        elif isinstance(column, FileField):
            is_there = bool(getattr(row, name).name)
            described[name] = _path_of(table, row, name) if is_there else None
        else:
            described[name] = getattr(row, name)
    return described


def _named_by_uuid(model: type[Model]) -> list[str]:
    """Relations to rows that have a public id; the person themselves are named by none."""
    return [
        column.name
        for column in model._meta.concrete_fields
        if isinstance(column, ForeignKey)
        and column.related_model is not User
        and hasattr(column.related_model, "uuid")
    ]


def _path_of(table: PersonalTable, row: Any, column: str) -> str:
    suffix = PurePosixPath(getattr(row, column).name).suffix
    return f"files/{table.name}/{getattr(row, 'uuid', row.pk)}{suffix}"


# Erasure


def user_erase(*, user: User, confirm: str, keeps_operator: bool = False) -> None:
    """Stop what runs for ``user``, delete their rows in one transaction, then their files.

    ``confirm`` is their user name, typed again. What others have too (the same file fetched from
    Tone 3000, gear of the demo) stays theirs. The audit trail keeps that there was an account and
    what happened to it, by a random id that no longer leads anywhere. A file that the storage does
    not give up now is found by ``prune_media``.
    Raises ``InvalidInputError``, and ``ConflictError`` for the demo user and, with
    ``keeps_operator``, for the last operator.
    """
    if confirm != user.username:
        detail = ErrorDetail("/confirm", "MISMATCH", CONFIRM_ERASURE)
        raise InvalidInputError(CONFIRM_ERASURE, details=[detail])
    if user.username == DEMO_USERNAME:
        raise ConflictError("The demo belongs to this server.", code="DEMO_USER")
    if keeps_operator:  # before anything of theirs is stopped
        operator_check_left([user.pk])
    for stop in before_erasure():
        stop(user)
    with transaction.atomic():
        if keeps_operator:
            operator_check_left([user.pk], locks=True)
        row = User.objects.select_for_update().filter(pk=user.pk).first()
        if row is None:
            raise NotFoundError("Account not found.")
        OutstandingToken.objects.filter(user=row).delete()
        _forget_traces(row)
        row.delete()  # and by cascade everything of theirs; files go after the commit


def _forget_traces(user: User) -> None:
    AuditEntry.objects.filter(user_uuid=user.uuid).update(address=None, detail="")
    kind = ContentType.objects.get_for_model(User)
    about = LogEntry.objects.filter(content_type=kind, object_id=str(user.pk))
    about.update(object_repr="an erased account", change_message="")
