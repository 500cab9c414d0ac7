"""Model files, in all the ways in which a download can go."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from tools.tone3000_server.catalog import FakeModel
from tools.tone3000_server.messages import Request, Response, error, html_response, redirect
from tools.tone3000_server.visitor import Visitor
from tools.tone3000_server.world import World

STORAGE_PREFIX: Final = "/storage/"
_CONTENT_TYPES: Final = {".nam": "text/plain; charset=UTF-8", ".wav": "audio/wav"}


def download(visitor: Visitor, model: FakeModel) -> Response:
    visitor.expects()
    options = visitor.world.options
    visitor.world.catalog.note_download(visitor.user, model.tone_id)
    content = model.content()
    answer = Response(200, content, {"content-type": _CONTENT_TYPES[model.suffix]})
    match options.download_mode:
        case "redirect":
            base = other_name(options.public_base)
            return redirect(f"{base}{STORAGE_PREFIX}{model.id}{model.suffix}?sig=x")
        case "html":
            return html_response(200, "<!doctype html><h1>Something went wrong</h1>")
        case "truncate":
            answer.num_bytes_sent = len(content) // 2
        case "short":
            answer.body = content[: len(content) // 2]
        case "slow":
            answer.duration_s = options.slow_s
    return answer


def stored_file(world: World, request: Request) -> Response:
    """Where redirects lead: another host, to which no token may be sent."""
    if "authorization" in request.headers:
        world.note("leaked_authorization", request.path)
        return error(400, "invalid_request", "Only one auth mechanism is allowed.")
    for tone in world.catalog.tones.values():
        for model in tone.models:
            if request.path == f"{STORAGE_PREFIX}{model.id}{model.suffix}":
                headers = {"content-type": "application/octet-stream"}
                return Response(200, model.content(), headers)
    return error(404, "not_found")


def other_name(base: str) -> str:
    """The same server under its other name: localhost and 127.0.0.1 are two hosts to a client."""
    parts = urlsplit(base)
    host = "127.0.0.1" if parts.hostname == "localhost" else "localhost"
    return f"{parts.scheme}://{host}:{parts.port}" if parts.port else f"{parts.scheme}://{host}"
