"""Every migration goes back and forward again with data in place, down to an empty database; and
those that are squashed make the same database as the one that replaces them.

New migrations and new models are found by themselves. A model whose constraints the made-up row
does not satisfy needs one in ``_SPECIAL``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations import Migration
from django.db.migrations.state import ProjectState
from django.utils import timezone

from accounts.sessions.store import SessionStore
from accounts.tests.factories import make_user
from accounts.tests.migrating import executor_of_steps
from shootouts.tests.factories import make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)

OURS: Final = ("accounts", "jobs", "gear", "shootouts")
# Rows by label ("app.Model"), where a made-up one is not enough.
_SPECIAL: Final[dict[str, Callable[[], object]]] = {
    "accounts.UserSession": lambda: SessionStore().create(),
}

# What is known of a table. (Django cannot describe one of SQLite whose column has a default with a
# comma: there, the text that made the table is taken apart as well.)
_SCHEMA_QUERIES: Final = {
    "sqlite": (
        "SELECT name, sql FROM sqlite_master WHERE type <> 'table' AND tbl_name = %(table)s",
    ),
    "postgresql": (
        "SELECT '', column_name, udt_name, character_maximum_length, is_nullable, column_default, "
        "is_identity, generation_expression FROM information_schema.columns "
        "WHERE table_name = %(table)s",
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = %(table)s::regclass",
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %(table)s",
        "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger "
        "WHERE tgrelid = %(table)s::regclass AND NOT tgisinternal",
    ),
}
# Of a table: its columns, and its rows by primary key.
Table = tuple[list[str], dict[Any, dict[str, Any]]]


@pytest.fixture
def whole_again() -> Iterator[None]:
    """Whatever a migration that fails leaves behind, the next test finds every table."""
    yield
    if not _is_whole():
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA foreign_keys = OFF")
            cascade = " CASCADE" if connection.vendor == "postgresql" else ""
            for table in connection.introspection.table_names():
                cursor.execute(f"DROP TABLE IF EXISTS {connection.ops.quote_name(table)}{cascade}")
        connection.close()
        call_command("migrate", interactive=False, verbosity=0)


def _is_whole() -> bool:
    tables = set(connection.introspection.table_names())
    return all(model._meta.db_table in tables for model in apps.get_models())


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("whole_again")
def test_every_migration_goes_back_and_forward_with_data_in_place() -> None:
    of_squashed = _schema()
    _fill()
    path = _path()
    first = next(place for place, (_, step) in enumerate(path) if step.app_label in OURS)
    for before, step in reversed(path[first:]):
        if step.app_label not in OURS:  # in the way to our first one
            _unapply(before, step)
            continue
        above = _tables()
        _unapply(before, step)
        below = _tables()
        _apply(before, step)
        assert _differences(above, _tables(), only=below) == [], f"{step}: forward again"
        _unapply(before, step)
        assert _differences(below, _tables()) == [], f"{step}: back again"
    with connection.cursor() as cursor:
        assert _our_tables(cursor) == []
    for before, step in path[first:]:
        _apply(before, step)
    assert _is_whole()
    call_command("migrate", verbosity=0)  # SQLite's indexes of words are made at its end
    of_steps = _schema()
    assert of_steps.keys() == of_squashed.keys()
    for table, parts in of_steps.items():
        assert parts == of_squashed[table], table
    make_user("newcomer")


def _path() -> list[tuple[ProjectState, Migration]]:
    """Every migration in order, with the state before it."""
    executor = executor_of_steps()
    leaves = executor.loader.graph.leaf_nodes()
    plan = executor.migration_plan(leaves, clean_start=True)
    state = executor.loader.project_state(nodes=[])
    path = []
    for step, _ in plan:
        # Models are made here, and every later state takes over those that stay the same: making
        # them all again in each would take most of the time.
        _ = state.apps
        path.append((state, step))
        state = step.mutate_state(state, preserve=True)
    return path


def _apply(before: ProjectState, step: Migration) -> None:
    with connection.schema_editor(atomic=step.atomic) as editor:
        step.apply(before.clone(), editor)


def _unapply(before: ProjectState, step: Migration) -> None:
    with connection.schema_editor(atomic=step.atomic) as editor:
        step.unapply(before.clone(), editor)


def _schema() -> dict[str, list[set[Any]]]:
    """Columns, constraints, indexes and triggers by table, in whatever order they were made.

    Names that the database gives do not count: a table that was renamed keeps those of before.
    """
    given = {
        part.name
        for model in apps.get_models()
        for part in (*model._meta.constraints, *model._meta.indexes)
    }
    found: dict[str, list[set[Any]]] = {}
    with connection.cursor() as cursor:
        for table in _our_tables(cursor):
            found[table] = []
            for query in _SCHEMA_QUERIES[connection.vendor]:
                cursor.execute(query, {"table": table})
                found[table].append(
                    {
                        (name, *rest)
                        if name in given
                        else tuple(str(part).replace(name, "") for part in rest)
                        for name, *rest in cursor.fetchall()
                    }
                )
            if connection.vendor == "sqlite":
                cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
                found[table].append(set(_definitions(cursor.fetchone()[0])))
    return found


def _definitions(sql: str) -> list[str]:
    """Of columns and constraints in a CREATE TABLE: what commas outside of brackets part."""
    body = sql[sql.index("(") + 1 : sql.rindex(")")]
    parts, depth, in_text = [""], 0, False
    for character in body:
        in_text ^= character == "'"
        depth += 0 if in_text else {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0 and not in_text:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _our_tables(cursor: Any) -> list[str]:
    names = connection.introspection.table_names(cursor)
    return [name for name in names if name.startswith(tuple(f"{app}_" for app in OURS))]


def _tables() -> dict[str, Table]:
    found: dict[str, Table] = {}
    with connection.cursor() as cursor:
        for table in _our_tables(cursor):
            key = connection.introspection.get_primary_key_column(cursor, table)
            if key is None:  # such as the tables inside of a search index
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            found[table] = (columns, {row[key]: row for row in rows})
    return found


def _differences(
    one: dict[str, Table], other: dict[str, Table], *, only: dict[str, Table] | None = None
) -> list[str]:
    """Of tables and columns that all of them have."""
    shared = one.keys() & other.keys() & (one if only is None else only).keys()
    found = []
    for table in sorted(shared):
        columns = set(one[table][0]) & set(other[table][0])
        if only is not None:
            columns &= set(only[table][0])
        for key in one[table][1].keys() | other[table][1].keys():
            rows = (one[table][1].get(key), other[table][1].get(key))
            if rows[0] is None or rows[1] is None:
                found.append(f"{table} {key}: is gone or new")
                continue
            found += [
                f"{table} {key}: {column} {rows[0][column]!r} {rows[1][column]!r}"
                for column in sorted(columns)
                if rows[0][column] != rows[1][column]
            ]
    return found


def _fill() -> None:
    """A rendered shootout with all that belongs to it, and a row of every other model."""
    render(make_shootout(make_user(), visibility="public"))
    for model in apps.get_models():
        if model._meta.app_label in OURS and model._meta.managed:
            _row_of(model)
            assert model._base_manager.exists()


def _row_of(model: type[models.Model]) -> models.Model:
    """The first row, made up if there is none."""
    row = model._base_manager.first()
    if row is None and model._meta.label in _SPECIAL:
        _SPECIAL[model._meta.label]()
        row = model._base_manager.first()
    if row is None:
        values = {
            field.name: _value_of(field)
            for field in model._meta.concrete_fields
            if not (field.null or field.has_default() or field.auto_created)
            and not getattr(field, "auto_now", False)
            and not getattr(field, "auto_now_add", False)
        }
        row = model._base_manager.create(**values)
    return row


def _value_of(field: Any) -> Any:
    if field.is_relation:
        return _row_of(field.related_model)
    if field.choices:
        return field.flatchoices[0][0]
    makers: tuple[tuple[type[models.Field[Any, Any]], Callable[[], Any]], ...] = (
        (models.URLField, lambda: "https://gts.example/"),
        (models.FileField, lambda: f"x/{secrets.token_hex(4)}.bin"),
        (models.CharField, lambda: secrets.token_hex(16)[: field.max_length]),
        (models.TextField, lambda: "text"),
        (models.BooleanField, lambda: False),
        (models.DateTimeField, timezone.now),
        (models.DateField, date.today),
        (models.DurationField, lambda: timedelta(seconds=1)),
        (models.FloatField, lambda: 1.0),
        (models.IntegerField, lambda: 1),
        (models.UUIDField, uuid4),
        (models.JSONField, dict),
        (models.GenericIPAddressField, lambda: "127.0.0.1"),
        (models.BinaryField, lambda: b"x"),
    )
    for kind, make in makers:
        if isinstance(field, kind):
            return make()
    raise AssertionError(f"no value is known for {field}: say one here")
