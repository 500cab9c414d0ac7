"""What lies outside of the free tier: search, people, makes and tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tools.tone3000_server.catalog import FakeTone
from tools.tone3000_server.messages import Response, error, json_response
from tools.tone3000_server.shapes import page_json, public_user_json, tone_json
from tools.tone3000_server.visitor import Visitor
from tools.tone3000_server.words import ARCHITECTURES, FORMATS, TONE_SORTS, gears_of

_MOST = 25
_MOST_USERS = 10


def search(visitor: Visitor) -> Response:
    visitor.expects(
        "query", "page", "page_size", "sort", "gears", "format", "sizes", "tags", "makes",
        "creators", "architecture", "calibrated", "verified", "platform", "gear",
    )  # fmt: skip
    query = visitor.query
    for old, name in (("platform", "legacy_platform_key"), ("gear", "legacy_gear_key")):
        if old in query:
            visitor.deprecate(name)
    gears, deprecated = gears_of(query.get("gears", query.get("gear", "")))
    for name in deprecated:
        visitor.deprecate(name)
    format = query.get("format", query.get("platform", ""))
    if not format and "legacy_ir_gear_value" in deprecated:
        format = "ir"
    architecture = query.get("architecture", "")
    for name, value, known in (
        ("architecture", architecture, ARCHITECTURES),
        ("format", format, FORMATS),
        ("sort", query.get("sort", ""), TONE_SORTS),
    ):
        if value and value not in known:
            return error(400, "invalid_request", f"{name} must be one of {', '.join(known)}.")
    tones = [
        tone
        for tone in visitor.world.catalog.tones.values()
        if tone.is_public
        and query.get("query", "").casefold() in tone.title.casefold()
        and (not gears or tone.gear in gears)
        and (not format or tone.format == format)
        and (not architecture or tone.count(architecture))
    ]
    if query.get("sort") == "oldest":
        tones.reverse()
    rows = [tone_json(visitor.world, tone, visitor.user, is_search=True) for tone in tones]
    return _page(visitor, rows, _MOST)


def user_list(visitor: Visitor) -> Response:
    visitor.expects("sort", "page", "page_size", "query")
    text = visitor.query.get("query", "").casefold()
    users = [user for user in visitor.world.catalog.users.values() if text in user.name]
    return _page(visitor, [public_user_json(visitor.world, user) for user in users], _MOST_USERS)


def make_list(visitor: Visitor) -> Response:
    return _names(visitor, (tone.makes for tone in _public(visitor)))


def tag_list(visitor: Visitor) -> Response:
    return _names(visitor, (tone.tags for tone in _public(visitor)))


def _public(visitor: Visitor) -> Iterable[FakeTone]:
    return (tone for tone in visitor.world.catalog.tones.values() if tone.is_public)


def _names(visitor: Visitor, names: Iterable[tuple[str, ...]]) -> Response:
    visitor.expects("query", "sort", "page", "page_size")
    text = visitor.query.get("query", "").casefold()
    counted = Counter(name for several in names for name in several if text in name.casefold())
    rows = [
        {
            "id": number,
            "name": name,
            "tones_count": count,
            "url": f"{visitor.world.options.public_base}/search?q={number}",
        }
        for number, (name, count) in enumerate(counted.most_common(), start=1)
    ]
    return _page(visitor, rows, _MOST)


def _page(visitor: Visitor, rows: list[dict[str, Any]], most: int) -> Response:
    size = visitor.page_size(most)
    return json_response(200, page_json(rows, page=visitor.page, page_size=size))
