"""Django's SQLite, whose files only their owner reads and writes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from django.db.backends.sqlite3 import base

_MODE: Final = 0o600


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: Any) -> Any:
        keep_private(Path(conn_params["database"]))
        return super().get_new_connection(conn_params)


def keep_private(path: Path) -> None:
    """Before SQLite opens it: it would make the file readable by all, and gives those beside it
    (-wal, -shm) the mode of the file itself. One from before is changed, if it is this user's."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE))
        return
    except FileExistsError:
        pass
    except OSError:
        return  # SQLite will say it
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with suppress(FileNotFoundError, PermissionError):
            if file.stat().st_mode & 0o077:
                file.chmod(_MODE)
