"""The options of a shootout, with the sizes and themes of its video.

One line says all there is to know of an option: a field of ``ShootoutOptions`` becomes a column of
the model, a field of the API, a field of the page, a key of the shootout file and of the manifest,
and a row in the docs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Final, Literal, TypeAlias, get_type_hints

from msgspec import Meta

Size: TypeAlias = tuple[int, int]  # width, height in pixels

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


InputMode: TypeAlias = Literal["auto", "calibrated", "normalized", "raw"]
INPUT_MODES: Final[Mapping[InputMode, str]] = {
    "auto": "Auto",
    "calibrated": "Calibrated",
    "normalized": "Normalized",
    "raw": "Raw",
}

PlaybackOrder: TypeAlias = Literal["sequential", "alternating"]
PLAYBACK_ORDERS: Final[Mapping[PlaybackOrder, str]] = {
    "sequential": "Sequential",
    "alternating": "Alternating (A-B-A-B)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """``name``: of the column, in the API and in the manifest. ``key``: in the shootout file.

    Both, and the default, are those of the field that an option stands at. ``is_later``: it came
    after the first manifests, which do not have it.
    """

    label: str
    help: str = ""
    is_later: bool = False
    name: str = ""
    key: str = ""

    @property
    def meta(self) -> Meta:
        """For the annotation of the field. Schemas and docs of manifests use its description."""
        text = f"{self.label}. {self.help}" if self.help else self.label
        return Meta(description=text, extra={"option": self, "is_later": self.is_later})


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberOption(Option):
    """A number with its bounds, both allowed."""

    minimum: float
    maximum: float
    unit: str
    default: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceOption(Option):
    """One of some words. ``choices``: their labels. ``max_chars``: as wide as the column is."""

    choices: Mapping[str, str]
    max_chars: int = 16
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOption(Option):
    default: bool = False


ShootoutOption: TypeAlias = NumberOption | ChoiceOption | SwitchOption


@dataclass(frozen=True, slots=True)
class ShootoutOptions:
    input_mode: Annotated[
        InputMode,
        ChoiceOption(
            choices=INPUT_MODES,
            label="Input level",
            help="Auto: calibrated where the levels of DI and capture are known, else normalized",
        ).meta,
    ] = "auto"
    playback_order: Annotated[
        PlaybackOrder,
        ChoiceOption(
            choices=PLAYBACK_ORDERS,
            label="Playing order",
            help="Of the video and of all takes in one file. Alternating switches between "
            "contenders within each DI track",
            key="order",
        ).meta,
    ] = "sequential"
    target_loudness_lufs: Annotated[
        float,
        NumberOption(
            minimum=-40.0,
            maximum=-6.0,
            unit="LUFS",
            label="Loudness of every contender",
            help="Turned down equally if one would clip",
        ).meta,
    ] = -14.0
    slice_s: Annotated[
        float,
        NumberOption(
            minimum=1.0, maximum=60.0, unit="s", label="Switch every", help="In alternating order"
        ).meta,
    ] = 4.0
    is_aligned: Annotated[
        bool,
        SwitchOption(
            label="Time-align (latency compensation)",
            help="Removes the latency of each contender, in whole samples",
            key="align",
            is_later=True,
        ).meta,
    ] = True
    has_video: Annotated[
        bool, SwitchOption(label="Make a video with chapters", key="video").meta
    ] = True
    theme: Annotated[
        ThemeName,
        ChoiceOption(choices=THEME_LABELS, label="Look of the video", max_chars=8).meta,
    ] = "dark"


def _options() -> Iterator[ShootoutOption]:
    hints = get_type_hints(ShootoutOptions, include_extras=True)
    for each in fields(ShootoutOptions):
        option = hints[each.name].__metadata__[0].extra["option"]
        key = option.key or each.name
        yield replace(option, name=each.name, key=key, default=each.default)


SHOOTOUT_OPTIONS: Final = tuple(_options())
OPTION_NAMES: Final = tuple(option.name for option in SHOOTOUT_OPTIONS)
