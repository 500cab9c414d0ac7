"""What the person who started the server reads: steps, renders, troubles, one line each.

Everything else is for the log file (``gts.logs.log_to_file``).
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gts.ops.logs import without_secrets
from jobs.pipeline.files import is_disk_full

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
