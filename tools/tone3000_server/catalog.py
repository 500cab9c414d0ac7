"""What the fake server knows of: people, tones, models and their files, as plain data.

Files are tiny, made by code, and really playable. First the closed lists of the API, with the
spellings it used to have.
"""

from __future__ import annotations

import io
import json
import math
import random
import struct
import wave
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

GEARS: Final = ("amp", "amp-cab", "pedal", "outboard", "cab", "space", "experimental")
FORMATS: Final = ("nam", "ir", "aida-x", "aa-snapshot", "proteus")
ARCHITECTURES: Final = ("1", "2", "custom")
TONE_SORTS: Final = ("best-match", "newest", "oldest", "trending", "downloads-all-time")

_SAMPLE_RATE_HZ: Final = 48_000
_IR_FRAMES: Final = 1024

# A WaveNet of one array with two layers of two channels: the smallest that has every part.
_CHANNELS: Final = 2
_KERNEL: Final = 3
_DILATIONS: Final = (1, 2)


def gears_of(text: str) -> tuple[tuple[str, ...], list[str]]:
    """An underscore list of gears as it is spelled today, and the names of what was old in it."""
    deprecated = ["legacy_comma_list"] if "," in text else []
    gears = []
    for gear in filter(None, text.replace(",", "_").split("_")):
        if gear == "ir":
            deprecated.append("legacy_ir_gear_value")
        elif gear == "full-rig":
            deprecated.append("legacy_full_rig_gear_value")
            gears.append("amp-cab")
        else:
            gears.append(gear)
    return tuple(gears), deprecated


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


def nam_bytes(seed: int) -> bytes:
    """A file of the first architecture (A1): version 0.5.4, one network."""
    return json.dumps({"version": "0.5.4", **_network(seed)}).encode()


def container_bytes(seed: int) -> bytes:
    """A file of the second (A2): version 0.7.0, a container with two sizes of the same amp."""
    submodels = [
        {"max_value": max_value, "model": {"version": "0.7.0", **_network(seed + number)}}
        for number, max_value in enumerate((0.5, 1.0))
    ]
    document = {
        "version": "0.7.0",
        "architecture": "SlimmableContainer",
        "config": {"submodels": submodels},
        "weights": [],
        "sample_rate": _SAMPLE_RATE_HZ,
        "metadata": {},
    }
    return json.dumps(document).encode()


def ir_bytes(seed: int) -> bytes:
    """A short impulse response: a decaying resonance, 16 bits, mono."""
    frequency_hz = 90.0 + 35.0 * (seed % 7)
    samples = [
        round(
            26_000
            * math.exp(-frame / 120)
            * math.cos(2 * math.pi * frequency_hz * frame / _SAMPLE_RATE_HZ)
        )
        for frame in range(_IR_FRAMES)
    ]
    # The last sample names the file, so that no two are the same.
    samples[-1] = seed % 1000
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_SAMPLE_RATE_HZ)
        file.writeframes(struct.pack(f"<{_IR_FRAMES}h", *samples))
    return buffer.getvalue()


def _network(seed: int) -> dict[str, Any]:
    generator = random.Random(seed)
    layer = _CHANNELS * _CHANNELS * _KERNEL + _CHANNELS  # convolution
    layer += _CHANNELS  # what it takes of the input
    layer += _CHANNELS * _CHANNELS + _CHANNELS  # 1×1
    num_weights = _CHANNELS + len(_DILATIONS) * layer + _CHANNELS + 1 + 1
    config = {
        "layers": [
            {
                "input_size": 1,
                "condition_size": 1,
                "head_size": 1,
                "channels": _CHANNELS,
                "kernel_size": _KERNEL,
                "dilations": list(_DILATIONS),
                "activation": "Tanh",
                "gated": False,
                "head_bias": True,
            }
        ],
        "head": None,
        "head_scale": 0.5,
    }
    return {
        "architecture": "WaveNet",
        "config": config,
        "weights": [round(generator.uniform(-0.8, 0.8), 6) for _ in range(num_weights)],
        "sample_rate": _SAMPLE_RATE_HZ,
        "metadata": {"name": f"Fake server {seed}"},
    }
