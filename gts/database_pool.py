"""The pool of connections of a web process.

Only web processes have one, from the start of their server to its end: there every request has a
thread, and so would have a connection, of its own. Workers have few, and fork.
"""

from __future__ import annotations

from typing import Any, Final, cast

from django.conf import settings
from django.db import connection

# Kept open when there is nothing to do.
_MIN_CONNECTIONS: Final = 2
_MAX_IDLE_S: Final = 120.0


def use_pool() -> None:
    """From now on connections come from a pool. Before anything of this process has one."""
    size: int = settings.GTS_DATABASE_POOL
    if connection.vendor != "postgresql" or not size:
        return
    connection.close()
    wait_s: float = settings.GTS_DATABASE_POOL_WAIT_S
    connection.settings_dict["OPTIONS"]["pool"] = {
        "min_size": min(_MIN_CONNECTIONS, size),
        "max_size": size,
        "timeout": wait_s,
        "max_idle": _MAX_IDLE_S,
        # Beyond that it would try more and more seldom: a database that is back is found by the
        # next request.
        "reconnect_timeout": wait_s,
    }


def close_pool() -> None:
    """The end of the process: its connections are closed."""
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    if "pool" in options:
        connection.close()
        cast(Any, connection).close_pool()
        del options["pool"]
