"""One process at a time changes what only a data folder's server may: kept by a locked file.

The server holds it from before it migrates to its end, and so do commands that would pull the
database from under a running server. Embedded mode only: in production many processes share
the data, and operators decide when they migrate.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

_NAME: Final = "server.lock"
_URL: Final = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the lock: ``what`` it is, with its address where it has one."""

    process: str
    what: str

    def __str__(self) -> str:
        return f"{self.what} (process {self.process})"

    @property
    def url(self) -> str:
        """Where the server is, without a slash at the end; empty where ``what`` does not say."""
        found = _URL.search(self.what)
        return found[0].rstrip("/") if found else ""


class LockedError(Exception):
    """Another process has the data folder; the text is for people."""

    def __init__(self, holder: Holder, data_dir: Path) -> None:
        super().__init__(f"{holder} is using {data_dir}.")
        self.holder = holder


# What this process holds: the system gives a second lock on the same file to no one, us included.
_held: dict[Path, IO[str]] = {}


@contextmanager
def holding(data_dir: Path, *, what: str = "A GTS server") -> Iterator[None]:
    """Hold the lock of ``data_dir``. Inside of another ``holding`` of this process nothing happens.

    The system frees it when the process ends, however it ends. Raises ``LockedError``.
    """
    path = data_dir.resolve() / _NAME
    if path in _held:
        yield
        return
    with open(path, "a+") as file:
        if not _try_lock(file):
            raise LockedError(_holder(file), data_dir)
        file.truncate(0)
        file.write(f"{os.getpid()}\n{what}\n")
        file.flush()
        _held[path] = file
        try:
            yield
        finally:
            del _held[path]
            file.truncate(0)


def holder_of(data_dir: Path) -> Holder | None:
    """Who holds the lock of ``data_dir`` now, or ``None``."""
    path = data_dir.resolve() / _NAME
    if not path.exists():
        return None
    with open(path) as file:
        return None if _try_lock(file) else _holder(file)


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> Holder:
    file.seek(0)
    process, _, what = file.read().strip().partition("\n")
    return Holder(process or "unknown", what or "Another GTS server")


@contextmanager
def holding_database(alias: str, *, what: str) -> Iterator[None]:
    """For commands that change tables under anyone who reads them. Raises ``CommandError``.

    Of a database that is not a data folder's (production, tests) nothing is known here.
    """
    name = connections[alias].settings_dict["NAME"]
    if not settings.IS_EMBEDDED or Path(name) != settings.DATA_DIR / "gts.sqlite3":
        yield
        return
    try:
        with holding(settings.DATA_DIR, what=what):
            yield
    except LockedError as error:
        raise CommandError(f"{error} Stop it first: nothing was changed.") from error
