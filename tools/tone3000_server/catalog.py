"""What the fake server knows of: people, tones and models, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from tools.tone3000_server.files import container_bytes, ir_bytes, nam_bytes


@dataclass(frozen=True, slots=True)
class FakeUser:
    name: str
    uuid: str
    number: int
    display_name: str | None = None
    is_verified: bool = False
    has_avatar: bool = False
    bio: str | None = None
    links: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class FakeModel:
    """``architecture``: "1", "2", "custom", or None for what is no NAM."""

    id: int
    tone_id: int
    name: str
    size: str | None
    architecture: str | None
    suffix: str
    has_url: bool = True
    path: Path | None = None

    def content(self) -> bytes:
        if self.path is not None:
            return self.path.read_bytes()
        if self.suffix == ".wav":
            return ir_bytes(self.id)
        return container_bytes(self.id) if self.architecture == "2" else nam_bytes(self.id)


@dataclass(frozen=True, slots=True)
class FakeTone:
    id: int
    owner: str
    title: str
    gear: str
    format: str
    created_at: str
    models: tuple[FakeModel, ...]
    description: str | None = None
    licence: str = "t3k"
    is_public: bool = True
    has_image: bool = True
    makes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def count(self, architecture: str | None) -> int:
        return sum(model.architecture == architecture for model in self.models)

    @property
    def sizes(self) -> list[str] | None:
        if self.format == "ir":
            return None
        return list(dict.fromkeys(model.size for model in self.models if model.size))


@dataclass(slots=True)
class Catalog:
    """Tones in their order: newest first. ``favorites`` and ``downloads``: newest first too."""

    users: dict[str, FakeUser] = field(default_factory=dict)
    tones: dict[int, FakeTone] = field(default_factory=dict)
    favorites: dict[str, list[int]] = field(default_factory=dict)
    downloads: dict[str, list[int]] = field(default_factory=dict)

    def is_visible(self, tone: FakeTone, user: str) -> bool:
        return tone.is_public or tone.owner == user or tone.id in self.favorites.get(user, ())

    def visible(self, tone_id: int, user: str) -> FakeTone | None:
        tone = self.tones.get(tone_id)
        return tone if tone is not None and self.is_visible(tone, user) else None

    def visible_model(self, model_id: int, user: str) -> tuple[FakeTone, FakeModel] | None:
        for tone in self.tones.values():
            for model in tone.models:
                if model.id == model_id and self.is_visible(tone, user):
                    return tone, model
        return None

    def tone_id_of(self, model_id: int) -> int | None:
        for tone in self.tones.values():
            if any(model.id == model_id for model in tone.models):
                return tone.id
        return None

    def note_download(self, user: str, tone_id: int) -> None:
        """Each tone is listed once, with the newest download on top."""
        ids = self.downloads.setdefault(user, [])
        if tone_id in ids:
            ids.remove(tone_id)
        ids.insert(0, tone_id)

    def set_favorite(self, user: str, tone_id: int, *, is_favorite: bool) -> None:
        ids = self.favorites.setdefault(user, [])
        if is_favorite and tone_id not in ids:
            ids.insert(0, tone_id)
        elif not is_favorite and tone_id in ids:
            ids.remove(tone_id)

    def set_public(self, tone_id: int, *, is_public: bool) -> None:
        self.tones[tone_id] = replace(self.tones[tone_id], is_public=is_public)
