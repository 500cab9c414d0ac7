"""What is said of a word in two ways says the same."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

from jobs.pipeline.formats.manifest.document import manifest_schema
from jobs.pipeline.vocabulary.gear import GearKind, Slot
from jobs.pipeline.vocabulary.options import (
    DEFAULT_VIDEO_SIZE,
    INPUT_MODES,
    OPTION_NAMES,
    PLAYBACK_ORDERS,
    SHOOTOUT_OPTIONS,
    THEMES,
    VIDEO_SIZES,
    ChoiceOption,
    InputMode,
    NumberOption,
    PlaybackOrder,
    ShootoutOptions,
    ThemeName,
)


def test_types_have_the_words_that_have_labels() -> None:
    assert get_args(InputMode) == tuple(INPUT_MODES)
    assert get_args(PlaybackOrder) == tuple(PLAYBACK_ORDERS)
    assert get_args(ThemeName) == tuple(THEMES)
    assert DEFAULT_VIDEO_SIZE in VIDEO_SIZES


def test_an_option_knows_its_name_and_its_default() -> None:
    assert {option.name: option.default for option in SHOOTOUT_OPTIONS} == asdict(ShootoutOptions())
    assert len({option.key for option in SHOOTOUT_OPTIONS}) == len(OPTION_NAMES)
    keys = {option.name: option.key for option in SHOOTOUT_OPTIONS}
    assert (keys["has_video"], keys["slice_s"]) == ("video", "slice_s")


def test_the_schema_asks_for_the_options_that_every_manifest_has() -> None:
    schema: Any = manifest_schema(1)
    required = schema["$defs"]["ShootoutOptions"]["required"]
    assert {option.name for option in SHOOTOUT_OPTIONS if not option.is_later} == set(required)


def test_defaults_can_be_chosen() -> None:
    for option in SHOOTOUT_OPTIONS:
        match option:
            case ChoiceOption():
                assert option.default in option.choices
                assert max(map(len, option.choices)) <= option.max_chars
            case NumberOption():
                assert option.minimum <= option.default <= option.maximum


def test_words_are_texts_with_labels() -> None:
    assert GearKind.choices[0] == ("amp", "Amp head")
    assert f"{GearKind.CAB} {Slot.AMP}" == "cab amp"
    assert [kind for kind in GearKind if kind.is_ir] == ["cab", "space"]
    assert Slot.values == ["pre", "amp", "loop", "cab", "post"]
    assert Slot("amp").kinds == (GearKind.AMP, GearKind.FULL_RIG)
    assert [slot for slot in Slot if slot.takes_processors] == ["pre", "loop", "post"]
