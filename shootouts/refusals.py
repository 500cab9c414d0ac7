"""What went wrong in the pipeline during a request, as an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gts.web.errors import ConflictError, UnavailableError
from jobs.pipeline.errors import PipelineError

_AWAY: Final = "These files cannot be read just now. Try again later."


@contextmanager
def pipeline_errors_as_answers() -> Iterator[None]:
    """Raises ``UnavailableError`` for what may go well another time, else ``ConflictError``."""
    try:
        yield
    except OSError as error:
        raise UnavailableError(_AWAY, code="STORAGE_UNAVAILABLE") from error
    except PipelineError as error:
        if not error.is_permanent:
            raise UnavailableError(error.message, code=error.code) from error
        raise ConflictError(error.message, code=error.code) from error
