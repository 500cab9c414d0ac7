"""The JSON of a recipe: what is stored of it, and the digest under which its sound is found again.

Canonical JSON: sorted keys, no spaces, finite numbers only (RFC 8785 in spirit; floats as Python's
shortest repr).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from jobs.pipeline.recipe import (
    RECIPE_SCHEMA_VERSION,
    BlockRecipe,
    ChainRecipe,
    PrefixRecipe,
    SegmentRecipe,
)


def recipe_as_json(recipe: ChainRecipe) -> dict[str, Any]:
    """What rows and manifests hold."""
    data: dict[str, Any] = msgspec.to_builtins(recipe)
    data["blocks"] = [block_recipe_as_json(block) for block in recipe.blocks]
    return data


def block_recipe_as_json(block: BlockRecipe) -> dict[str, Any]:
    """Its kind has always been written behind the rest."""
    data: dict[str, Any] = msgspec.to_builtins(block)
    kind = data.pop("kind")
    return {**data, "kind": kind}


def canonical_recipe(recipe: ChainRecipe) -> str:
    """The text of the digest, with the schema version; that of a prefix is never a segment's."""
    version: dict[str, Any] = {"schema_version": RECIPE_SCHEMA_VERSION}
    if isinstance(recipe, PrefixRecipe):
        version["is_prefix"] = True
    return canonical_json({**version, **recipe_as_json(recipe)})


def recipe_digest(recipe: ChainRecipe) -> str:
    """SHA-256 of ``canonical_recipe``, hexadecimal."""
    return hashlib.sha256(canonical_recipe(recipe).encode()).hexdigest()


def canonical_json(value: Mapping[str, Any]) -> str:
    """One spelling per value. Raises ``ValueError`` on NaN and infinity."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    )


def segment_recipe_from_json(data: Mapping[str, Any]) -> SegmentRecipe:
    """Read what ``recipe_as_json`` wrote, of any schema version, told or not.

    Until version 2 alignment was a part of it: see ``was_aligned``. Version 2 knew no trim: all was
    played. Raises ``ValueError`` (of msgspec) on what is no recipe.
    """
    blocks = [_current_block(block) for block in data["blocks"]]
    return msgspec.convert({**data, "blocks": blocks}, SegmentRecipe)


def block_recipe_from_json(data: Mapping[str, Any]) -> BlockRecipe:
    """One block of it. Raises as ``segment_recipe_from_json``."""
    block: BlockRecipe = msgspec.convert(_current_block(data), BlockRecipe)
    return block


def was_aligned(data: Mapping[str, Any]) -> bool:
    """Whether a stored recipe is of a time when segments were moved as they were rendered."""
    return bool(data.get("is_aligned", False))


def _current_block(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """Schema version 1 wrote the one impulse response of a cabinet into the block itself; version 2
    had no settings of it, and the left channel was heard."""
    if block.get("kind") != "cab":
        return block
    if "irs" not in block:
        ir = {key: value for key, value in block.items() if key != "kind"}
        block = {"kind": "cab", "irs": [ir], "is_aligned": False}
    return {**block, "irs": [{"channel_rule": "left", **ir} for ir in block["irs"]]}
