"""What is stored of recipes, and their digests, stay as they were: sound is found again by them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from jobs.pipeline.recipe import (
    CabBlock,
    CabIR,
    DISource,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
    SpaceBlock,
    recipe_as_json,
    recipe_digest,
    segment_recipe_from_json,
)

EVERY_KIND = SegmentRecipe(
    DISource("d" * 64, channel_rule="left", input_level_dbu=12, start_s=1, end_s=2.5),
    (
        ProcessorBlock("gain", {"gain_db": 3, "bypass": False}),
        NamBlock("a" * 64, 0.5),
        CabBlock(
            (
                CabIR("1" * 64, -3, is_inverted=True, delay_ms=2),
                CabIR("2" * 64, 0.1, False, 0.0, "right", -60, True),
            ),
            is_aligned=True,
        ),
        SpaceBlock("5" * 64, 33.3, -45.5, is_lead_trimmed=True),
        ProcessorBlock("reverb", {"mix_pct": 12.5}),
    ),
    "calibrated",
)
TWO_CAPTURES = SegmentRecipe(
    DISource("d" * 64, input_level_dbu=-0.0),
    (
        NamBlock("a" * 64),
        ProcessorBlock("delay"),
        NamBlock("b" * 64, 1),
        CabBlock.of("c" * 64, 1e-7),
    ),
    "raw",
)

# Taken from what wrote them before recipes had types: recipe, digest, SHA-256 of the stored text.
WRITTEN = [
    (
        SegmentRecipe(DISource("d" * 64), ()),
        "57e84b741a1501874c06b8a50733efc05461349fb1257c0466ca2b07ed72fbbf",
        "c577b10d77224c4f1aebd346ae26f84363d0b6fcbfb3a4d8af1a58b5f91fec3a",
    ),
    (
        EVERY_KIND,
        "4150effd1b0063dd953b0d4a0f51ee12ed833e09e8d8308ba632a9b145d9c47c",
        "5a8e295e3bd04b772b9f40e4f3337357592a3ad542c7e006994a8eea725337cd",
    ),
    (
        TWO_CAPTURES,
        "61bb8d833e7f04869ab7fe72827903c5fad5fd33ea925706b03bcae0d86ebb62",
        "b6fdddecef15001b81ad06f0a11dc002994aa10edd6905ee75213565cd64bbf6",
    ),
]


@pytest.mark.parametrize(("recipe", "digest", "text_sha256"), WRITTEN)
def test_a_recipe_is_stored_and_found_as_ever(
    recipe: SegmentRecipe, digest: str, text_sha256: str
) -> None:
    stored = json.dumps(recipe_as_json(recipe))
    assert hashlib.sha256(stored.encode()).hexdigest() == text_sha256
    assert recipe_digest(recipe) == digest
    again = segment_recipe_from_json(json.loads(stored))
    assert again == recipe
    # Whole numbers stay whole numbers, or what was rendered would not be found again.
    assert recipe_digest(again) == digest
    assert json.dumps(recipe_as_json(again)) == stored


def test_prefixes_are_found_as_ever() -> None:
    assert [recipe_digest(prefix) for prefix in EVERY_KIND.prefixes()] == [
        "7b444c074cd551121b1d6834d103ad350f2a9764a3759e64f2085fa408eb2524",
    ]
    assert [recipe_digest(prefix) for prefix in TWO_CAPTURES.prefixes()] == [
        "eb2b15ea20aa157f3defeed2b8a5d774d38730f742cb4e9eeefc35a45f069eaa",
        "b894de15084bb606ef78fa47815619411998d888a93618af9b1f3e3bd6f47c52",
    ]


@pytest.mark.parametrize(
    "block",
    [
        {"kind": "horn", "sha256": "a" * 64},
        {"sha256": "a" * 64},
        {"kind": "nam"},
        {"kind": "nam", "sha256": 1},
        {"kind": "nam", "sha256": "a" * 64, "slim_sice": 0.5},
        {"kind": "cab", "irs": [{"sha256": "a" * 64, "channel_rule": "middle"}]},
        {"kind": "processor", "processor": "gain", "parameters": [3]},
    ],
)
def test_what_is_no_recipe_is_refused(block: dict[str, Any]) -> None:
    stored = recipe_as_json(TWO_CAPTURES)
    with pytest.raises(ValueError, match="at `"):
        segment_recipe_from_json({**stored, "blocks": [block]})
