"""Static files straight from the event loop.

WhiteNoise knows what is served, compressed and cached how. Its middleware however is synchronous
and would move every async view of the application into a thread, so only its file table is used.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import DisallowedHost
from whitenoise import WhiteNoise
from whitenoise.responders import StaticFile

from gts.web.asgi_types import ASGIApplication, Receive, Scope, Send
from gts.web.scope_request import ScopeRequest
from gts.web.security import scope_headers

# A name with a hash of its content in it never changes its meaning.
_HASHED_NAME: Final = r"\.[0-9a-f]{12}\.[^/]+$"
_CHUNK_BYTES: Final = 256 * 1024


class StaticFiles:
    """Answers below ``STATIC_URL`` from ``STATIC_ROOT``; everything else is for ``inner``, also who
    asks by a name that is not ours.

    With ``DEBUG`` a file need not be collected first: it is taken from where it was written.
    """

    def __init__(self, inner: ASGIApplication) -> None:
        self._inner = inner
        self._prefix = urlsplit(settings.STATIC_URL).path
        self._files = WhiteNoise(
            None,
            max_age=0 if settings.DEBUG else 60,
            allow_all_origins=False,
            immutable_file_test=_HASHED_NAME,
        )
        if Path(settings.STATIC_ROOT).is_dir():
            self._files.add_files(str(settings.STATIC_ROOT), prefix=self._prefix)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if not path.startswith(self._prefix) or not _is_host_known(scope):
            await self._inner(scope, receive, send)
            return
        file = self._files.files.get(path)
        if file is None and settings.DEBUG:
            file = await asyncio.to_thread(self._find, path)
        if file is None:
            await _send_not_found(scope, send)
            return
        environ = {
            "HTTP_" + name.decode("latin-1").upper().replace("-", "_"): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        response = await asyncio.to_thread(file.get_response, scope["method"], environ)
        headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
        headers += scope_headers(scope)
        status = int(response.status)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if response.file is not None:
            try:
                while chunk := await asyncio.to_thread(response.file.read, _CHUNK_BYTES):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            finally:
                response.file.close()
        await send({"type": "http.response.body", "body": b""})

    def _find(self, path: str) -> StaticFile | None:
        found = finders.find(path.removeprefix(self._prefix))
        return self._files.get_static_file(found, path) if isinstance(found, str) else None


def _is_host_known(scope: Scope) -> bool:
    try:
        ScopeRequest(scope).get_host()
    except DisallowedHost:
        return False
    return True


async def _send_not_found(scope: Scope, send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *scope_headers(scope)]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": b"There is no such file.\n"})
