"""The resource API below /api/v1, for who brings a token that is good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from tools.tone3000_server import lists
from tools.tone3000_server.catalog import ARCHITECTURES, FakeModel, FakeTone
from tools.tone3000_server.lists import (
    Visitor,
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
from tools.tone3000_server.state import World

# MERGED Model files, in all the ways in which a download can go.

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


PREFIX: Final = "/api/v1/"
_NO_PAGE_OF_MODELS: Final = "tone_id is required."
_BAD_ARCHITECTURE: Final = f"architecture must be one of {', '.join(ARCHITECTURES)}."


def resource(world: World, request: Request) -> Response:
    """Limits come before everything else, literal paths before ``/tones/{id}``."""
    if world.options.is_behind_waf:
        return _waf()
    known = world.tokens.user_of_access(request.bearer)
    if known is None:
        return error(401, "unauthorized", "The access token is missing or not good.")
    user, client_id = known
    visitor = Visitor(world, request, user, client_id)
    path = request.path.removeprefix(PREFIX)
    if request.method != "GET" and not path.endswith("/favorite"):
        return error(405, "method_not_allowed")
    is_search = path == "tones/search"
    limit = world.options.search_limit if is_search else world.options.rate_limit
    wait_s = world.wait_s(request.bearer + ("#search" if is_search else ""), limit)
    if wait_s:
        return _too_many(world, wait_s)
    answer = _literal(visitor, path) or _by_id(visitor, path.split("/"))
    visitor.mark_deprecated(answer)
    return answer


_Endpoint = Callable[[Visitor], Response]
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


def _literal(visitor: Visitor, path: str) -> Response | None:
    if path == "user":
        visitor.expects()
        user = visitor.world.catalog.users[visitor.user]
        return json_response(200, user_json(visitor.world, user))
    if path == "models":
        return _model_list(visitor)
    endpoint = _LITERAL.get(path)
    return endpoint(visitor) if endpoint else None


def _by_id(visitor: Visitor, parts: list[str]) -> Response:
    match parts:
        case ["tones", tone_id, *rest] if rest in ([], ["favorite"], ["download"]):
            if not tone_id.isdecimal():
                return error(400, "invalid_request", "A tone id is a whole number.")
            return _tone(visitor, int(tone_id), rest)
        case ["models", model_id, *rest]:
            if not model_id.isdecimal():
                return error(400, "invalid_request", "A model id is a whole number.")
            return _model(visitor, int(model_id), rest)
        case _:
            return error(404, "not_found")


def _tone(visitor: Visitor, tone_id: int, rest: list[str]) -> Response:
    if rest == ["download"] and visitor.client_id not in visitor.world.options.partners:
        return error(403, "forbidden", "This is for partners.")
    tone = visitor.tone(tone_id)
    if isinstance(tone, Response):
        return tone
    if rest == ["favorite"]:
        return _favorite(visitor, tone)
    if rest == ["download"]:
        visitor.expects("filenames")
        document = {
            "url": f"{visitor.world.options.public_base}/storage/{tone.id}.zip?sig=x",
            "expires_at": "2026-10-05T11:00:00+00:00",
            "filename": f"{tone.title}.zip",
        }
        return json_response(200, document)
    visitor.expects("architecture")
    architecture = visitor.query.get("architecture")
    if architecture is not None and architecture not in ARCHITECTURES:
        return error(400, "invalid_request", _BAD_ARCHITECTURE)
    document = tone_json(visitor.world, tone, visitor.user, architecture=architecture)
    return json_response(200, document)


def _favorite(visitor: Visitor, tone: FakeTone) -> Response:
    visitor.expects()
    if visitor.request.method not in ("PUT", "DELETE"):
        return error(405, "method_not_allowed")
    is_favorite = visitor.request.method == "PUT"
    visitor.world.catalog.set_favorite(visitor.user, tone.id, is_favorite=is_favorite)
    if not is_favorite:
        return Response(204)
    user = visitor.world.catalog.users[visitor.user]
    document = {
        "id": 1,
        "tone_id": tone.id,
        "user_id": user.uuid,
        "created_at": "2026-10-05T10:00:00+00:00",
    }
    return json_response(200, document)


def _model_list(visitor: Visitor) -> Response:
    visitor.expects("tone_id", "page", "page_size", "architecture")
    tone_id = visitor.query.get("tone_id", "")
    if not tone_id.isdecimal():
        return error(400, "invalid_request", _NO_PAGE_OF_MODELS)
    architecture = visitor.query.get("architecture")
    if architecture is not None and architecture not in ARCHITECTURES:
        return error(400, "invalid_request", _BAD_ARCHITECTURE)
    tone = visitor.tone(int(tone_id))
    if isinstance(tone, Response):
        return tone
    wanted = ("1", "custom") if architecture is None else (architecture,)
    rows: list[dict[str, Any]] = [
        model_json(visitor.world, tone, model)
        for model in tone.models
        if tone.format != "nam" or model.architecture in wanted
    ]
    return json_response(200, page_json(rows, page=visitor.page, page_size=visitor.page_size(100)))


def _model(visitor: Visitor, model_id: int, rest: list[str]) -> Response:
    found = visitor.world.catalog.visible_model(model_id, visitor.user)
    if found is None:
        return visitor.gone(visitor.world.catalog.tone_id_of(model_id))
    tone, model = found
    if rest == []:
        visitor.expects()
        return json_response(200, model_json(visitor.world, tone, model))
    if len(rest) == 2 and rest[0] == "download" and rest[1] == f"fake{model.id}{model.suffix}":
        return download(visitor, model)
    return error(404, "not_found")


def _too_many(world: World, wait_s: float) -> Response:
    answer = error(429, "rate_limited", "Too many requests.")
    if world.options.has_retry_after:
        answer.headers["retry-after"] = str(int(wait_s) + 1)
    return answer


def _waf() -> Response:
    html = "<!doctype html><title>Attention</title><h1>Sorry, you have been blocked</h1>"
    return Response(403, html.encode(), {"content-type": "text/html; charset=UTF-8"})
