"""Why a job did not succeed: one code, one text for people, one for operators."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any, Final

from django.db import InterfaceError, OperationalError

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import is_disk_full

# The database is away, or asks to try the transaction again (deadlock, locked file).
DATABASE_TROUBLE: Final = (OperationalError, InterfaceError)

_MAX_DETAIL_CHARS: Final = 8000


@dataclass(frozen=True, slots=True)
class Failure:
    """``message`` is for people, ``detail`` for operators. Permanent: trying again is useless."""

    code: str
    message: str
    detail: str = ""
    is_permanent: bool = False

    def fields(self) -> dict[str, Any]:
        """The columns of a job that hold it."""
        return {
            "error_code": self.code[:64],
            "error_message": self.message,
            # The end of a traceback says more than its beginning.
            "error_detail": self.detail[-_MAX_DETAIL_CHARS:],
        }


NO_FAILURE: Final = Failure("", "").fields()
WORKER_LOST: Final = Failure(
    "WORKER_LOST", "The machine that worked on this stopped several times in the middle."
)


def failure_from(error: Exception) -> Failure:
    """Sort an exception out of a handler. Only a ``PipelineError`` may be permanent."""
    if isinstance(error, PipelineError):
        return Failure(error.code, error.message, error.detail, error.is_permanent)
    code, message = _classify(error)
    return Failure(code, message, "".join(traceback.format_exception(error)))


def _classify(error: Exception) -> tuple[str, str]:
    if is_disk_full(error):
        return "DISK_FULL", "The server has no space left for the result."
    if isinstance(error, OSError):
        return "STORAGE_UNAVAILABLE", "A file could not be read or written on the server."
    if isinstance(error, DATABASE_TROUBLE):
        return "DATABASE_UNAVAILABLE", "The database could not be reached."
    return "INTERNAL", "Something went wrong on our side."
