"""Variables of the environment, checked and in their types; and secrets that a folder keeps.

The one place that reads them. An empty value is the same as none, and what the environment does not
set may stand in a file (``.env``), no matter who starts GTS and however.
"""

from __future__ import annotations

import base64
import errno
import io
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv.parser import Binding, parse_stream

# Of these an empty one is taken away, so that libraries that read them by themselves agree.
_OURS = ("GTS_", "AWS_", "DATABASE_URL", "REDIS_URL")
_MAX_DIGITS = 18


def read_env_file(path: Path, *, is_required: bool = False) -> None:
    """Add to the environment what it does not set and the file does.

    ``is_required``: that there is none is an error, too.
    """
    values = _values_of(path) if is_required or path.exists() else {}
    for name, value in values.items():
        if value and not os.environ.get(name, "").strip():
            os.environ[name] = value
    for name in [name for name, value in os.environ.items() if not value.strip()]:
        if name.startswith(_OURS):
            del os.environ[name]


def _values_of(path: Path) -> dict[str, str | None]:
    """Errors name the line and not what it says: it may be a password."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The file of variables {path} cannot be read: {error.strerror}. "
            "GTS_ENV_FILE says which file that is."
        ) from error
    try:
        text = data.decode("utf-8-sig")
        line = text[: text.find("\0")].count("\n") + 1 if "\0" in text else 0  # UTF-16, say
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
    if line:
        raise ImproperlyConfigured(
            f"{path}, line {line}: this is not UTF-8. Save the file as UTF-8."
        )
    values = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or "\n" in (binding.value or ""):
            raise ImproperlyConfigured(
                f"{path}, line {_line_of(binding)}: this is not NAME=value on one line. "
                "Is a quote not closed?"
            )
        if binding.key is not None:
            values[binding.key] = binding.value
    return values


def _line_of(binding: Binding) -> int:
    """Empty lines before it are counted as a part of it."""
    said = binding.original.string
    return binding.original.line + said[: len(said) - len(said.lstrip())].count("\n")


def env_path(name: str, *, base: Path) -> Path | None:
    """A file or folder. Relative ones start at ``base``, wherever GTS happens to be started."""
    value = env(name)
    if not value:
        return None
    try:
        return base / Path(value).expanduser()
    except RuntimeError as error:  # ~no one
        raise ImproperlyConfigured(
            f"{name} names the folder of an unknown user: {value}"
        ) from error


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def env_choice(name: str, choices: tuple[str, ...], default: str) -> str:
    value = env(name)
    for choice in choices:
        if value.lower() == choice.lower():
            return choice
    if not value:
        return default
    raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")


def env_flag(name: str, *, default: bool) -> bool:
    value = env(name).lower()
    if value in ("", "0", "1", "false", "true", "no", "yes"):
        return default if value == "" else value in ("1", "true", "yes")
    raise ImproperlyConfigured(f"{name} must be 0 or 1, not {value!r}.")


def env_number(name: str, default: int, *, most: int | None = None) -> int:
    value = env(name, str(default))
    if not _is_number(value):
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    if most is not None and int(value) > most:
        raise ImproperlyConfigured(f"{name} must be at most {most}, not {value}.")
    return int(value)


def env_numbers(name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    values = env_list(name)
    if not all(_is_number(value) for value in values):
        raise ImproperlyConfigured(f"{name} must be whole numbers, not {env(name)!r}.")
    return tuple(int(value) for value in values) or default


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS


def env_list(name: str) -> list[str]:
    return [item for item in env(name).replace(",", " ").split() if item]


def env_hosts(name: str) -> list[str]:
    """Names of hosts, as browsers have them after ``https://`` and before a port."""
    hosts = env_list(name)
    for host in hosts:
        without_address = host.split("]")[-1] if host.startswith("[") else host
        if "/" in host or ":" in without_address:
            raise ImproperlyConfigured(
                f"{name} must be names such as gts.example, without https:// and port, "
                f"not {host!r}."
            )
    return hosts


def env_origins(name: str) -> list[str]:
    origins = env_list(name)
    for origin in origins:
        if not origin.startswith(("http://", "https://")):
            raise ImproperlyConfigured(
                f"{name} must be addresses such as https://gts.example, not {origin!r}."
            )
    return origins


def env_url(name: str, *schemes: str) -> str:
    """An address that starts as one of ``schemes`` does; or nothing."""
    value = env(name)
    if not value:
        return ""
    allowed = " or ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(value)
        is_good = parts.scheme in schemes and (parts.port is None or parts.port > 0)
        # A password with / ? or # ends the name of the host too early.
        is_good = is_good and "@" not in parts.path + parts.query + parts.fragment
    except ValueError:  # its port, or the brackets of its host
        is_good = False
    if not is_good:  # the value may hold a password
        raise ImproperlyConfigured(
            f"{name} must be an address that starts with {allowed}. Special characters in its "
            "password are percent-encoded: % as %25, # as %23, @ as %40, / as %2F, ? as %3F."
        )
    return value


def data_folder(path: Path) -> Path:
    """The folder of GTS_DATA_DIR, made if need be: for its owner only. One that is there already
    keeps the rights it has."""
    problem = ""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        problem = error.strerror or str(error)
    if not os.access(path, os.W_OK | os.X_OK):
        problem = problem or os.strerror(_why_not_writable(path))
        raise ImproperlyConfigured(
            f"GTS_DATA_DIR must be a folder that GTS may write to, not {path}: {problem}."
        )
    return path


def _why_not_writable(path: Path) -> int:
    """Permissions do not help where the whole file system is read-only."""
    is_read_only = bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    return errno.EROFS if is_read_only else errno.EACCES


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
