"""What the search reads beside a table: made by migrations, kept in step by the database.

PostgreSQL keeps two generated columns, ``search_vector`` for words and ``search_text`` to compare
with what was typed; and beside the table each word of it once, to find those that a typo is near
to: reading the trigrams of all rows for that takes the longer the more rows there are. Triggers add
words, in the transaction that writes a row; words that no row has any more go once a day.

SQLite keeps an FTS5 table that triggers fill. Django rebuilds a whole table to change a column,
which drops its triggers, so the index of SQLite is looked after at the end of every ``migrate``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, connections, migrations
from django.db.backends.base.base import BaseDatabaseWrapper

# Of the generated columns: their text in lower case, with anything but letters and digits as space.
_NO_WORD: Final = r"[\x01-/:-@\[-`{-\x7f]+"
_WEIGHTS: Final = "ABCD"
# Nothing shorter has a trigram of its own; nothing longer is typed.
_MIN_WORD_CHARACTERS: Final = 3
MAX_WORD_CHARACTERS: Final = 64


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """A table, and the columns in which words are looked for, the weightiest first."""

    table: str
    columns: tuple[str, ...]
    num_for_typos: int  # so many of the columns also find typos and parts of words

    @property
    def fts_table(self) -> str:
        return f"{self.table}_fts"

    @property
    def words_table(self) -> str:
        return f"{self.table}_words"


GEAR_INDEX: Final = SearchIndex(
    "gear_gearitem", ("name", "make", "creator", "description"), num_for_typos=3
)
SHOOTOUT_INDEX: Final = SearchIndex(
    "shootouts_shootout", ("title", "contender_labels", "description"), num_for_typos=2
)
COMMENT_INDEX: Final = SearchIndex("shootouts_comment", ("text",), num_for_typos=1)


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


class AddSearchWords(PostgresSQL):
    """The table of words and its triggers, filled from the rows that are there."""

    def __init__(self, index: SearchIndex) -> None:
        self.index = index
        super().__init__(*_words_sql(index))

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.index], {}


def _words_sql(index: SearchIndex) -> tuple[Any, Any]:
    table, words = index.table, index.words_table
    forwards = [
        f"CREATE TABLE {words} (word text PRIMARY KEY)",
        f"CREATE INDEX {words}_trigrams ON {words} USING gin (word gin_trgm_ops)",
        _adding_sql(index, rows=table),
        f"CREATE FUNCTION {words}_add() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"{_adding_sql(index, rows='new_rows')}; RETURN NULL; END $$",
        *(
            f"CREATE TRIGGER {words}_{event} AFTER {event} ON {table} "
            f"REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {words}_add()"
            for event in ("insert", "update")
        ),
        f"DROP INDEX {table}_search_text",
    ]
    backwards = [
        f"CREATE INDEX {table}_search_text ON {table} USING gin (search_text gin_trgm_ops)",
        *(f"DROP TRIGGER {words}_{event} ON {table}" for event in ("insert", "update")),
        f"DROP FUNCTION {words}_add()",
        f"DROP TABLE {words}",
    ]
    return forwards, backwards


def _adding_sql(index: SearchIndex, *, rows: str) -> str:
    """In order: two transactions with the same new words wait for each other one way round."""
    return (
        f"INSERT INTO {index.words_table} (word) SELECT DISTINCT word "
        f"FROM {rows}, unnest(string_to_array(search_text, ' ')) AS word "
        f"WHERE length(word) BETWEEN {_MIN_WORD_CHARACTERS} AND {MAX_WORD_CHARACTERS} "
        "ORDER BY word ON CONFLICT DO NOTHING"
    )


def words_refresh(index: SearchIndex) -> int:
    """Forget the words that no row has; returns how many. SQLite's index forgets by itself.

    Then all words are added that are missing: a row that was being written meanwhile may have
    counted on a word that went.
    """
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {index.words_table} AS known WHERE NOT EXISTS ("
            f"SELECT FROM {index.table} "
            "WHERE search_vector @@ to_tsquery('simple', quote_literal(known.word)))"
        )
        num_gone = int(cursor.rowcount)
        cursor.execute(_adding_sql(index, rows=index.table))
    return num_gone


def _words(column: str) -> str:
    return f"regexp_replace(lower({column}), '{_NO_WORD}', ' ', 'g')"


def _parts(column: str) -> str:
    """Letters and digits of a word by themselves: JCM800 is also found by 800."""
    return rf"regexp_replace({_words(column)}, '([0-9]+)', ' \1 ', 'g')"


def sqlite_index_ensure(index: SearchIndex, *, using: str) -> None:
    """Make the FTS5 table and its triggers, and fill it, unless they are as they should be.

    Nothing on other databases. Without the columns that it is about, it goes.
    """
    database = connections[using]
    if database.vendor != "sqlite":
        return
    there = _sqlite_objects(database, index)
    triggers = _triggers(index)
    is_same = index.table in there and there.get(index.fts_table) == _fts_sql(index)
    if is_same and triggers.keys() <= there.keys():
        return
    with database.cursor() as cursor:
        for sql in _sqlite_drops(index):
            cursor.execute(sql)
        if not _has_columns(database, index):
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


def _has_columns(database: BaseDatabaseWrapper, index: SearchIndex) -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT name FROM pragma_table_info(%s)", [index.table])
        return set(index.columns) <= {name for (name,) in cursor.fetchall()}


def _sqlite_objects(database: BaseDatabaseWrapper, index: SearchIndex) -> dict[str, str]:
    with database.cursor() as cursor:
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
