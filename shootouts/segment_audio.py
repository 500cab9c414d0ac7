"""The sound of a segment before the level match: from the cache, or rendered and kept there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.pipeline.audio.prefix import reach
from jobs.pipeline.audio.render import render_segment
from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.recipe import segment_recipe_from_json
from shootouts import rendering
from shootouts.models import ChainPreview, Segment
from shootouts.services.cache import (
    CachedPrefixes,
    cache_forget_ownerless,
    cached_audio_find,
    cached_audio_keep,
)


@dataclass(frozen=True, slots=True)
class SegmentAudio:
    """``path``: float32 WAV at 48 kHz, on this machine. ``measured``: of it, as JSON."""

    path: Path
    measured: Mapping[str, Any]
    was_cached: bool


def segment_audio(
    segment: Segment | ChainPreview, folder: Path, *, progress: Progress = no_progress
) -> SegmentAudio:
    """Raises ``PipelineError`` as ``render_segment`` does, and FILE_MISSING."""
    recipe = segment_recipe_from_json(segment.recipe)
    key = segment.render_key
    if "is_aligned" in segment.recipe:
        # Planned by a version that moved segments as it rendered them: under the key of the row
        # may be what that version made.
        key = rendering.render_key(recipe)
    found = cached_audio_find(key=key, folder=folder)
    if found is not None:
        return SegmentAudio(*found, was_cached=True)
    path = folder / f"{segment.uuid}.wav"
    render = render_segment(
        recipe,
        rendering.fetch_sources(segment, folder),
        path,
        prefixes=CachedPrefixes(folder),
        progress=progress,
    )
    measured = rendering.measured_as_json(render)
    inputs = recipe.input_digests()
    cached_audio_keep(key=key, inputs=inputs, path=path, described=measured)
    cache_forget_ownerless(inputs=inputs)
    return SegmentAudio(path, measured, was_cached=False)


def compute_prefix(
    segment: Segment, num_blocks: int, folder: Path, *, progress: Progress = no_progress
) -> None:
    """Make sure that the cache has the first ``num_blocks`` blocks of a segment's chain.

    Raises as ``segment_audio``.
    """
    recipe = segment_recipe_from_json(segment.recipe)
    reach(
        [prefix for prefix in recipe.prefixes() if len(prefix.blocks) <= num_blocks],
        rendering.fetch_sources(segment, folder),
        CachedPrefixes(folder),
        progress=progress,
    )
