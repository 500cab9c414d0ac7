"""People, tones and models as JSON, in the shape and with the ids that the options ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tools.tone3000_server.catalog import FakeModel, FakeTone, FakeUser
from tools.tone3000_server.world import World

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
