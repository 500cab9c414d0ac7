"""Static files: gathered where the server reads them, and served straight from the event loop.

They are gathered as seldom as possible: `collectstatic` hashes and compresses everything again,
which takes longer than the rest of a start. WhiteNoise knows what is served, compressed and cached
how. Its middleware however is synchronous and would move every async view of the application into a
thread, so only its file table is used.
"""

from __future__ import annotations

import asyncio
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import DisallowedHost
from django.core.management import call_command
from whitenoise import WhiteNoise
from whitenoise.responders import StaticFile

from gts.web.headers import scope_headers
from gts.web.scopes import ASGIApplication, Receive, Scope, ScopeRequest, Send
from jobs.pipeline.files import replacing

# Below STATIC_ROOT: what was gathered there, when that was done to its end.
_MARK: Final = ".gathered"
# A name with a hash of its content in it never changes its meaning.
_HASHED_NAME: Final = r"\.[0-9a-f]{12}\.[^/]+$"
_CHUNK_BYTES: Final = 256 * 1024


def gather_static() -> bool:
    """Run `collectstatic` if any file has changed since the last time. Says whether it did."""
    mark = Path(settings.STATIC_ROOT) / _MARK
    wanted = _fingerprint()
    if mark.is_file() and mark.read_text() == wanted:
        return False
    mark.unlink(missing_ok=True)  # a run that is cut short must not look finished
    call_command("collectstatic", interactive=False, verbosity=0)
    with replacing(mark) as path:
        path.write_text(wanted)
    return True


def _fingerprint() -> str:
    """Of the names, sizes and times of all files, and of what turns them into what is served."""
    backend = settings.STORAGES["staticfiles"]["BACKEND"]
    digest = hashlib.sha256(f"{backend} {version('django')} {version('whitenoise')}".encode())
    ignored = cast(StaticFilesConfig, apps.get_app_config("staticfiles")).ignore_patterns
    digest.update(repr(ignored).encode())
    for finder in get_finders():
        for name, storage in finder.list(ignored):
            found = Path(storage.path(name)).stat()
            digest.update(f"\n{name}\0{found.st_size}\0{found.st_mtime_ns}".encode())
    return digest.hexdigest()


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
    await send({"type": "http.response.body", "body": b"File not found.\n"})
