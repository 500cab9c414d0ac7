"""The whole database as one file, and back.

SQLite: its online backup, which stops no one. PostgreSQL: ``pg_dump`` in its custom format, of a
moment that can be asked at the same time; back in one transaction. The programs come with
PostgreSQL's clients and must not be older than the server.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from django.db import connection, connections, transaction

from gts.service_settings import TLS_VARIABLES

_ROWS_AT_ONCE: Final = 500
_MAX_DETAIL_CHARS: Final = 2000
# Whatever the database has now goes, also what the dump does not know. Inside the transaction.
_DROP_TABLES: Final = """
DO $$ DECLARE found record; BEGIN
FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', found.tablename); END LOOP; END $$;
"""


_COPY_HEADER: Final = re.compile(r"COPY \S+ \((.*)\) FROM stdin;")
_COPY_END: Final = "\\.\n"
_COPY_ESCAPE: Final = re.compile(r"\\(.)")
_COPY_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

# Runs one SELECT and gives its rows one by one.
Select = Callable[[str], Iterable[tuple[Any, ...]]]


class DumpError(Exception):
    """The text is for operators."""


class ProgramMissingError(DumpError):
    """Of PostgreSQL's clients: says nothing about a dump."""


def dump_name() -> str:
    return "database.sqlite3" if connection.vendor == "sqlite" else "database.dump"


@contextmanager
def dumped(target: Path) -> Iterator[Select]:
    """Write the database to ``target``. The value asks exactly what was written.

    Raises ``DumpError``.
    """
    writing = _dumped_sqlite if connection.vendor == "sqlite" else _dumped_postgresql
    with writing(target) as ask:
        yield ask


