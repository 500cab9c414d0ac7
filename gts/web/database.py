"""The database: for code that is otherwise on the event loop, when it is away, and its clock.

That is the one clock of all processes. Workers, beat and web run on many machines, whose clocks
differ. What one writes and another compares (signs of life, when a job was queued, when it may be
tried again, who holds a claim) is therefore written and compared by the database itself. In SQLite
that is the clock of the machine, to a millisecond; compare with < and >, never with =.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar, cast

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connection, connections
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

T = TypeVar("T")
# A moment, or what the database works out when it is asked.
Moment: TypeAlias = datetime | Combinable

# Classes of PostgreSQL's SQLSTATE in which it will go well another time: the connection is lost,
# deadlock or serialization, no resources (too many connections), an operator stepped in.
_PASSING: Final = ("08", "40", "53", "57")
# Of these that one will not pass by itself.
_DISK_FULL: Final = "53100"
# Primary codes of SQLite.
_FILE_TROUBLE: Final = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
)

# Where two clocks differ by more it is said: sessions, tokens and signed addresses expire by those
# of the machines.
MAX_CLOCK_DIFFERENCE_S: Final = 5.0


async def in_database(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Do ``work`` in a thread, and leave no database connection open behind it.

    What comes next may be a slow call to somewhere else, and there are fewer connections than
    people who can wait.
    """

    def released() -> T:
        try:
            return work(*args, **kwargs)
        finally:
            release_connections()

    return await sync_to_async(released)()


def release_connections() -> None:
    """Of this thread those that are due, as at the end of a request. Not in the middle of a
    transaction."""
    for opened in connections.all(initialized_only=True):
        if not opened.in_atomic_block:
            opened.close_if_unusable_or_obsolete()


def is_database_away(error: BaseException) -> bool:
    """Whether the database gave no connection, lost it, or was too busy: no mistake of ours."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        # In SQLite a table that is missing is an OperationalError, too.
        return _sqlite_code(cause) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    # Without a state it is the client's own: no answer, no connection left in the pool.
    state: str | None = getattr(cause, "sqlstate", None)
    return state is None or state.startswith(_PASSING)


def is_database_full(error: BaseException) -> bool:
    """Whether the disk of the database has no room left."""
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
    return getattr(cause, "sqlstate", None) == _DISK_FULL


def is_database_file_broken(error: BaseException) -> bool:
    """Whether the file of SQLite cannot be opened, read or written: for an operator to repair."""
    cause = error.__cause__
    if not isinstance(error, OperationalError) or not isinstance(cause, sqlite3.Error):
        return False
    return _sqlite_code(cause) & 0xFF in _FILE_TROUBLE


def seconds_ago(seconds: float) -> Combinable:
    """So long before the query or the UPDATE runs. Negative: after it."""
    return Now() - timedelta(seconds=seconds)


def database_now() -> datetime:
    """What the clock of the database shows; with PostgreSQL a query."""
    if connection.vendor == "sqlite":
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cast(datetime, cursor.fetchone()[0])


def _sqlite_code(error: sqlite3.Error) -> int:
    """The extended code; its lowest byte is the primary one. 0: of the module, not of SQLite."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code
