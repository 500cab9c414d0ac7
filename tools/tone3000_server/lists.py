"""Who asks for what, with everything a resource needs to answer."""

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
from tools.tone3000_server.state import World


@dataclass(slots=True)
class Visitor:
    world: World
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
                self.world.note("unknown_params", f"{self.request.path} {name}")

    def deprecate(self, name: str) -> None:
        self.deprecated.append(name)
        self.world.note("deprecated_params", f"{self.request.path} {name}")

    def mark_deprecated(self, answer: Response) -> None:
        if self.deprecated:
            answer.headers["deprecation"] = "true"
            base = self.world.options.public_base
            answer.headers["link"] = f'<{base}/docs/api>; rel="deprecation"'
            answer.headers["x-tone3000-deprecations"] = ",".join(self.deprecated)

    def tone(self, tone_id: int) -> FakeTone | Response:
        """The tone, or why it is not to be had."""
        found = self.world.catalog.visible(tone_id, self.user)
        return found if found is not None else self.gone(tone_id)

    def gone(self, tone_id: int | None) -> Response:
        """What is deleted is a 404; what is private is as the options say."""
        if tone_id in self.world.catalog.tones and self.world.options.private_status == 403:
            return error(403, "forbidden", "This tone is private.")
        return error(404, "not_found")


# MERGED People, tones and models as JSON, in the shape and with the ids that the options ask for.

# What came with the newest version of the API; the older shape does not have it.
_NEWEST_FIELDS: Final = frozenset({"display_name", "is_verified", "published_at", "is_favorite"})
# What rows of the search leave out.
_DETAIL_FIELDS: Final = frozenset({"license", "sizes", "links", "is_public"})
_JOINED_AT: Final = "2026-06-03T17:29:54.434431+00:00"


def user_json(world: World, user: FakeUser) -> dict[str, Any]:
    return _in_shape(
        world,
        {
            **_embedded_user(world, user),
            "bio": user.bio,
            "links": None if user.links is None else list(user.links),
            "created_at": _JOINED_AT,
            "updated_at": _JOINED_AT,
        },
    )


def public_user_json(world: World, user: FakeUser) -> dict[str, Any]:
    tones = [tone for tone in world.catalog.tones.values() if tone.owner == user.name]
    return {
        **user_json(world, user),
        "downloads_count": 12,
        "favorites_count": 4,
        "models_count": sum(len(tone.models) for tone in tones),
        "tones_count": len(tones),
    }


def tone_json(
    world: World,
    tone: FakeTone,
    viewer: str,
    *,
    is_search: bool = False,
    architecture: str | None = None,
) -> dict[str, Any]:
    owner = world.catalog.users[tone.owner]
    if tone.format != "nam" or is_search:
        models_count = len(tone.models)
    else:
        models_count = tone.count(architecture or "1")
    document = {
        "id": tone.id,
        "user_id": user_id(world, owner),
        "user": _in_shape(world, _embedded_user(world, owner)),
        "created_at": tone.created_at,
        "updated_at": tone.created_at,
        "published_at": tone.created_at if tone.is_public else None,
        "title": tone.title,
        "description": tone.description,
        "gear": tone.gear,
        "images": [_image_url(world, tone)] if tone.has_image else None,
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
        "is_favorite": tone.id in world.catalog.favorites.get(viewer, ()),
        "url": tone_url(world, tone),
    }
    if is_search:
        document = {name: value for name, value in document.items() if name not in _DETAIL_FIELDS}
    return _in_shape(world, document)


def model_json(world: World, tone: FakeTone, model: FakeModel) -> dict[str, Any]:
    owner = world.catalog.users[tone.owner]
    address = f"{world.options.public_base}{download_path(model)}"
    return {
        "id": model.id,
        "tone_id": model.tone_id,
        "user_id": user_id(world, owner),
        "created_at": tone.created_at,
        "updated_at": tone.created_at,
        "name": model.name,
        "model_url": address if model.has_url else None,
        "size": model.size,
        "architecture_version": model.architecture,
    }


def user_id(world: World, user: FakeUser) -> str | int:
    return user.number if world.options.id_style == "int" else user.uuid


def download_path(model: FakeModel) -> str:
    return f"/api/v1/models/{model.id}/download/fake{model.id}{model.suffix}"


def tone_url(world: World, tone: FakeTone) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", tone.title.lower()).strip("-")[:60]
    return f"{world.options.public_base}/{slug or 'tone'}-{tone.id}"


def page_json(rows: list[dict[str, Any]], *, page: int, page_size: int) -> dict[str, Any]:
    first = (page - 1) * page_size
    return {
        "data": rows[first : first + page_size],
        "page": page,
        "page_size": page_size,
        "total": len(rows),
        "total_pages": -(-len(rows) // page_size),
    }


def _embedded_user(world: World, user: FakeUser) -> dict[str, Any]:
    base = world.options.public_base
    return {
        "id": user_id(world, user),
        "username": user.name,
        "display_name": user.display_name,
        "is_verified": user.is_verified,
        "avatar_url": f"{base}/images/{user.name}.svg" if user.has_avatar else None,
        # Two slashes, as the real one was seen to write it.
        "url": f"{base}//{user.name}",
    }


def _image_url(world: World, tone: FakeTone) -> str:
    return f"{world.options.public_base}/images/{tone.id}.svg"


def _named(names: tuple[str, ...], *, has_id: bool) -> list[dict[str, Any]]:
    return [
        {"id": number, "name": name} if has_id else {"name": name}
        for number, name in enumerate(names, start=1)
    ]


def _in_shape(world: World, document: Mapping[str, Any]) -> dict[str, Any]:
    if world.options.shape == "2026-10":
        return dict(document)
    return {name: value for name, value in document.items() if name not in _NEWEST_FIELDS}


# MERGED One's own lists of tones, and the two feeds.

_LIBRARY_PAGE = 100
_FEED = 10


def created(visitor: Visitor) -> Response:
    tones = visitor.world.catalog.tones.values()
    return _library_page(visitor, (tone for tone in tones if tone.owner == visitor.user))


def favorited(visitor: Visitor) -> Response:
    return _library_page(visitor, _by_ids(visitor, visitor.world.catalog.favorites))


def downloaded(visitor: Visitor) -> Response:
    return _library_page(visitor, _by_ids(visitor, visitor.world.catalog.downloads))


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


def _library_page(visitor: Visitor, tones: Iterable[FakeTone]) -> Response:
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


# MERGED What lies outside of the free tier: search, people, makes and tags.

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
    return _search_page(visitor, rows, _MOST)


def user_list(visitor: Visitor) -> Response:
    visitor.expects("sort", "page", "page_size", "query")
    text = visitor.query.get("query", "").casefold()
    users = [user for user in visitor.world.catalog.users.values() if text in user.name]
    return _search_page(
        visitor, [public_user_json(visitor.world, user) for user in users], _MOST_USERS
    )


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
    return _search_page(visitor, rows, _MOST)


def _search_page(visitor: Visitor, rows: list[dict[str, Any]], most: int) -> Response:
    size = visitor.page_size(most)
    return json_response(200, page_json(rows, page=visitor.page, page_size=size))
