"""Reading and writing manifests: those of today, those of before, and what a later version adds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np
import pytest

from jobs.pipeline.formats.manifest import (
    Manifest,
    NamFacts,
    ProcessorFacts,
    manifest_as_json,
    manifest_text,
    read_manifest,
)
from jobs.pipeline.recipe import CabBlock, segment_recipe_from_json
from jobs.pipeline.tests.kept_manifests import NAMES, kept_manifest
from jobs.pipeline.vocabulary.options import OPTION_NAMES, ShootoutOptions


def missing(whole: Any, part: Any, path: str = "") -> list[str]:
    """What of ``whole`` is not the same in ``part``, which may have more keys."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return [
            text
            for key, value in whole.items()
            for text in missing(value, part.get(key, "nothing"), f"{path}.{key}")
        ]
    if isinstance(whole, list) and isinstance(part, list) and len(whole) == len(part):
        return [text for pair in zip(whole, part, strict=True) for text in missing(*pair, path)]
    return [] if whole == part else [f"{path}: {whole} is {part}"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_manifest_is_lost_whatever_its_age(name: str) -> None:
    stored = kept_manifest(name)
    assert missing(stored, json.loads(manifest_text(read_manifest(stored)))) == []


def written(stored: dict[str, Any]) -> Any:
    return json.loads(json.dumps(manifest_as_json(read_manifest(stored))))


def with_defaults(stored: dict[str, Any]) -> dict[str, Any]:
    """``stored``, with the default of each option that was not there yet."""
    return {**stored, "options": {**asdict(ShootoutOptions()), **stored["options"]}}


OF_TODAY = [name for name in NAMES if name.startswith("2026-11-30")]


@pytest.mark.parametrize("name", OF_TODAY)
def test_a_manifest_of_today_is_written_as_it_was(name: str) -> None:
    stored = kept_manifest(name)
    assert written(stored) == with_defaults(stored)


@pytest.mark.parametrize("option", OPTION_NAMES)
def test_an_option_that_a_manifest_lacks_is_written_with_its_default(option: str) -> None:
    stored = kept_manifest(OF_TODAY[0])
    del stored["options"][option]
    found = written(stored)
    assert found == with_defaults(stored)
    assert found["options"][option] == getattr(ShootoutOptions(), option)


def test_the_first_manifests_have_what_there_was() -> None:
    manifest = read_manifest(kept_manifest("2026-11-23-first"))
    segment = manifest.segments[0]
    assert (segment.metrics, segment.alignment, segment.notes) == (None, None, ())
    assert manifest.youtube is None
    assert [type(block) for block in segment.blocks][:2] == [ProcessorFacts, NamFacts]
    cab = segment_recipe_from_json(msgspec.to_builtins(segment.recipe)).blocks[-1]
    assert isinstance(cab, CabBlock)
    assert [ir.channel_rule for ir in cab.irs] == ["left"]


def test_alignment_from_before_it_had_a_method() -> None:
    [first, _] = read_manifest(kept_manifest("2026-11-23-metrics")).segments
    assert first.alignment is not None
    assert (first.alignment.is_accepted, first.alignment.method) == (True, None)
    assert first.recipe.is_aligned is True


def test_the_numbers_of_a_recipe_stay_as_they_were_written() -> None:
    stored = kept_manifest("2026-11-30-space")
    recipe = stored["segments"][0]["recipe"]
    recipe["di"]["input_level_dbu"], recipe["blocks"][0]["parameters"] = 12, {"gain_db": -6}
    written = manifest_as_json(read_manifest(stored))["segments"][0]["recipe"]
    assert json.dumps(written, sort_keys=True) == json.dumps(recipe, sort_keys=True)


def test_keys_of_a_later_version_are_left_out() -> None:
    stored = kept_manifest("2026-11-30-space")
    later = json.loads(json.dumps(stored))
    for place in (
        later,
        later["options"],
        later["dis"][0],
        later["segments"][0],
        later["segments"][0]["blocks"][1],
        later["segments"][0]["recipe"]["blocks"][1],
        later["timeline"]["entries"][0],
    ):
        place["added_later"] = {"by": ["whom", 1]}
    assert read_manifest(later) == read_manifest(stored)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"title": None}, "title"),
        ({"segments": []}, "segments"),
        ({"fairness": {}}, "fairness"),
    ],
)
def test_what_is_no_manifest_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        read_manifest({**kept_manifest("2026-11-30-space"), **change})


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    manifest = read_manifest(kept_manifest("2026-11-30-space"))
    montage = msgspec.structs.replace(manifest.montage, duration_s=np.float64(1.25))
    stored = manifest_as_json(msgspec.structs.replace(manifest, montage=montage))
    assert stored["montage"]["duration_s"] == 1.25
    unwritable = msgspec.structs.replace(manifest, title=np.zeros(2))
    with pytest.raises(NotImplementedError, match="ndarray"):
        manifest_as_json(unwritable)


def test_a_number_that_json_does_not_have_is_not_written() -> None:
    manifest = read_manifest(kept_manifest("2026-11-30-space"))
    montage = msgspec.structs.replace(manifest.montage, duration_s=float("inf"))
    unwritable: Manifest = msgspec.structs.replace(manifest, montage=montage)
    with pytest.raises(ValueError, match="JSON"):
        manifest_text(unwritable)