@contextmanager
def _dumped_sqlite(target: Path) -> Iterator[Select]:
    connection.ensure_connection()
    with closing(sqlite3.connect(target)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        yield copy.execute


@contextmanager
def _dumped_postgresql(target: Path) -> Iterator[Select]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
        words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        _run("pg_dump", *words, f"--file={target}")
        yield select


def select(sql: str) -> Iterator[tuple[Any, ...]]:
    """From the database as it is now; row by row, on the side of the server too."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


def extensions() -> list[str]:
    """Of PostgreSQL, that the dump expects to find."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def load(source: Path, needed: Sequence[str], scratch: Path) -> None:
    """Put ``source`` in the place of the whole database: all of it, or nothing changes.

    ``needed``: ``extensions()`` when it was written. Raises ``DumpError``.
    """
    if connection.vendor == "sqlite":
        _load_sqlite(source)
    else:
        _load_postgresql(source, needed, scratch)


def dump_check(source: Path) -> None:
    """Whether a database can be read from it, as far as that shows without loading it.

    Raises ``DumpError``, ``ProgramMissingError``.
    """
    if connection.vendor != "sqlite":
        _run("pg_restore", "--list", str(source), has_database=False)
        return
    try:
        with closing(_opened(source)) as dump:
            if dump.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise DumpError("the database in the backup is damaged")
    except sqlite3.Error as error:
        raise DumpError(f"the database in the backup cannot be read: {error}") from error


def dump_values(source: Path, table: str, column: str) -> Iterator[str]:
    """Texts that a dump has in a column, without loading it; none where it has no such column.

    Raises ``DumpError``, ``ProgramMissingError``.
    """
    if connection.vendor == "sqlite":
        yield from _values_sqlite(source, table, column)
    else:
        yield from _values_postgresql(source, table, column)


def _values_sqlite(source: Path, table: str, column: str) -> Iterator[str]:
    quoted = connection.ops.quote_name
    try:
        with closing(_opened(source)) as dump:
            known = [row[1] for row in dump.execute(f"PRAGMA table_info({quoted(table)})")]
            if column in known:
                for (value,) in dump.execute(f"SELECT {quoted(column)} FROM {quoted(table)}"):
                    yield str(value or "")
    except sqlite3.Error as error:
        raise DumpError(f"the database in the backup cannot be read: {error}") from error


def _values_postgresql(source: Path, table: str, column: str) -> Iterator[str]:
    """From the COPY that would load the table: a header that names the columns, and a row a line,
    divided by tabs. To a file, as it may be long."""
    with tempfile.TemporaryDirectory(prefix="gts-restore-") as scratch:
        script = Path(scratch) / "rows.sql"
        words = ["--data-only", f"--table={table}", f"--file={script}", str(source)]
        _run("pg_restore", *words, has_database=False)
        position = -1
        with open(script, encoding="utf-8", newline="\n") as lines:
            for line in lines:
                header = _COPY_HEADER.match(line)
                if header:
                    names = [name.strip().strip('"') for name in header[1].split(",")]
                    position = names.index(column) if column in names else -1
                elif line == _COPY_END:
                    position = -1
                elif position >= 0:
                    yield _copied_text(line.rstrip("\n").split("\t")[position])


def _copied_text(value: str) -> str:
    if value == r"\N":
        return ""
    return _COPY_ESCAPE.sub(lambda found: _COPY_ESCAPED.get(found[1], found[1]), value)


def _opened(source: Path) -> sqlite3.Connection:
    """Read only, and nothing appears beside it."""
    return sqlite3.connect(f"file:{quote(str(source))}?mode=ro&immutable=1", uri=True)


def _load_sqlite(source: Path) -> None:
    connection.ensure_connection()
    try:
        # Read only: nothing may appear beside a file that is a backup.
        with closing(_opened(source)) as dump:
            if dump.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise DumpError("the database in the backup is damaged")
            dump.backup(connection.connection)
    except sqlite3.Error as error:
        raise DumpError(f"the database could not be written: {error}") from error
    connection.close()  # what it has read before is no longer so


def _load_postgresql(source: Path, needed: Sequence[str], scratch: Path) -> None:
    listed = _run("pg_restore", "--list", str(source), has_database=False)
    contents = scratch / "contents"
    contents.write_text(
        "\n".join(line for line in listed.splitlines() if " EXTENSION " not in line)
    )
    prelude = scratch / "prelude.sql"
    made = [f'CREATE EXTENSION IF NOT EXISTS "{name}";' for name in needed]
    prelude.write_text("\n".join([_DROP_TABLES, *made]))
    # To a file and not through a pipe: one that ends early would look like a whole one.
    script = scratch / "restore.sql"
    words = ["--clean", "--if-exists", "--no-owner", "--no-privileges"]
    words += [f"--use-list={contents}", f"--file={script}"]
    _run("pg_restore", *words, str(source), has_database=False)
    connections.close_all()
    quiet = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    _run("psql", *quiet, f"--file={prelude}", f"--file={script}")


def _run(program: str, *words: str, has_database: bool = True) -> str:
    path = _path_of(program)
    where, secret = _place() if has_database else ([], {})
    done = subprocess.run(
        [path, *where, *words],
        env={**os.environ, **secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DumpError(f"{program} failed: {done.stderr.strip()[-_MAX_DETAIL_CHARS:]}")
    return done.stdout


def _path_of(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise ProgramMissingError(
            f"{program} is not installed: it comes with the clients of PostgreSQL "
            "(postgresql-client), and must not be older than the server"
        )
    return path


def _place() -> tuple[list[str], dict[str, str]]:
    """The database for a program's command line; the password, which others could see there, and
    how the connection is encrypted for its environment."""
    found: dict[str, Any] = connection.settings_dict
    options = {"--host": found["HOST"], "--port": found["PORT"], "--username": found["USER"]}
    words = [f"{name}={value}" for name, value in options.items() if value]
    secret = {"PGPASSWORD": str(found["PASSWORD"])} if found["PASSWORD"] else {}
    options_of = found["OPTIONS"]
    tls = {
        variable: options_of[name] for name, variable in TLS_VARIABLES.items() if name in options_of
    }
    return [*words, "--no-password", f"--dbname={found['NAME']}"], {**secret, **tls}
