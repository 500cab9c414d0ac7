"""One's own lists of tones, and the two feeds."""

from __future__ import annotations

from collections.abc import Iterable

from tools.tone3000_server.catalog import FakeTone
from tools.tone3000_server.messages import Response, json_response
from tools.tone3000_server.shapes import page_json, tone_json
from tools.tone3000_server.visitor import Visitor
from tools.tone3000_server.words import gears_of

_LIBRARY_PAGE = 100
_FEED = 10


def created(visitor: Visitor) -> Response:
    tones = visitor.world.catalog.tones.values()
    return _page(visitor, (tone for tone in tones if tone.owner == visitor.user))


def favorited(visitor: Visitor) -> Response:
    return _page(visitor, _by_ids(visitor, visitor.world.catalog.favorites))


def downloaded(visitor: Visitor) -> Response:
    return _page(visitor, _by_ids(visitor, visitor.world.catalog.downloads))


def trending(visitor: Visitor) -> Response:
    visitor.expects("gear")
    tones = _narrowed(visitor, visitor.world.catalog.tones.values())
    return _feed(visitor, sorted(tones, key=lambda tone: -len(tone.models)))


def latest(visitor: Visitor) -> Response:
    visitor.expects()
    return _feed(visitor, visitor.world.catalog.tones.values())


def _by_ids(visitor: Visitor, lists: dict[str, list[int]]) -> list[FakeTone]:
    tones = visitor.world.catalog.tones
    return [tones[tone_id] for tone_id in lists.get(visitor.user, []) if tone_id in tones]


def _page(visitor: Visitor, tones: Iterable[FakeTone]) -> Response:
    visitor.expects("page", "page_size", "gear", "query")
    rows = [tone_json(visitor.world, tone, visitor.user) for tone in _narrowed(visitor, tones)]
    size = visitor.page_size(_LIBRARY_PAGE)
    return json_response(200, page_json(rows, page=visitor.page, page_size=size))


def _narrowed(visitor: Visitor, tones: Iterable[FakeTone]) -> list[FakeTone]:
    """By one gear value and by a part of the title, both if both are given."""
    gears, deprecated = gears_of(visitor.query.get("gear", ""))
    for name in deprecated:
        visitor.deprecate(name)
    text = visitor.query.get("query", "").casefold()
    return [
        tone
        for tone in tones
        if (not gears or tone.gear in gears) and text in tone.title.casefold()
    ]


def _feed(visitor: Visitor, tones: Iterable[FakeTone]) -> Response:
    public = [tone for tone in tones if tone.is_public][:_FEED]
    rows = [tone_json(visitor.world, tone, visitor.user) for tone in public]
    return json_response(200, {"data": rows})
