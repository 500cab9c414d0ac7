"""The resource API below /api/v1, for who brings a token that is good; and files of models.

A download goes well, or in any of the ways in which it can go wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from tools.tone3000_server import lists
from tools.tone3000_server.catalog import ARCHITECTURES, FakeModel, FakeTone
from tools.tone3000_server.lists import (
    Caller,
    make_list,
    model_json,
    page_json,
    search,
    tag_list,
    tone_json,
    user_json,
    user_list,
)
from tools.tone3000_server.responses import (
    Request,
    Response,
    error,
    html_response,
    json_response,
    redirect,
)
from tools.tone3000_server.state import FakeState

PREFIX: Final = "/api/v1/"
_NO_PAGE_OF_MODELS: Final = "tone_id is required."
_BAD_ARCHITECTURE: Final = f"architecture must be one of {', '.join(ARCHITECTURES)}."
STORAGE_PREFIX: Final = "/storage/"
_CONTENT_TYPES: Final = {".nam": "text/plain; charset=UTF-8", ".wav": "audio/wav"}


def resource(state: FakeState, request: Request) -> Response:
    """Limits come before everything else, literal paths before ``/tones/{id}``."""
    if state.options.is_behind_waf:
        return _waf()
    known = state.tokens.user_of_access(request.bearer)
    if known is None:
        return error(401, "unauthorized", "The access token is missing or not good.")
    user, client_id = known
    caller = Caller(state, request, user, client_id)
    path = request.path.removeprefix(PREFIX)
    if request.method != "GET" and not path.endswith("/favorite"):
        return error(405, "method_not_allowed")
    is_search = path == "tones/search"
    limit = state.options.search_limit if is_search else state.options.rate_limit
    wait_s = state.wait_s(request.bearer + ("#search" if is_search else ""), limit)
    if wait_s:
        return _too_many(state, wait_s)
    response = _literal(caller, path) or _by_id(caller, path.split("/"))
    caller.mark_deprecated(response)
    return response


_Endpoint = Callable[[Caller], Response]
_LITERAL: Final[dict[str, _Endpoint]] = {
    "tones/created": lists.created,
    "tones/favorited": lists.favorited,
    "tones/downloaded": lists.downloaded,
    "tones/trending": lists.trending,
    "tones/latest": lists.latest,
    "tones/search": search,
    "users": user_list,
    "makes": make_list,
    "tags": tag_list,
}


def _literal(caller: Caller, path: str) -> Response | None:
    if path == "user":
        caller.expects()
        user = caller.state.catalog.users[caller.user]
        return json_response(200, user_json(caller.state, user))
    if path == "models":
        return _model_list(caller)
    endpoint = _LITERAL.get(path)
    return endpoint(caller) if endpoint else None


def _by_id(caller: Caller, parts: list[str]) -> Response:
    match parts:
        case ["tones", tone_id, *rest] if rest in ([], ["favorite"], ["download"]):
            if not tone_id.isdecimal():
                return error(400, "invalid_request", "A tone id is a whole number.")
            return _tone(caller, int(tone_id), rest)
        case ["models", model_id, *rest]:
            if not model_id.isdecimal():
                return error(400, "invalid_request", "A model id is a whole number.")
            return _model(caller, int(model_id), rest)
        case _:
            return error(404, "not_found")


def _tone(caller: Caller, tone_id: int, rest: list[str]) -> Response:
    if rest == ["download"] and caller.client_id not in caller.state.options.partners:
        return error(403, "forbidden", "This is for partners.")
    tone = caller.tone(tone_id)
    if isinstance(tone, Response):
        return tone
    if rest == ["favorite"]:
        return _favorite(caller, tone)
    if rest == ["download"]:
        caller.expects("filenames")
        document = {
            "url": f"{caller.state.options.public_base}/storage/{tone.id}.zip?sig=x",
            "expires_at": "2026-10-05T11:00:00+00:00",
            "filename": f"{tone.title}.zip",
        }
        return json_response(200, document)
    caller.expects("architecture")
    architecture = caller.query.get("architecture")
    if architecture is not None and architecture not in ARCHITECTURES:
        return error(400, "invalid_request", _BAD_ARCHITECTURE)
    document = tone_json(caller.state, tone, caller.user, architecture=architecture)
    return json_response(200, document)


def _favorite(caller: Caller, tone: FakeTone) -> Response:
    caller.expects()
    if caller.request.method not in ("PUT", "DELETE"):
        return error(405, "method_not_allowed")
    is_favorite = caller.request.method == "PUT"
    caller.state.catalog.set_favorite(caller.user, tone.id, is_favorite=is_favorite)
    if not is_favorite:
        return Response(204)
    user = caller.state.catalog.users[caller.user]
    document = {
        "id": 1,
        "tone_id": tone.id,
        "user_id": user.uuid,
        "created_at": "2026-10-05T10:00:00+00:00",
    }
    return json_response(200, document)


def _model_list(caller: Caller) -> Response:
    caller.expects("tone_id", "page", "page_size", "architecture")
    tone_id = caller.query.get("tone_id", "")
    if not tone_id.isdecimal():
        return error(400, "invalid_request", _NO_PAGE_OF_MODELS)
    architecture = caller.query.get("architecture")
    if architecture is not None and architecture not in ARCHITECTURES:
        return error(400, "invalid_request", _BAD_ARCHITECTURE)
    tone = caller.tone(int(tone_id))
    if isinstance(tone, Response):
        return tone
    wanted = ("1", "custom") if architecture is None else (architecture,)
    rows: list[dict[str, Any]] = [
        model_json(caller.state, tone, model)
        for model in tone.models
        if tone.format != "nam" or model.architecture in wanted
    ]
    return json_response(200, page_json(rows, page=caller.page, page_size=caller.page_size(100)))


def _model(caller: Caller, model_id: int, rest: list[str]) -> Response:
    found = caller.state.catalog.visible_model(model_id, caller.user)
    if found is None:
        return caller.gone(caller.state.catalog.tone_id_of(model_id))
    tone, model = found
    if rest == []:
        caller.expects()
        return json_response(200, model_json(caller.state, tone, model))
    if len(rest) == 2 and rest[0] == "download" and rest[1] == f"fake{model.id}{model.suffix}":
        return download(caller, model)
    return error(404, "not_found")


def _too_many(state: FakeState, wait_s: float) -> Response:
    response = error(429, "rate_limited", "Too many requests.")
    if state.options.has_retry_after:
        response.headers["retry-after"] = str(int(wait_s) + 1)
    return response


def _waf() -> Response:
    html = "<!doctype html><title>Attention</title><h1>Sorry, you have been blocked</h1>"
    return Response(403, html.encode(), {"content-type": "text/html; charset=UTF-8"})


def download(caller: Caller, model: FakeModel) -> Response:
    caller.expects()
    options = caller.state.options
    caller.state.catalog.note_download(caller.user, model.tone_id)
    content = model.content()
    response = Response(200, content, {"content-type": _CONTENT_TYPES[model.suffix]})
    match options.download_mode:
        case "redirect":
            base = other_name(options.public_base)
            return redirect(f"{base}{STORAGE_PREFIX}{model.id}{model.suffix}?sig=x")
        case "html":
            return html_response(200, "<!doctype html><h1>Something went wrong</h1>")
        case "truncate":
            response.num_bytes_sent = len(content) // 2
        case "short":
            response.body = content[: len(content) // 2]
        case "slow":
            response.duration_s = options.slow_s
    return response


def stored_file(state: FakeState, request: Request) -> Response:
    """Where redirects lead: another host, to which no token may be sent."""
    if "authorization" in request.headers:
        state.note("leaked_authorization", request.path)
        return error(400, "invalid_request", "Only one auth mechanism is allowed.")
    for tone in state.catalog.tones.values():
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
