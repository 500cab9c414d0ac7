"""The log: where its lines go, how they look, and what is said on the console of the embedded mode.

Lines are JSON for machines, plain for people. Neither shows a secret. Every line names the request
and the job it belongs to, see ``jobs.queue.current_job``. What the person who started the server
reads is one line each: steps of the start, renders, troubles; all else goes to the log file
(``log_to_file``).
"""

from __future__ import annotations

import json
import logging
import logging.config
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings

from gts.web.request_id import current_request_id
from jobs.pipeline.files import is_disk_full
from jobs.queue.current_job import current_job_id

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

# Of the console.
_TITLE_WIDTH: Final = 15
_MAX_CHARS: Final = 240
_SAME_AGAIN_AFTER_S: Final = 60.0
# Of these a warning is the everyday business of a server: a page that is not there, a bad upload,
# a name that a scanner made up (who meant it sees a page that says what to do).
_ROUTINE: Final = (
    "django.",
    "uvicorn",
    "asyncio",
    "jobs.queue.runner",
    "gts.web.hosts",
    "py.warnings",
)
_DISK_FULL: Final = (
    "Error: There is no room left on the disk. Make some, then render again what has failed."
)

Write = Callable[[str], object]


def logging_settings(*, level: str, is_embedded: bool) -> dict[str, Any]:
    """Where records go and which are left out, as Django's ``LOGGING``.

    ``level``: empty is as much as fits the mode.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "console": {"()": "gts.ops.logs.console_handler"},
            "file": {"()": "gts.ops.logs.file_handler"},
        },
        "root": {"handlers": ["console", "file"], "level": level or "INFO"},
        "loggers": {
            "httpx": {"level": "WARNING"},
            # gts.web.hosts says it in one line, with the name of our setting.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "celery": {"level": level or "WARNING"},
            # One line per request: for anyone who serves many, not for the person at this machine.
            "gts.requests": {"level": "WARNING" if is_embedded else level or "INFO"},
        },
    }


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


@contextmanager
def step(title: str) -> Iterator[list[str]]:
    """One line for one step of the start; the list takes what it came to. No line if it fails."""
    is_terminal = sys.stdout.isatty()
    head = title.ljust(_TITLE_WIDTH)
    if is_terminal:
        print(f"\r\033[K{head} …", end="", flush=True)
    result: list[str] = []
    try:
        yield result
    except BaseException:
        if is_terminal:
            print("\r\033[K", end="", flush=True)
        raise
    print("\r\033[K" * is_terminal + head + " " + ", ".join(result), flush=True)


def one_line(text: str) -> str:
    """What is safe in a line of a terminal: nothing that moves the cursor, and not endless."""
    line = "".join(char if char.isprintable() else " " for char in text).strip()
    return line if len(line) <= _MAX_CHARS else line[: _MAX_CHARS - 1] + "…"


class RenderNews(logging.Handler):
    """A line for each render that has ended (the logger ``shootouts.renders``), with its page."""

    def __init__(self, write: Write, base_url: str) -> None:
        super().__init__()
        self._write = write
        self._base_url = base_url

    def emit(self, record: logging.LogRecord) -> None:
        facts, end = getattr(record, "facts", {}), getattr(record, "end", None)
        if end is None or facts["state"] not in ("completed", "failed"):
            return  # who cancels knows it
        if facts["state"] == "completed":
            text = f"“{end.title}” rendered in {duration_text(facts['duration_s'])}"
        else:
            text = f"“{end.title}” failed: {end.reason}"
        self._write(f"{one_line(text)}  {self._base_url}{end.path}")


class Troubles(logging.Handler):
    """A line for each warning that someone should see, with the place of the whole story.

    The same again is not said within a minute.
    """

    def __init__(self, write: Write, log_file: Path) -> None:
        super().__init__(logging.WARNING)
        self._write = write
        self._log_file = log_file
        self._said_s: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR and record.name.startswith(_ROUTINE):
            return
        text = self._text(record)
        now_s = time.monotonic()
        if now_s - self._said_s.get(text, -_SAME_AGAIN_AFTER_S) < _SAME_AGAIN_AFTER_S:
            return
        self._said_s = {
            said: at_s for said, at_s in self._said_s.items() if now_s - at_s < _SAME_AGAIN_AFTER_S
        } | {text: now_s}
        self._write(f"{text}  (log: {self._log_file})")

    def _text(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and is_disk_full(error):
            return _DISK_FULL  # whichever of many jobs met it
        level = "Warning" if record.levelno < logging.ERROR else "Error"
        message = record.getMessage().partition("\n")[0]
        why = f": {error!r}" if error is not None else ""
        return f"{level}: {one_line(without_secrets(message + why))}"


def duration_text(duration_s: float | None) -> str:
    if duration_s is None:
        return "no time"
    minutes, seconds = divmod(round(duration_s), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
