"""The database, the caches and the channel layer of each mode, as Django and Channels want them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# How the connection to PostgreSQL is encrypted, as libpq has it after the name of the database; and
# the variables by which its programs (pg_dump, psql) know it.
TLS_VARIABLES: Final = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def embedded_database(data_dir: Path, *, is_test: bool) -> dict[str, Any]:
    return {
        "ENGINE": "gts.sqlite",
        "NAME": data_dir / "gts.sqlite3",
        "OPTIONS": {
            # Take the write lock at BEGIN: a transaction that reads first and writes later
            # cannot be refused half-way, it only waits (up to `timeout` seconds).
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # What a test has written need not outlive the machine.
            "init_command": "PRAGMA journal_mode=WAL;"
            + ("PRAGMA synchronous=OFF;" if is_test else ""),
        },
        # Threads share one file; an in-memory test database would be another code path.
        "TEST": {"NAME": data_dir / f"test-{os.getpid()}.sqlite3"},
    }


def database_from_url(url: str) -> dict[str, Any]:
    """Raises ``ImproperlyConfigured`` for a URL without the name of a database, or with a parameter
    that would be taken for nothing."""
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured(
            "DATABASE_URL must end with the name of a database: postgresql://user@host:5432/name."
        )
    tls = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not all(tls.values()) or not tls.keys() <= TLS_VARIABLES.keys():
        raise ImproperlyConfigured(
            f"DATABASE_URL takes no parameters but {', '.join(TLS_VARIABLES)}, each with a value: "
            "postgresql://user@host/name?sslmode=verify-full&sslrootcert=/path/of/ca.pem."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        # A host that is gone does not answer at all.
        "OPTIONS": {"connect_timeout": 10, **tls},
    }


def caches(redis_url: str) -> dict[str, dict[str, Any]]:
    """``default``: shared by all processes in Redis; without one that of the only process.
    ``pages``: whole pages and parts of them, each made from what does not change: in each process
    its own."""
    memory = "django.core.cache.backends.locmem.LocMemCache"
    shared = {"BACKEND": "gts.web.shared_cache.SharedCache", "LOCATION": redis_url}
    # Beyond that many it throws away any: counters too.
    own = {"BACKEND": memory, "OPTIONS": {"MAX_ENTRIES": 20_000}}
    pages = {"BACKEND": memory, "LOCATION": "pages", "OPTIONS": {"MAX_ENTRIES": 60}}
    return {"default": shared if redis_url else own, "pages": pages}


def channel_layer(redis_url: str) -> dict[str, Any]:
    """Between processes by Redis; without one within the only process."""
    if not redis_url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    return {
        "BACKEND": "gts.redis_channel_layer.RedisChannelLayer",
        "CONFIG": {"hosts": [redis_url]},
    }
