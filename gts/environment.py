"""Variables of the environment, checked and in their types; and secrets that a folder keeps."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_flag(name: str, *, default: bool) -> bool:
    value = env(name).lower()
    if value in ("", "0", "1", "false", "true", "no", "yes"):
        return default if value == "" else value in ("1", "true", "yes")
    raise ImproperlyConfigured(f"{name} must be 0 or 1, not {value!r}")


def env_number(name: str, default: int) -> int:
    value = env(name)
    if value and not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}")
    return int(value) if value else default


def env_numbers(name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    values = env_list(name)
    if not all(value.isdecimal() for value in values):
        raise ImproperlyConfigured(f"{name} must be whole numbers, not {env(name)!r}")
    return tuple(int(value) for value in values) or default


def env_list(name: str) -> list[str]:
    return [item for item in env(name).replace(",", " ").split() if item]


def secret_from_file(path: Path, make: Callable[[], str]) -> str:
    """A secret made once, readable by the owner only. Two processes starting at once agree."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # fails if another process was first: its secret wins
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text().strip()


def new_secret_key() -> str:
    return secrets.token_urlsafe(64)


def new_token_key() -> str:
    """As ``cryptography.fernet.Fernet.generate_key``."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def database_from_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10},  # a host that is gone does not answer at all
    }
