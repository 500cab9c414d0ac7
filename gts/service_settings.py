"""The database, the caches, the channel layer and the storage of files, as settings name them.

Of each mode: what ``DATABASE_URL``, ``REDIS_URL``, ``GTS_STORAGE`` and ``GTS_MEDIA_REDIRECT`` say,
in the words of Django's and Channels' settings.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# How the connection to PostgreSQL is encrypted, as libpq has it after the name of the database; and
# the variables by which its programs (pg_dump, psql) know it.
TLS_VARIABLES: Final = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
# Of GTS_STORAGE.
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_STORAGE_OPTIONS: Final = ("endpoint", "region", "addressing")
_STORAGE_FORM: Final = "s3://bucket/folder?endpoint=https://host&region=name&addressing=path"


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
        "BACKEND": "gts.redis_transports.RedisChannelLayer",
        "CONFIG": {"hosts": [redis_url]},
    }


def s3_options(url: str) -> dict[str, Any]:
    """The options of ``gts.storage.s3.S3Storage`` for ``s3://bucket/folder?endpoint=…&region=…``.

    Credentials never stand in it: boto3 looks for them in the environment.
    """
    parts = _split(url)
    if parts.scheme != "s3" or parts.username is not None or not _BUCKET.fullmatch(parts.netloc):
        raise ImproperlyConfigured(f"GTS_STORAGE must look like {_STORAGE_FORM}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - set(_STORAGE_OPTIONS))
    if unknown:
        raise ImproperlyConfigured(
            f"GTS_STORAGE does not know {', '.join(unknown)}: {_STORAGE_FORM}"
        )
    endpoint = options.get("endpoint", "").rstrip("/")
    if endpoint and not is_origin(endpoint):
        raise ImproperlyConfigured("The endpoint in GTS_STORAGE must be like https://host:port")
    # Amazon wants the bucket in the name of the host, most others take it in the path.
    addressing = options.get("addressing") or ("path" if endpoint else "virtual")
    if addressing not in ("path", "virtual"):
        raise ImproperlyConfigured("The addressing in GTS_STORAGE must be path or virtual")
    return {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": endpoint or None,
        "region_name": options.get("region") or None,
        "addressing_style": addressing,
    }


def _split(url: str) -> SplitResult:
    """The parts of ``url``; none of something that is no address at all."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises when it is none
    except ValueError:
        return urlsplit("")
    return parts


def media_storage(url: str, public_endpoint: str | None, *, folder: Path) -> dict[str, Any]:
    """As ``STORAGES`` has it: the bucket of ``url``, or without one ``folder``."""
    if not url:
        return {
            "BACKEND": "gts.storage.local.AtomicFileSystemStorage",
            "OPTIONS": {"location": folder},
        }
    options = {**s3_options(url), "public_endpoint_url": public_endpoint}
    return {"BACKEND": "gts.storage.s3.S3Storage", "OPTIONS": options}


def redirect_from(value: str, storage: str) -> tuple[bool, str | None]:
    """Whether media are fetched from the storage itself, and by what address of it if another.

    ``value``: 0, 1, or the storage's address for browsers; ``storage``: GTS_STORAGE.
    """
    if value.lower() in ("", "0", "false", "no"):
        return False, None
    if not storage:
        raise ImproperlyConfigured("GTS_MEDIA_REDIRECT needs files in S3: GTS_STORAGE")
    if value.lower() in ("1", "true", "yes"):
        return True, None
    if not is_origin(value.rstrip("/")):
        raise ImproperlyConfigured("GTS_MEDIA_REDIRECT must be 0, 1 or like https://host")
    return True, value.rstrip("/")


def redirect_origins(options: dict[str, Any], public_endpoint: str | None) -> list[str]:
    """Where redirects lead: what pages must be allowed to load from."""
    endpoint = public_endpoint or options["endpoint_url"]
    bucket, region = options["bucket_name"], options["region_name"]
    if endpoint is None:
        hosts = ["s3.amazonaws.com", *([f"s3.{region}.amazonaws.com"] if region else [])]
        if options["addressing_style"] == "path":
            return [f"https://{host}" for host in hosts]
        return [f"https://{bucket}.{host}" for host in hosts]
    parts = urlsplit(endpoint)
    host = parts.netloc if options["addressing_style"] == "path" else f"{bucket}.{parts.netloc}"
    return [f"{parts.scheme}://{host}"]


def is_origin(url: str) -> bool:
    parts = _split(url)
    is_bare = url == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
    return is_bare and parts.scheme in ("http", "https") and parts.hostname is not None
