"""What a process takes on at once: the layer before Django that refuses the rest, by name.

- Bodies beyond 64 KiB are taken in from known users only, and so many at once (``gts.uploads``);
  every body has to come in time (``gts.web.intake``).
- So many requests are at work at once. Others wait a moment for their turn, and are then told to
  come again: a view beyond what the machine can do would only make all of them late. A request
  takes its turn when all of it is there, and gives it back when its answer begins, so a slow
  client holds up nothing; or when it waits for Tone 3000. Health checks and metrics do not wait.
- So many requests are open at once, slow ones included.

Files of the site itself and WebSockets do not come through here.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from django.conf import settings

from gts.errors import trouble_as_answer
from gts.uploads import Uploads
from gts.web.asgi_types import ASGIApplication, Message, Receive, Scope, Send
from gts.web.errors import AppError
from gts.web.intake import Intake
from gts.web.refusals import refuse, refuse_body
from gts.web.request_slot import slot_is_given_back_by
from gts.web.slots import Slots, busy

_UNCOUNTED_PATHS: Final = ("/health/", "/metrics")
# For a file that has arrived, so that it need not come again.
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
