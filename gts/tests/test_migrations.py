"""Every migration goes back and forward again with data in place, down to an empty database.

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
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from django.utils import timezone

from accounts.tests.factories import make_user
from shootouts.tests.factories import make_shootout, render

pytestmark = pytest.mark.django_db(transaction=True)

OURS: Final = ("accounts", "jobs", "gear", "shootouts")
# Rows by label ("app.Model"), where a made-up one is not enough.
_SPECIAL: Final[dict[str, Callable[[], object]]] = {}

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
    tables = set(connection.introspection.table_names())
    assert not [table for table in tables if table.startswith(tuple(f"{app}_" for app in OURS))]
    for before, step in path[first:]:
        _apply(before, step)
    assert _is_whole()
    make_user("newcomer")


def _path() -> list[tuple[ProjectState, Migration]]:
    """Every migration in order, with the state before it."""
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    plan = executor.migration_plan(leaves, clean_start=True)
    state = executor.loader.project_state(nodes=[])
    path = []
    for step, _ in plan:
        # Models are made here, and every later state takes over those that stay the same: making
        # them all anew in each would take most of the time.
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


def _tables() -> dict[str, Table]:
    found: dict[str, Table] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not table.startswith(tuple(f"{app}_" for app in OURS)):
                continue
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
