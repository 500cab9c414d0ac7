"""Common audio interfaces, as data (``audio_interfaces.toml``): what level reads 0 dBFS."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jobs.pipeline.vocabulary.gear import Word

_DATA: Final = Path(__file__).with_suffix(".toml")


class InterfaceInput(Word):
    INSTRUMENT = "instrument", "instrument"
    LINE = "line", "line"

    def __new__(cls, value: str, label: str = "") -> InterfaceInput:
        word = str.__new__(cls, value)
        word._value_ = value
        word.label = label
        return word


@dataclass(frozen=True, slots=True)
class AudioInterface:
    """One input of one model. ``level_dbu``: what reads 0 dBFS with its gain at the minimum.

    ``source``: the maker's document. ``is_quoted``: the value was read where others quote it.
    """

    key: str
    maker: str
    model: str
    input: InterfaceInput
    level_dbu: float
    source: str
    url: str
    is_quoted: bool = False

    @property
    def label(self) -> str:
        return f"{self.maker} {self.model}, {self.input.label}"


@cache
def audio_interfaces() -> Mapping[str, AudioInterface]:
    """All of them by their keys, in the order of the list."""
    rows = tomllib.loads(_DATA.read_text(encoding="utf-8"))["input"]
    inputs = (AudioInterface(**{**row, "input": InterfaceInput(row["input"])}) for row in rows)
    return {item.key: item for item in inputs}
