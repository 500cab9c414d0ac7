"""Typed errors of the pipeline: a code, permanent or temporary, one text for people, one for us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Told how much of the work is done (0.0 to 1.0). It is also where long work notices that it
# was cancelled: the callback then raises ``CancelledError``. Called between blocks.
Progress = Callable[[float], None]


def no_progress(fraction: float) -> None:
    """A ``Progress`` for callers that do not watch."""


class PipelineError(Exception):
    """Something that stops a render.

    ``code``: stable, UPPER_SNAKE. ``message``: one sentence for people, without paths or
    library names. ``detail``: what an operator needs. ``is_permanent``: trying again with the
    same input cannot help.
    """

    def __init__(
        self, code: str, message: str, *, detail: str = "", is_permanent: bool = True
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail
        self.is_permanent = is_permanent

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" ({self.detail})" if self.detail else "")


@contextmanager
def naming(subject: str) -> Iterator[None]:
    """Whatever is found wrong inside is told with what it is wrong with."""
    try:
        yield
    except PipelineError as error:
        raise PipelineError(
            error.code,
            f"{subject}: {error.message}",
            detail=error.detail,
            is_permanent=error.is_permanent,
        ) from error


class CancelledError(Exception):
    """Raised out of a ``Progress`` callback: the owner no longer wants the result."""
