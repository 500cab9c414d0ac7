"""What a video can look like: its sizes, and its themes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Size: TypeAlias = tuple[int, int]

DEFAULT_VIDEO_SIZE: Final[Size] = (1920, 1080)
VIDEO_SIZES: Final[tuple[Size, ...]] = (
    (1280, 720),
    DEFAULT_VIDEO_SIZE,
    (2560, 1440),
    (3840, 2160),
    (1080, 1920),
)
THUMBNAIL_SIZE: Final[Size] = (1280, 720)

ThemeName: TypeAlias = Literal["dark", "light"]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colors as ``#rrggbb``. ``accent_lightness``: OKLCH lightness of the contenders' colors."""

    name: ThemeName
    label: str
    background: str
    panel: str
    card: str
    line: str
    ink: str
    soft: str
    muted: str
    unplayed: str
    on_accent: str
    accent_lightness: float


THEMES: Final[Mapping[ThemeName, Theme]] = {
    theme.name: theme
    for theme in (
        Theme(
            name="dark",
            label="Dark",
            background="#0f1013",
            panel="#16181d",
            card="#1b1e24",
            line="#2c3038",
            ink="#f6f3ec",
            soft="#c9c6be",
            muted="#8d9099",
            unplayed="#585e6b",
            on_accent="#0f1013",
            accent_lightness=0.78,
        ),
        Theme(
            name="light",
            label="Light",
            background="#f5f2eb",
            panel="#ebe6db",
            card="#fdfcf9",
            line="#d8d1c2",
            ink="#17181c",
            soft="#45464c",
            muted="#676560",
            unplayed="#aea591",
            on_accent="#fdfcf9",
            accent_lightness=0.58,
        ),
    )
}
THEME_LABELS: Final[Mapping[ThemeName, str]] = {name: theme.label for name, theme in THEMES.items()}
