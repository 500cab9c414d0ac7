"""How lines of the log look: JSON for machines, plain for people. Neither shows a secret.

Every line names the request and the job it belongs to, see ``jobs.queue.log_context``.
"""

from __future__ import annotations

import json
import logging
import logging.config
import os
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings

from gts.web.request_context import current_request_id
from jobs.queue.log_context import current_job_id

_HIDDEN: Final = "[hidden]"

# Of the log file of the embedded mode: so much, and as many older ones.
_FILE_MAX_BYTES: Final = 5 * 1024 * 1024
_NUM_OLDER_FILES: Final = 3

# What is never written down, wherever it comes from: a last line of defense, because texts of
# exceptions are written by others.
_SECRETS: Final = (
    # JSON web tokens, with or without a word before them.
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), _HIDDEN),
    # Personal access tokens.
    (re.compile(r"\bgts_pat_[\w-]{16,}"), _HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic) +[\w.~+/=-]{6,}"), rf"\1 {_HIDDEN}"),
    # Passwords in addresses: redis://:secret@host, postgresql://gts:secret@host.
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+@"), rf"\1{_HIDDEN}@"),
    # What a login brings back in its address.
    (re.compile(r"([?&](?:code|state)=)[^&\s\"']+"), rf"\1{_HIDDEN}"),
    (
        re.compile(
            r"(?i)\b((?:access|refresh|csrf|id)?_?token|csrftoken|password|passwd|client_secret"
            r"|secret(?:_key)?|api_?key|sessionid|code_verifier|cookie|authorization)"
            r"([\"']?\s*[=:]\s*[\"']?)(?!\[hidden\]|(?:bearer|basic) )[^\s\"'&;,)\]}]+"
        ),
        rf"\1\2{_HIDDEN}",
    ),
)


def without_secrets(text: str) -> str:
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class PlainFormatter(logging.Formatter):
    """One line for people: time, level, where from, what, and the ids when there are any."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """The time of this machine, with its distance from UTC."""
        local = datetime.fromtimestamp(record.created).astimezone()
        return local.isoformat(sep=" ", timespec="milliseconds")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in logging
        line = super().formatMessage(record) + "".join(
            f" {name}={value}" for name, value in _facts(record).items()
        )
        return _in_one_line(line)

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object per line. ``extra={"facts": {...}}`` becomes fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            "process": record.process,
            "thread": record.threadName,
            **_facts(record),
        }
        if record.exc_info:
            line["exception"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def _in_one_line(text: str) -> str:
    """A path or a name may hold a line break, and the next line would be a stranger's."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    ids = {"request_id": current_request_id(), "job_id": current_job_id()}
    facts: dict[str, Any] = getattr(record, "facts", {})
    return {**{name: value for name, value in ids.items() if value}, **facts}


def formatter() -> logging.Formatter:
    """The one that ``GTS_LOG_FORMAT`` asks for."""
    return JsonFormatter() if settings.LOG_FORMAT == "json" else PlainFormatter()


class LogFile(RotatingFileHandler):
    """``gts.log``, for its owner only: it names users and what they do. One process writes it."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            maxBytes=_FILE_MAX_BYTES,
            backupCount=_NUM_OLDER_FILES,
            encoding="utf-8",
            errors="backslashreplace",
        )
        self.setFormatter(formatter())
        self._has_complained = False

    def _open(self) -> IO[str]:  # type: ignore[override]
        return open(
            self.baseFilename,
            self.mode,
            encoding=self.encoding,
            errors=self.errors,
            opener=lambda path, flags: os.open(path, flags, 0o600),
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name in logging
        """A full disk is said once; a traceback for each line would hide what matters."""
        if not self._has_complained:
            self._has_complained = True
            print(f"The log cannot be written: {sys.exc_info()[1]}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    console: logging.Handler


class _Destination:
    """Kept here because Celery has Django configure its logging again when a worker starts."""

    file: _File | None = None


def log_to_file(path: Path, *, instead_of_console: logging.Handler) -> None:
    """Lines go to ``path`` from now on. The console has them too only if GTS_LOG_LEVEL was set.

    Raises ``OSError``.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    LogFile(path).close()  # raises what is wrong with it, if anything
    _Destination.file = _File(path, instead_of_console)
    logging.config.dictConfig(settings.LOGGING)
    logging.captureWarnings(True)


def console_handler() -> logging.Handler:
    """What ``settings.LOGGING`` has for the console."""
    if _Destination.file is not None and not settings.LOG_LEVEL:
        return _Destination.file.console
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    return handler


def file_handler() -> logging.Handler:
    """What ``settings.LOGGING`` has for a file: nothing, unless ``log_to_file`` was called."""
    if _Destination.file is None:
        return logging.NullHandler()
    return LogFile(_Destination.file.path)
