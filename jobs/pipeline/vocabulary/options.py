"""The options of a shootout: one line each says all there is to know of it.

A field of ``ShootoutOptions`` becomes a column of the model, a field of the API, a field of the
page, a key of the shootout file and of the manifest, and a row in the docs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Final, Literal, TypeAlias, get_type_hints

from msgspec import Meta

from jobs.pipeline.vocabulary.video import THEME_LABELS, ThemeName

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
            label="Playing order of montage and video",
            help="Alternating switches between contenders within each DI track",
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
