"""What the search reads beside a table: made by migrations, kept in step by the database.

PostgreSQL keeps two generated columns, ``search_vector`` for words and ``search_text`` for typos.
SQLite keeps an FTS5 table that triggers fill. Django rebuilds a whole table to change a column,
which drops its triggers, so the index of SQLite is looked after at the end of every ``migrate``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import connections, migrations
from django.db.backends.base.base import BaseDatabaseWrapper

# Of the generated columns: their text in lower case, with anything but letters and digits as space.
_NO_WORD: Final = r"[\x01-/:-@\[-`{-\x7f]+"
_WEIGHTS: Final = "ABCD"


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """A table, and the columns in which words are looked for, the weightiest first."""

    table: str
    columns: tuple[str, ...]
    num_for_typos: int  # so many of the columns also find typos and parts of words

    @property
    def fts_table(self) -> str:
        return f"{self.table}_fts"


GEAR_INDEX: Final = SearchIndex(
    "gear_gearitem", ("name", "make", "creator", "description"), num_for_typos=3
)
SHOOTOUT_INDEX: Final = SearchIndex(
    "shootouts_shootout", ("title", "contender_labels", "description"), num_for_typos=2
)


class PostgresSQL(migrations.RunSQL):
    """SQL for PostgreSQL alone; elsewhere the migration does nothing."""

    def database_forwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, *states)

    def database_backwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, *states)


class AddSearch(PostgresSQL):
    """The generated columns and their indexes, filled for the rows that are there.

    On SQLite the end of ``migrate`` makes the index; backwards it goes before its columns can.
    """

    def __init__(self, index: SearchIndex) -> None:
        self.index = index
        forwards, backwards = _columns_sql(index)
        super().__init__(forwards, backwards)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.index], {}

    def database_backwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        super().database_backwards(app_label, schema_editor, *states)
        if schema_editor.connection.vendor == "sqlite":
            for sql in _sqlite_drops(self.index):
                schema_editor.execute(sql)


def _columns_sql(index: SearchIndex) -> tuple[Any, Any]:
    vectors = [
        f"setweight(to_tsvector('simple', {_words(column)} || ' ' || {_parts(column)}), '{weight}')"
        for column, weight in zip(index.columns, _WEIGHTS, strict=False)
    ]
    text = " || ' ' || ".join(_words(column) for column in index.columns[: index.num_for_typos])
    table = index.table
    forwards = [
        f"ALTER TABLE {table} "
        f"ADD COLUMN search_vector tsvector GENERATED ALWAYS AS ({' || '.join(vectors)}) STORED, "
        f"ADD COLUMN search_text text GENERATED ALWAYS AS ({text}) STORED",
        f"CREATE INDEX {table}_search_vector ON {table} USING gin (search_vector)",
        f"CREATE INDEX {table}_search_text ON {table} USING gin (search_text gin_trgm_ops)",
    ]
    return forwards, [f"ALTER TABLE {table} DROP COLUMN search_vector, DROP COLUMN search_text"]


def _words(column: str) -> str:
    return f"regexp_replace(lower({column}), '{_NO_WORD}', ' ', 'g')"


def _parts(column: str) -> str:
    """Letters and digits of a word by themselves: JCM800 is also found by 800."""
    return rf"regexp_replace({_words(column)}, '([0-9]+)', ' \1 ', 'g')"


def sqlite_index_ensure(index: SearchIndex, *, using: str) -> None:
    """Make the FTS5 table and its triggers, and fill it, unless they are as they should be.

    Nothing on other databases. Without the columns that it is about, it goes.
    """
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    there = _sqlite_objects(connection, index)
    triggers = _triggers(index)
    is_same = index.table in there and there.get(index.fts_table) == _fts_sql(index)
    if is_same and triggers.keys() <= there.keys():
        return
    with connection.cursor() as cursor:
        for sql in _sqlite_drops(index):
            cursor.execute(sql)
        if not _has_columns(connection, index):
            return
        columns = ", ".join(index.columns)
        cursor.execute(_fts_sql(index))
        cursor.execute(
            f"INSERT INTO {index.fts_table} (rowid, {columns}) "
            f"SELECT id, {columns} FROM {index.table}"
        )
        for sql in triggers.values():
            cursor.execute(sql)


def _sqlite_drops(index: SearchIndex) -> list[str]:
    triggers = [f"DROP TRIGGER IF EXISTS {trigger}" for trigger in _triggers(index)]
    return [*triggers, f"DROP TABLE IF EXISTS {index.fts_table}"]


def _has_columns(connection: BaseDatabaseWrapper, index: SearchIndex) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pragma_table_info(%s)", [index.table])
        return set(index.columns) <= {name for (name,) in cursor.fetchall()}


def _sqlite_objects(connection: BaseDatabaseWrapper, index: SearchIndex) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE name IN (%s, %s) OR tbl_name = %s",
            [index.table, index.fts_table, index.table],
        )
        return dict(cursor.fetchall())


def _fts_sql(index: SearchIndex) -> str:
    columns = ", ".join(index.columns)
    return f"CREATE VIRTUAL TABLE {index.fts_table} USING fts5({columns}, tokenize='trigram')"


def _triggers(index: SearchIndex) -> dict[str, str]:
    table, fts, columns = index.table, index.fts_table, ", ".join(index.columns)
    new = ", ".join(f"new.{column}" for column in index.columns)
    add = f"INSERT INTO {fts} (rowid, {columns}) VALUES (new.id, {new});"
    remove = f"DELETE FROM {fts} WHERE rowid = old.id;"
    return {
        f"{fts}_insert": f"CREATE TRIGGER {fts}_insert AFTER INSERT ON {table} BEGIN {add} END",
        f"{fts}_delete": f"CREATE TRIGGER {fts}_delete AFTER DELETE ON {table} BEGIN {remove} END",
        f"{fts}_update": f"CREATE TRIGGER {fts}_update AFTER UPDATE OF {columns} ON {table} "
        f"BEGIN {remove} {add} END",
    }
