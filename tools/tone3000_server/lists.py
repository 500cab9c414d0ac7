"""Lists of the API: one's own tones, the feeds, and what lies outside of the free tier.

That is the search, people, makes and tags. ``Caller`` says who asks for what; rows are written in
the shape and with the ids that the options ask for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools.tone3000_server.catalog import (
    ARCHITECTURES,
    FORMATS,
    TONE_SORTS,
    FakeModel,
    FakeTone,
    FakeUser,
    gears_of,
)
from tools.tone3000_server.responses import Request, Response, error, json_response
from tools.tone3000_server.state import FakeState

# What came with the newest version of the API; the older shape does not have it.
_NEWEST_FIELDS: Final = frozenset({"display_name", "is_verified", "published_at", "is_favorite"})
# What rows of the search leave out.
_DETAIL_FIELDS: Final = frozenset({"license", "sizes", "links", "is_public"})
_JOINED_AT: Final = "2026-06-03T17:29:54.434431+00:00"
# Rows of a page at most, and of a feed.
_MAX_LIBRARY_ROWS: Final = 100
_MAX_SEARCH_ROWS: Final = 25
_MAX_USER_ROWS: Final = 10
_NUM_IN_FEED: Final = 10


@dataclass(slots=True)
class Caller:
    """Who asks for what, with everything that a resource needs for its response.

    ``deprecated``: names of what was old about the request.
    """

    state: FakeState
    request: Request
    user: str
    client_id: str
    deprecated: list[str] = field(default_factory=list)

    @property
    def query(self) -> dict[str, str]:
        return self.request.query

    @property
    def page(self) -> int:
        return self._number("page", 1)

    def page_size(self, most: int) -> int:
        return min(self._number("page_size", 10), most)

    def _number(self, name: str, default: int) -> int:
        """What is no number, or below 1, is taken for the default, as the real one does."""
        text = self.query.get(name, "")
        return max(int(text), 1) if text.isdecimal() and len(text) < 10 else default

    def expects(self, *names: str) -> None:
        """Other parameters are ignored, but noted: the caller means something by them."""
        for name in self.query:
            if name not in names:
                self.state.note("unknown_params", f"{self.request.path} {name}")

    def deprecate(self, name: str) -> None:
        self.deprecated.append(name)
        self.state.note("deprecated_params", f"{self.request.path} {name}")

    def mark_deprecated(self, response: Response) -> None:
        if self.deprecated:
            response.headers["deprecation"] = "true"
            base = self.state.options.public_base
            response.headers["link"] = f'<{base}/docs/api>; rel="deprecation"'
            response.headers["x-tone3000-deprecations"] = ",".join(self.deprecated)

    def tone(self, tone_id: int) -> FakeTone | Response:
        """The tone, or why it is not to be had."""
        found = self.state.catalog.visible(tone_id, self.user)
        return found if found is not None else self.gone(tone_id)

    def gone(self, tone_id: int | None) -> Response:
        """What is deleted is a 404; what is private is as the options say."""
        if tone_id in self.state.catalog.tones and self.state.options.private_status == 403:
            return error(403, "forbidden", "This tone is private.")
        return error(404, "not_found")


def created(caller: Caller) -> Response:
    tones = caller.state.catalog.tones.values()
    return _library_page(caller, (tone for tone in tones if tone.owner == caller.user))


def favorited(caller: Caller) -> Response:
    return _library_page(caller, _by_ids(caller, caller.state.catalog.favorites))


def downloaded(caller: Caller) -> Response:
    return _library_page(caller, _by_ids(caller, caller.state.catalog.downloads))


def trending(caller: Caller) -> Response:
    caller.expects("gear")
    tones = _narrowed(caller, caller.state.catalog.tones.values())
    return _feed(caller, sorted(tones, key=lambda tone: -len(tone.models)))


def latest(caller: Caller) -> Response:
    caller.expects()
    return _feed(caller, caller.state.catalog.tones.values())


def _by_ids(caller: Caller, lists: dict[str, list[int]]) -> list[FakeTone]:
    tones = caller.state.catalog.tones
    return [tones[tone_id] for tone_id in lists.get(caller.user, []) if tone_id in tones]


def _library_page(caller: Caller, tones: Iterable[FakeTone]) -> Response:
    caller.expects("page", "page_size", "gear", "query")
    rows = [tone_json(caller.state, tone, caller.user) for tone in _narrowed(caller, tones)]
    size = caller.page_size(_MAX_LIBRARY_ROWS)
    return json_response(200, page_json(rows, page=caller.page, page_size=size))


def _narrowed(caller: Caller, tones: Iterable[FakeTone]) -> list[FakeTone]:
    """By one gear value and by a part of the title, both if both are given."""
    gears, deprecated = gears_of(caller.query.get("gear", ""))
    for name in deprecated:
        caller.deprecate(name)
    text = caller.query.get("query", "").casefold()
    return [
        tone
        for tone in tones
        if (not gears or tone.gear in gears) and text in tone.title.casefold()
    ]


def _feed(caller: Caller, tones: Iterable[FakeTone]) -> Response:
    public = [tone for tone in tones if tone.is_public][:_NUM_IN_FEED]
    rows = [tone_json(caller.state, tone, caller.user) for tone in public]
    return json_response(200, {"data": rows})


def search(caller: Caller) -> Response:
    caller.expects(
        "query", "page", "page_size", "sort", "gears", "format", "sizes", "tags", "makes",
        "creators", "architecture", "calibrated", "verified", "platform", "gear",
    )  # fmt: skip
    query = caller.query
    for old, name in (("platform", "legacy_platform_key"), ("gear", "legacy_gear_key")):
        if old in query:
            caller.deprecate(name)
    gears, deprecated = gears_of(query.get("gears", query.get("gear", "")))
    for name in deprecated:
        caller.deprecate(name)
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
        for tone in caller.state.catalog.tones.values()
        if tone.is_public
        and query.get("query", "").casefold() in tone.title.casefold()
        and (not gears or tone.gear in gears)
        and (not format or tone.format == format)
        and (not architecture or tone.count(architecture))
    ]
    if query.get("sort") == "oldest":
        tones.reverse()
    rows = [tone_json(caller.state, tone, caller.user, is_search=True) for tone in tones]
    return _search_page(caller, rows, _MAX_SEARCH_ROWS)


def user_list(caller: Caller) -> Response:
    caller.expects("sort", "page", "page_size", "query")
    text = caller.query.get("query", "").casefold()
    users = [user for user in caller.state.catalog.users.values() if text in user.name]
    return _search_page(
        caller, [public_user_json(caller.state, user) for user in users], _MAX_USER_ROWS
    )


def make_list(caller: Caller) -> Response:
    return _names(caller, (tone.makes for tone in _public(caller)))


def tag_list(caller: Caller) -> Response:
    return _names(caller, (tone.tags for tone in _public(caller)))


def _public(caller: Caller) -> Iterable[FakeTone]:
    return (tone for tone in caller.state.catalog.tones.values() if tone.is_public)


def _names(caller: Caller, names: Iterable[tuple[str, ...]]) -> Response:
    caller.expects("query", "sort", "page", "page_size")
    text = caller.query.get("query", "").casefold()
    counted = Counter(name for several in names for name in several if text in name.casefold())
    rows = [
        {
            "id": number,
            "name": name,
            "tones_count": count,
            "url": f"{caller.state.options.public_base}/search?q={number}",
        }
        for number, (name, count) in enumerate(counted.most_common(), start=1)
    ]
    return _search_page(caller, rows, _MAX_SEARCH_ROWS)


def _search_page(caller: Caller, rows: list[dict[str, Any]], most: int) -> Response:
    size = caller.page_size(most)
    return json_response(200, page_json(rows, page=caller.page, page_size=size))


def user_json(state: FakeState, user: FakeUser) -> dict[str, Any]:
    return _in_shape(
        state,
        {
            **_embedded_user(state, user),
            "bio": user.bio,
            "links": None if user.links is None else list(user.links),
            "created_at": _JOINED_AT,
            "updated_at": _JOINED_AT,
        },
    )


def public_user_json(state: FakeState, user: FakeUser) -> dict[str, Any]:
    tones = [tone for tone in state.catalog.tones.values() if tone.owner == user.name]
    return {
        **user_json(state, user),
        "downloads_count": 12,
        "favorites_count": 4,
        "models_count": sum(len(tone.models) for tone in tones),
        "tones_count": len(tones),
    }


def tone_json(
    state: FakeState,
    tone: FakeTone,
    viewer: str,
    *,
    is_search: bool = False,
    architecture: str | None = None,
) -> dict[str, Any]:
    owner = state.catalog.users[tone.owner]
    if tone.format != "nam" or is_search:
        models_count = len(tone.models)
    else:
        models_count = tone.count(architecture or "1")
    document = {
        "id": tone.id,
        "user_id": user_id(state, owner),
        "user": _in_shape(state, _embedded_user(state, owner)),
        "created_at": tone.created_at,
        "updated_at": tone.created_at,
        "published_at": tone.created_at if tone.is_public else None,
        "title": tone.title,
        "description": tone.description,
        "gear": tone.gear,
        "images": [_image_url(state, tone)] if tone.has_image else None,
        "is_public": tone.is_public,
        "links": [],
        "format": tone.format,
        "license": tone.licence,
        "sizes": tone.sizes,
        "makes": _named(tone.makes, has_id=not is_search),
        "tags": _named(tone.tags, has_id=not is_search),
        "models_count": models_count,
        "a1_models_count": tone.count("1"),
        "a2_models_count": tone.count("2"),
        "custom_models_count": tone.count("custom"),
        "irs_count": len(tone.models) if tone.format == "ir" else 0,
        "downloads_count": 12,
        "favorites_count": 4,
        "is_favorite": tone.id in state.catalog.favorites.get(viewer, ()),
        "url": tone_url(state, tone),
    }
    if is_search:
        document = {name: value for name, value in document.items() if name not in _DETAIL_FIELDS}
    return _in_shape(state, document)


def model_json(state: FakeState, tone: FakeTone, model: FakeModel) -> dict[str, Any]:
    owner = state.catalog.users[tone.owner]
    address = f"{state.options.public_base}{download_path(model)}"
    return {
        "id": model.id,
        "tone_id": model.tone_id,
        "user_id": user_id(state, owner),
        "created_at": tone.created_at,
        "updated_at": tone.created_at,
        "name": model.name,
        "model_url": address if model.has_url else None,
        "size": model.size,
        "architecture_version": model.architecture,
    }


def user_id(state: FakeState, user: FakeUser) -> str | int:
    return user.number if state.options.id_style == "int" else user.uuid


def download_path(model: FakeModel) -> str:
    return f"/api/v1/models/{model.id}/download/fake{model.id}{model.suffix}"


def tone_url(state: FakeState, tone: FakeTone) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", tone.title.lower()).strip("-")[:60]
    return f"{state.options.public_base}/{slug or 'tone'}-{tone.id}"


def page_json(rows: list[dict[str, Any]], *, page: int, page_size: int) -> dict[str, Any]:
    first = (page - 1) * page_size
    return {
        "data": rows[first : first + page_size],
        "page": page,
        "page_size": page_size,
        "total": len(rows),
        "total_pages": -(-len(rows) // page_size),
    }


def _embedded_user(state: FakeState, user: FakeUser) -> dict[str, Any]:
    base = state.options.public_base
    return {
        "id": user_id(state, user),
        "username": user.name,
        "display_name": user.display_name,
        "is_verified": user.is_verified,
        "avatar_url": f"{base}/images/{user.name}.svg" if user.has_avatar else None,
        # Two slashes, as the real one was seen to write it.
        "url": f"{base}//{user.name}",
    }


def _image_url(state: FakeState, tone: FakeTone) -> str:
    return f"{state.options.public_base}/images/{tone.id}.svg"


def _named(names: tuple[str, ...], *, has_id: bool) -> list[dict[str, Any]]:
    return [
        {"id": number, "name": name} if has_id else {"name": name}
        for number, name in enumerate(names, start=1)
    ]


def _in_shape(state: FakeState, document: Mapping[str, Any]) -> dict[str, Any]:
    if state.options.shape == "2026-10":
        return dict(document)
    return {name: value for name, value in document.items() if name not in _NEWEST_FIELDS}
