"""What a process takes on at once: the layer before Django that refuses the rest, by name.

- Bodies beyond 64 KiB are taken in from known users only, and so many at once (``Uploads``). They
  are written to the disk before Django looks who sends them, so that is looked at first. Every
  body has to come in time (``gts.web.bodies``).
- So many requests are at work at once. Others wait a moment for their turn, and are then told to
  come again: a view beyond what the machine can do would only make all of them late. A request
  takes its turn when all of it is there, and gives it back when its answer begins, so a slow
  client holds up nothing; or when it waits for Tone 3000. Health checks and metrics do not wait.
- So many requests are open at once, slow ones included.

Files of the site itself and WebSockets do not come through here.
"""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.handlers.asgi import ASGIRequest

from accounts.models import User
from accounts.sessions.logins import credential_of_token
from gts.errors import trouble_as_answer
from gts.web.bodies import SMALL_BODY_BYTES, Intake
from gts.web.database import release_connections
from gts.web.error_answers import refuse, refuse_body
from gts.web.errors import AppError, LimitError, UnauthorizedError
from gts.web.scopes import ASGIApplication, Message, Receive, Scope, Send
from gts.web.slots import Slots, busy, slot_is_given_back_by

NOT_LOGGED_IN: Final = (
    f"Log in first: more than {SMALL_BODY_BYTES // 1024} KiB are taken from known users only."
)
# Looking a user up takes a connection to the database, and views need most of those.
_NUM_LOOKUP_THREADS: Final = 2
_UPLOAD_RETRY_AFTER_S: Final = 10.0


_UNCOUNTED_PATHS: Final = ("/health/", "/metrics")
# In the queue for a turn: for a file that has arrived, so that it need not come again.
_UPLOAD_PATIENCE_S: Final = 30.0


class RequestGate:
    """Answers 503 with ``Retry-After`` beyond what is taken on, and 401, 408, 429 or 507 to bodies
    that are not taken in."""

    def __init__(self, inner: ASGIApplication) -> None:
        self._inner = inner
        self._slots = Slots(settings.GTS_MAX_REQUESTS)
        self._uploads = Uploads()
        self._num_open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_counted = not scope["path"].startswith(_UNCOUNTED_PATHS)
        if is_counted and self._num_open >= settings.GTS_MAX_OPEN_REQUESTS:
            await refuse_body(scope, receive, send, busy())
            return
        self._num_open += is_counted
        visit = _Visit(self._slots, self._uploads, scope, is_counted=is_counted)
        try:
            await visit.answer(self._inner, receive, send)
        finally:
            visit.end()
            self._num_open -= is_counted


class _Visit:
    """One request: what it holds of the process, from its first byte to its end."""

    def __init__(self, slots: Slots, uploads: Uploads, scope: Scope, *, is_counted: bool) -> None:
        self._slots, self._uploads, self._scope = slots, uploads, scope
        self._is_counted = is_counted
        self._has_slot = False
        self._has_answered = False
        self._uploader: int | None = None

    async def answer(self, inner: ASGIApplication, receive: Receive, send: Send) -> None:
        async def watched_send(message: Message) -> None:
            self._has_answered = True
            self._give_back_slot()
            await send(message)

        intake = Intake(
            self._scope, receive, when_upload=self._upload, when_complete=self._take_slot
        )
        loop = asyncio.get_running_loop()
        slot_is_given_back_by(partial(loop.call_soon_threadsafe, self._give_back_slot))
        refusal: AppError | None = None
        try:
            await intake.open()
            await inner(self._scope, intake.receive, watched_send)
        except AppError as error:
            refusal = error
        except OSError as error:  # where the body is written to, for one
            refusal = None if self._has_answered else trouble_as_answer(error)
            if refusal is None:
                raise
        refusal = refusal or intake.refusal
        if self._has_answered or refusal is None:
            return
        self.end()
        if intake.is_complete:
            await refuse(self._scope, send, refusal)
        else:
            await refuse_body(self._scope, receive, send, refusal)

    def end(self) -> None:
        self._give_back_slot()
        if self._uploader is not None:
            self._uploads.leave(self._uploader)
            self._uploader = None

    async def _upload(self) -> None:
        self._uploader = await self._uploads.admit(self._scope)

    async def _take_slot(self, is_upload: bool) -> None:
        if self._is_counted:
            patience_s = _UPLOAD_PATIENCE_S if is_upload else settings.GTS_REQUEST_QUEUE_S
            await self._slots.take(patience_s)
            self._has_slot = True

    def _give_back_slot(self) -> None:
        if self._has_slot:
            self._has_slot = False
            self._slots.give_back()


class Uploads:
    """Bodies of more than a form that this process is taking in: from known users, and of each only
    so many at once. The session or the token is read from the database, as for any request."""

    def __init__(self) -> None:
        self._num_by_user: Counter[int] = Counter()
        threads = ThreadPoolExecutor(_NUM_LOOKUP_THREADS, thread_name_prefix="uploads")
        self._identify = sync_to_async(_identify, thread_sensitive=False, executor=threads)

    async def admit(self, scope: Scope) -> int:
        """The primary key of who sends it; to be given to ``leave`` at the end.

        Raises ``UnauthorizedError``, ``LimitError`` TOO_MANY_UPLOADS, ``BusyError``, and
        ``UnavailableError`` without a database.
        """
        if not _has_credentials(scope):
            raise UnauthorizedError(NOT_LOGGED_IN)
        user_id = await self._identify(scope)
        if self._num_by_user.total() >= settings.GTS_MAX_UPLOADS:
            raise busy(wait_s=_UPLOAD_RETRY_AFTER_S)
        if self._num_by_user[user_id] >= settings.GTS_MAX_UPLOADS_PER_USER:
            raise LimitError(
                f"You are sending {settings.GTS_MAX_UPLOADS_PER_USER} files already. "
                "Wait until one of them is uploaded, then try again.",
                code="TOO_MANY_UPLOADS",
                wait=_UPLOAD_RETRY_AFTER_S,
            )
        self._num_by_user[user_id] += 1
        return user_id

    def leave(self, user_id: int) -> None:
        self._num_by_user -= Counter({user_id: 1})  # keeps those above zero


def _has_credentials(scope: Scope) -> bool:
    """Whether there is anything to look up: what shows nothing costs no query."""
    cookie = f"{settings.SESSION_COOKIE_NAME}=".encode()
    return any(
        name == b"authorization" or (name == b"cookie" and cookie in value)
        for name, value in scope["headers"]
    )


def _identify(scope: Scope) -> int:
    try:
        user = _user_of(ASGIRequest(scope, io.BytesIO()))
    except Exception as error:
        answer = trouble_as_answer(error)
        if answer is None:
            raise
        raise answer from error
    finally:
        release_connections()
    if user is None:
        raise UnauthorizedError(NOT_LOGGED_IN)
    return user.pk


def _user_of(request: ASGIRequest) -> User | None:
    """As views know users: by a token, or by the session. Raises ``UnauthorizedError``."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credential_of_token(token.strip())[0]
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return user if isinstance(user, User) else None


class TidyUploadHandler(TemporaryFileUploadHandler):
    """For uploaded files that Django keeps in TMPDIR until the view is done.

    One that cannot be written to its end, on a full disk for instance, is gone at once: the
    error that says so would keep it for as long as it is looked at.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError:
            self._discard()
            raise

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        try:
            return super().file_complete(file_size)
        except OSError:  # what was still in a buffer
            self._discard()
            raise

    def _discard(self) -> None:
        with suppress(OSError):  # its buffer again; it is deleted nevertheless
            self.file.close()
