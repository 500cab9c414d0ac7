"""The list of audio interfaces: every number is plausible and says where it is from."""

from __future__ import annotations

import re
from typing import Final

import pytest

from jobs.pipeline.vocabulary.audio_interfaces import (
    AudioInterface,
    InterfaceInput,
    audio_interfaces,
)

ALL: Final = list(audio_interfaces().values())
# What is measured otherwise belongs into the list only with its own document.
_LEVELS_DBU: Final = {InterfaceInput.INSTRUMENT: (0.0, 21.0), InterfaceInput.LINE: (10.0, 28.0)}


@pytest.mark.parametrize("item", ALL, ids=lambda item: item.key)
def test_every_row_has_a_plausible_level_and_a_source(item: AudioInterface) -> None:
    low, high = _LEVELS_DBU[item.input]
    assert low <= item.level_dbu <= high
    assert item.level_dbu * 2 == round(item.level_dbu * 2)  # makers tell halves of a dB
    assert re.fullmatch(r"[a-z0-9-]+/[a-z]+", item.key)
    assert item.key.endswith(f"/{item.input}")
    assert len(item.key) <= 80
    # The document names the maker and what of it says so.
    assert item.source.startswith(item.maker)
    assert len(item.source) > len(item.maker) + 10
    assert item.url.startswith("https://")


def test_every_input_is_there_once_and_models_of_a_maker_stand_together() -> None:
    names = [(item.maker, item.model, item.input) for item in ALL]
    assert len(set(names)) == len(names)
    makers = [item.maker for item in ALL]
    assert makers == sorted(makers)
    assert len({(item.maker, item.model) for item in ALL}) >= 20


def test_a_line_input_takes_more_than_the_instrument_input_of_its_model() -> None:
    levels = {(item.maker, item.model, item.input): item.level_dbu for item in ALL}
    lines = [item for item in ALL if item.input is InterfaceInput.LINE]
    assert lines
    for line in lines:
        assert line.level_dbu > levels[line.maker, line.model, InterfaceInput.INSTRUMENT]


def test_a_level_is_found_by_its_key() -> None:
    found = audio_interfaces()["focusrite-scarlett-4i4-4th-gen/line"]
    assert (found.level_dbu, found.label) == (22.0, "Focusrite Scarlett 4i4 (4th Gen), line")
