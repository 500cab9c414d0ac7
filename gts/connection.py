"""How uvicorn reads a connection of GTS: with bounds for the head of a request.

``--http gts.connection:Connection``: uvicorn's own class takes request lines and headers of any
size, in any number, for as long as they take to come, and copies a header again for every packet.
It also adds trailers, which come after the body, to the headers, where they could pass for what a
proxy has checked; here they are counted and left out.

Django is not imported before there is something to refuse: uvicorn loads this before the
application.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from gts.web.errors import AppError, HeadersTooLargeError, TooSlowError

# Of the line and the headers of one request, and of its trailers. Browsers and proxies send some
# KiB. One that follows another in the same packet may have up to twice as many bytes.
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_HEADERS: Final = 200
# From the first byte of a head to its last, and for a new connection to begin one.
HEAD_S = 30.0
# Who is cut off while sending sees a broken connection and not the answer: so much more is read.
_DRAINED_BYTES: Final = 16 * 1024 * 1024
_DRAINED_S: Final = 2.0


class Connection(HttpToolsProtocol):
    """Answers 431 to a head that is too large and 408 to one that is too slow, and closes then."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.url = b""
        self.headers = []
        self._timer: asyncio.TimerHandle | None = None
        # Refused, or a WebSocket by now: nothing more of it is parsed here.
        self._is_done = False
        self._is_in_body = False
        # Bytes that came since the last body or the last whole head, and are neither.
        self._num_pending = 0
        self._num_trailers = self._num_trailer_bytes = 0

    # Of the transport -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_S, self._time_is_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_done:
            self._throw_away(data)
            return
        while data and self._is_open():
            # A head is read no further than it may go, however much comes at once.
            room = MAX_HEAD_BYTES - self._num_pending
            part, data = data[:room], data[room:]
            self._num_pending += len(part)
            super().data_received(part)
            self._look_at_pending()

    def handle_websocket_upgrade(self) -> None:
        if not self._is_done:
            self._is_done = True
            super().handle_websocket_upgrade()

    # Of the parser --------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_in_body:
            self._num_trailers += 1
            self._num_trailer_bytes += len(name) + len(value)
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_done:
            return
        self._stop_timer()
        self._num_pending = 0
        if len(self.headers) > MAX_HEADERS:
            self._refuse_size()
            return
        self._num_trailers = self._num_trailer_bytes = 0
        self._is_in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._num_pending = 0
        if not self._is_done:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_done:
            return
        self._num_pending = 0
        if self._has_large_trailers():
            self._refuse_size()
            return
        self._is_in_body = False
        super().on_message_complete()

    # Bounds ---------------------------------------------------------------------------------------

    def _has_large_trailers(self) -> bool:
        return self._num_trailers > MAX_HEADERS or self._num_trailer_bytes > MAX_HEAD_BYTES

    def _look_at_pending(self) -> None:
        if not self._is_open():
            return
        is_large = self._num_pending >= MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS
        if is_large or self._has_large_trailers():
            self._refuse_size()
        elif self._num_pending and not self._is_in_body and self._timer is None:
            self._timer = self.loop.call_later(HEAD_S, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        if self._is_answering():
            self._timer = self.loop.call_later(HEAD_S, self._time_is_up)
        elif self._num_pending:
            self._refuse(TooSlowError("The headers of the request did not come in time."))
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _is_open(self) -> bool:
        return not self._is_done and not self.transport.is_closing()

    def _refuse_size(self) -> None:
        self._refuse(
            HeadersTooLargeError(
                f"The headers of the request are too large: {MAX_HEADERS} of them and "
                f"{MAX_HEAD_BYTES // 1024} KiB in all are the most."
            )
        )

    def _refuse(self, error: AppError) -> None:
        """Answer, where no other answer could be on its way, and close."""
        self._is_done = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        if self._is_in_body or self._is_answering():
            self.transport.close()
            return
        self.transport.write(self._answer(error))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._num_pending = 0
        self._timer = self.loop.call_later(_DRAINED_S, self.transport.close)

    def _answer(self, error: AppError) -> bytes:
        from gts.web.error_answers import refusal

        method = self.parser.get_method().decode("ascii")
        scope = {
            "type": "http",
            "method": method,
            "path": self.url.partition(b"?")[0].decode("latin-1"),
            "headers": self.headers,
            "scheme": self.scheme,
            "client": self.client,
            "server": self.server,
        }
        start, content = refusal(scope, error)
        headers = [
            *self.server_state.default_headers,
            *start["headers"],
            (b"connection", b"close"),
        ]
        lines = [b"%s: %s\r\n" % pair for pair in headers]
        body = b"" if method == "HEAD" else content
        return b"".join([STATUS_LINE[error.status], *lines, b"\r\n", body])

    def _throw_away(self, data: bytes) -> None:
        self._num_pending += len(data)
        if self._num_pending > _DRAINED_BYTES:
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
