"""What services raise when a request cannot be done; ``gts.api`` turns it into the one JSON shape.

It lives in the lowest app because every app above raises these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One thing that is wrong. ``pointer`` is a JSON pointer (RFC 6901) into the input.

    ``existing_id``: of what is there already and stands against it, for programs and links.
    """

    pointer: str
    code: str
    message: str
    existing_id: str = ""


class AppError(Exception):
    """A request that cannot be done: ``code`` for programs, ``message`` for people."""

    status = 400
    code = "BAD_REQUEST"

    def __init__(
        self, message: str, *, code: str | None = None, details: Sequence[ErrorDetail] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details = tuple(details)


class UnauthorizedError(AppError):
    """Nobody known asks, or what they show as proof does not hold."""

    status = 401
    code = "NOT_AUTHENTICATED"


class InsufficientScopeError(AppError):
    """What they show as proof holds, and allows less than this (RFC 6750, 3.1)."""

    status = 403
    code = "INSUFFICIENT_SCOPE"


class NotFoundError(AppError):
    """There is no such thing, or it is not yours: the two look the same from outside."""

    status = 404
    code = "NOT_FOUND"


class ConflictError(AppError):
    """The thing exists but is in a state that does not allow this."""

    status = 409
    code = "CONFLICT"


class PreconditionFailedError(AppError):
    """It has changed since whoever asks has seen it: ``If-Match`` named an older revision."""

    status = 412
    code = "PRECONDITION_FAILED"


class TooSlowError(AppError):
    """The body of a request did not come in time."""

    status = 408
    code = "REQUEST_TIMEOUT"


class TooLargeError(AppError):
    """More bytes than are accepted."""

    status = 413
    code = "TOO_LARGE"


class UnsupportedMediaError(AppError):
    """Not one of the accepted kinds of file."""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"


class InvalidInputError(AppError):
    """Well-formed but wrong; ``details`` holds every finding, not only the first."""

    status = 422
    code = "INVALID"


class UnavailableError(AppError):
    """Something that this needs is away, or has no room left: it may go well another time.

    ``wait`` is when to ask again, in seconds.
    """

    status = 503
    code = "UNAVAILABLE"

    def __init__(self, message: str, *, code: str | None = None, wait: float | None = None) -> None:
        super().__init__(message, code=code)
        self.wait = wait


class BusyError(UnavailableError):
    """More is asked of this process at once than it takes on."""

    code = "BUSY"


class DiskFullError(UnavailableError):
    """There is no room on a disk of the server."""

    status = 507
    code = "DISK_FULL"


class InternalError(AppError):
    """A fault of GTS itself; what it is stands in the log."""

    status = 500
    code = "INTERNAL"


class LimitError(AppError):
    """More than one person may have at a time. ``wait``: when to ask again, in seconds."""

    status = 429
    code = "LIMIT_REACHED"

    def __init__(self, message: str, *, code: str | None = None, wait: float | None = None) -> None:
        super().__init__(message, code=code)
        self.wait = wait


class ReconnectNeededError(ConflictError):
    """Tone 3000 gives this user nothing until they connect (again). Trying again is vain."""

    code = "TONE3000_RECONNECT"


class TokenServiceUnavailableError(UnavailableError):
    """Tone 3000 issues no token just now; what is stored is kept. Worth trying again later."""

    code = "TONE3000_UNAVAILABLE"
