"""``GTS_STORAGE`` and ``GTS_MEDIA_REDIRECT`` in the words of Django's settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_OPTIONS: Final = ("endpoint", "region", "addressing")
_FORM: Final = "s3://bucket/folder?endpoint=https://host&region=name&addressing=path"


def s3_options(url: str) -> dict[str, Any]:
    """The options of ``gts.storage.s3.S3Storage`` for ``s3://bucket/folder?endpoint=…&region=…``.

    Credentials never stand in it: boto3 looks for them in the environment.
    """
    parts = _split(url)
    if parts.scheme != "s3" or parts.username is not None or not _BUCKET.fullmatch(parts.netloc):
        raise ImproperlyConfigured(f"GTS_STORAGE must look like {_FORM}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise ImproperlyConfigured(f"GTS_STORAGE does not know {', '.join(unknown)}: {_FORM}")
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
