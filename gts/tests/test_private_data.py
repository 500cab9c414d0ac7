"""Other users of the machine cannot read what `make run` keeps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from gts.environment import data_folder
from gts.service_settings import embedded_database

pytestmark = pytest.mark.django_db  # of a database of its own


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def database(folder: Path) -> BaseDatabaseWrapper:
    handler = ConnectionHandler({"default": embedded_database(folder, is_test=False)})
    return handler["default"]


def test_a_new_data_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "new" / "var")
    assert mode(folder) == 0o700
    assert mode(tmp_path / "new") == 0o755


def test_a_data_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    data_folder(tmp_path)
    assert mode(tmp_path) == 0o750


@pytest.mark.parametrize("is_from_before", [False, True])
def test_the_database_and_what_lies_beside_it_are_for_their_owner_only(
    tmp_path: Path, is_from_before: bool
) -> None:
    file = tmp_path / "gts.sqlite3"
    names = [file, Path(f"{file}-wal"), Path(f"{file}-shm")]
    if is_from_before:
        for name in names:
            name.touch(mode=0o644)
    with closing(database(tmp_path)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id integer)")
        assert [mode(name) for name in names] == [0o600] * 3
    with closing(database(tmp_path)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (0,)
