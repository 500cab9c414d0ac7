"""How lines of the log look: JSON for machines, plain for people. Neither shows a secret.

Every line names the request and the job it belongs to, see ``jobs.log_context``.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

from jobs.log_context import current_job_id, current_request_id

_HIDDEN: Final = "[hidden]"

# What is never written down, wherever it comes from: a last line of defence, because texts of
# exceptions are written by others.
_SECRETS: Final = (
    # JSON web tokens, with or without a word before them.
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), _HIDDEN),
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

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in logging
        return super().formatMessage(record) + "".join(
            f" {name}={value}" for name, value in _facts(record).items()
        )

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


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    ids = {"request_id": current_request_id(), "job_id": current_job_id()}
    facts: dict[str, Any] = getattr(record, "facts", {})
    return {**{name: value for name, value in ids.items() if value}, **facts}


def formatter() -> logging.Formatter:
    """The one that ``GTS_LOG_FORMAT`` asks for."""
    return JsonFormatter() if settings.LOG_FORMAT == "json" else PlainFormatter()
