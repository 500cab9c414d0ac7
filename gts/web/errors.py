"""What services raise when a request cannot be done; ``gts.api`` makes the one JSON shape of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One thing that is wrong. ``pointer`` is a JSON pointer (RFC 6901) into the input."""

    pointer: str
    code: str
    message: str


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
    """No one known asks, or what they show as proof does not hold."""

    status = 401
    code = "NOT_AUTHENTICATED"


class CSRFError(AppError):
    """A session without the token that proves that its own page asks."""

    status = 403
    code = "CSRF_FAILED"


class InsufficientScopeError(AppError):
    """What they show as proof holds, and allows less than this (RFC 6750, 3.1)."""

    status = 403
    code = "INSUFFICIENT_SCOPE"


class SessionNeededError(AppError):
    """Who asks is known by a token, and this takes the session of a browser."""

    status = 403
    code = "SESSION_NEEDED"


class NotFoundError(AppError):
    """There is no such thing, or it is not yours: the two look the same from outside."""

    status = 404
    code = "NOT_FOUND"


class ConflictError(AppError):
    """The thing exists but is in a state that does not allow this."""

    status = 409
    code = "CONFLICT"


@dataclass(frozen=True, slots=True)
class Existing:
    """What is there already. ``resource``: by its name in the API's routes, "tag" or "di-track"."""

    resource: str
    id: UUID


class DuplicateError(ConflictError):
    """The same exists already; ``pointer``: what of the input says that it is the same."""

    code = "DUPLICATE"

    def __init__(self, message: str, *, pointer: str, existing: Existing) -> None:
        super().__init__(message, details=[ErrorDetail(pointer, self.code, message)])
        self.existing = existing


class PreconditionFailedError(AppError):
    """It has changed since the client has seen it: ``If-Match`` named an older revision."""

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


class HeadersTooLargeError(AppError):
    """The line and the headers of a request, or their number, beyond what is read."""

    status = 431
    code = "HEADERS_TOO_LARGE"


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
    """Tone 3000 gives this user nothing until they connect (again). Trying again is useless."""

    code = "TONE3000_RECONNECT"


class TokenServiceUnavailableError(UnavailableError):
    """Tone 3000 issues no token just now; what is stored is kept. Worth trying again later."""

    code = "TONE3000_UNAVAILABLE"


class StorageAwayError(OSError):
    """The storage of files does not answer, refuses, or has no room: it may go well later.

    ``wait``: when to ask again, in seconds.
    """

    wait = 10
