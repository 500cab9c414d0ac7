"""The sound of a segment before the level match: from the cache, or rendered and kept there.

This loads all that computes: jobs import it where they run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.pipeline.environment import sample_origin
from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.recipe import (
    PrefixRecipe,
    block_digests,
    passage_key,
    recipe_digest,
    render_key,
    segment_recipe_from_json,
)
from jobs.pipeline.render.chain_run import render_prefixes
from jobs.pipeline.render.passage import PassageRender, render_passage
from jobs.pipeline.render.prefix import Prefix
from jobs.pipeline.render.segment import SegmentRender, render_segment
from jobs.pipeline.shootout import SegmentResult
from jobs.pipeline.vocabulary.sound import OUTPUT_SAMPLE_RATE_HZ
from shootouts.models import ChainPreview, Segment
from shootouts.rendering import StoredSources, fetch_sources
from shootouts.services.renders import (
    cache_forget_ownerless,
    cached_audio_find,
    cached_audio_keep,
)


@dataclass(frozen=True, slots=True)
class SegmentAudio:
    """``path``: float32 WAV at 48 kHz, on this machine. ``measured``: of it, as JSON. ``passes``:
    SHA-256 of the captures that it was sent through for this."""

    path: Path
    measured: Mapping[str, Any]
    was_cached: bool
    passes: tuple[str, ...] = ()

    @property
    def di_duration_s(self) -> float:
        """Of what was played, without the tail."""
        return float(self.measured.get("di_num_frames", 0)) / OUTPUT_SAMPLE_RATE_HZ


def segment_audio(
    segment: Segment | ChainPreview, folder: Path, *, progress: Progress = no_progress
) -> SegmentAudio:
    """Raises ``PipelineError`` as ``render_segment`` does, and FILE_MISSING."""
    recipe = segment_recipe_from_json(segment.recipe)
    key = segment.render_key
    if "is_aligned" in segment.recipe:
        # Planned by a version that moved segments as it rendered them: under the key of the row
        # may be what that version made.
        key = render_key(recipe)
    found = cached_audio_find(key=key, folder=folder)
    if found is not None:
        return SegmentAudio(*found, was_cached=True)
    path = folder / f"{segment.uuid}.wav"
    prefixes = CachedPrefixes(folder)
    render = render_segment(
        recipe,
        fetch_sources(segment, folder),
        path,
        prefixes=prefixes,
        progress=progress,
    )
    measured = _measured_as_json(render)
    inputs = recipe.input_digests()
    cached_audio_keep(key=key, inputs=inputs, path=path, described=measured)
    cache_forget_ownerless(inputs=inputs)
    return SegmentAudio(path, measured, was_cached=False, passes=tuple(prefixes.passes))


def compute_prefix(
    segment: Segment, num_blocks: int, folder: Path, *, progress: Progress = no_progress
) -> CachedPrefixes:
    """Make sure that the cache has the first ``num_blocks`` blocks of a segment's chain. What comes
    back tells what that took.

    Raises as ``segment_audio``.
    """
    recipe = segment_recipe_from_json(segment.recipe)
    prefixes = CachedPrefixes(folder)
    render_prefixes(
        [prefix for prefix in recipe.prefixes() if len(prefix.blocks) <= num_blocks],
        fetch_sources(segment, folder),
        prefixes,
        progress=progress,
    )
    return prefixes


def segment_result(
    segment: Segment, pre_gain_path: Path, measured: Mapping[str, Any]
) -> SegmentResult:
    """A finished segment with its pre-gain render on this machine; ``measured``: of that file."""
    return SegmentResult(
        di_index=segment.di_index,
        contender_index=segment.contender_index,
        recipe=segment_recipe_from_json(segment.recipe),
        render=SegmentRender.from_json(measured),
        pre_gain_path=pre_gain_path,
        rendered_with=measured.get("rendered_with", {}),
    )


def _measured_as_json(render: SegmentRender) -> dict[str, Any]:
    """What is stored of a render made just now by this process."""
    return {**render.as_json(), "rendered_with": sample_origin()}


def passage_audio(
    preview: ChainPreview, folder: Path, path: Path, *, progress: Progress = no_progress
) -> PassageRender:
    """Render a passage to ``path``. What its captures make of the DI goes into the cache: the next
    chain that begins alike goes on from there. Raises as ``segment_audio``."""
    return render_passage(
        segment_recipe_from_json(preview.recipe),
        StoredSources(preview.sources, folder),
        path,
        prefixes=CachedPrefixes(folder, key_of=passage_key),
        progress=progress,
    )


class CachedPrefixes:
    """The cache as the pipeline sees it (``jobs.pipeline.render.prefix.PrefixStore``).

    ``passes``: SHA-256 of the captures of what was kept. ``sound_s``: how long the DI of that is.
    """

    def __init__(self, folder: Path, key_of: Callable[[PrefixRecipe], str] = render_key) -> None:
        self._folder = folder
        self._key_of = key_of
        self.passes: list[str] = []
        self.sound_s = 0.0

    def find(self, recipe: PrefixRecipe) -> Prefix | None:
        found = cached_audio_find(key=self._key_of(recipe), folder=self._folder)
        return None if found is None else Prefix.from_json(found[1], found[0])

    def new_path(self, recipe: PrefixRecipe) -> Path:
        return self._folder / f"{recipe_digest(recipe)}.wav"

    def keep(self, recipe: PrefixRecipe, prefix: Prefix) -> None:
        self.passes += block_digests(recipe.blocks[-1])  # it ends with a capture
        self.sound_s = prefix.context.di_num_frames / OUTPUT_SAMPLE_RATE_HZ
        cached_audio_keep(
            key=self._key_of(recipe),
            inputs=recipe.input_digests(),
            path=prefix.path,
            described=prefix.as_json(),
        )
        cache_forget_ownerless(inputs=recipe.input_digests())
