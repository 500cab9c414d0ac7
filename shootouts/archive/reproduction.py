"""Rendering a published shootout again from its manifest, to see whether the same samples come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path

import msgspec
import numpy as np

from gear.models import Capture
from jobs.files.storage import fetch_file, scratch_folder, stored_name
from jobs.pipeline.environment import sample_origin
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.manifest import Segment as PublishedSegment
from jobs.pipeline.recipe import SegmentRecipe, segment_recipe_from_json, was_aligned
from jobs.pipeline.render.prefix import FolderPrefixes
from jobs.pipeline.render.publishing import Cut, publish_segment
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.samples import gain_to_db
from shootouts.models import DITrack, Manifest, RenderedFile, Segment


class Outcome(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    SOURCES_GONE = "sources gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One segment rendered again. ``pcm_sha256``: of its samples now; empty when there are none.

    ``note``: for people, why it is not the same.
    """

    di: str
    contender: str
    outcome: Outcome
    pcm_sha256: str = ""
    note: str = ""


def reproduce(manifest: Manifest) -> Iterator[Reproduction]:
    """Every segment of a manifest, one after the other: recipe, then its gain, then its hash.

    Stores nothing and takes nothing from the cache; what segments share is rendered once. Sources
    are found by their SHA-256: where the segments found them, or in any capture or DI track that
    still holds the same file.
    """
    content = manifest.content
    with scratch_folder() as folder:
        sources = _Sources(manifest, folder)
        prefixes = FolderPrefixes(folder / "prefixes")
        for segment in content.segments:
            di = content.dis[segment.di].name
            contender = content.contenders[segment.contender].label
            recipe = segment_recipe_from_json(msgspec.to_builtins(segment.recipe))
            found = {sha256: sources.path(sha256) for sha256 in recipe.input_digests()}
            paths = {sha256: path for sha256, path in found.items() if path is not None}
            gone = [sources.describe(sha256) for sha256 in found if sha256 not in paths]
            if gone:
                note = f"no longer stored: {', '.join(gone)}"
                yield Reproduction(di, contender, Outcome.SOURCES_GONE, note=note)
                continue
            pre_gain, out = folder / "pre-gain.wav", folder / "segment.flac"
            try:
                pcm_sha256 = _render(recipe, segment, paths, pre_gain, out, prefixes)
            except PipelineError as error:
                yield Reproduction(di, contender, Outcome.FAILED, note=str(error))
                continue
            if pcm_sha256 == segment.pcm_sha256:
                yield Reproduction(di, contender, Outcome.SAME, pcm_sha256)
            else:
                note = _what_differs(segment, out, folder)
                yield Reproduction(di, contender, Outcome.DIFFERENT, pcm_sha256, note)


def _render(
    recipe: SegmentRecipe,
    segment: PublishedSegment,
    paths: Mapping[str, Path],
    pre_gain: Path,
    out: Path,
    prefixes: FolderPrefixes,
) -> str:
    """Write ``out`` as it was published, and say what its samples hash to."""
    alignment = segment.alignment
    advance_frames = alignment.lag_samples if alignment and alignment.is_accepted else 0
    if was_aligned(msgspec.to_builtins(segment.recipe)):  # moved while it was rendered
        render_segment(recipe, paths, pre_gain, prefixes=prefixes, advance_frames=advance_frames)
        return publish_segment(pre_gain, segment.gain_db, out).pcm_sha256
    render = render_segment(recipe, paths, pre_gain, prefixes=prefixes)
    cut = Cut(advance_frames, render.di_num_frames)
    return publish_segment(pre_gain, segment.gain_db, out, cut=cut).pcm_sha256


class _Sources:
    """The files that a manifest's segments were made from, each looked for once."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, Path | None] = {}
        self._names: dict[str, str] = {}
        for sources in Segment.objects.filter(render=manifest.render).values_list(
            "sources", flat=True
        ):
            self._names |= sources
        self._described = {
            source.sha256: f"{source.role} “{source.name}”" for source in manifest.content.inputs
        }

    def path(self, sha256: str) -> Path | None:
        """A local file with exactly this content, or nothing."""
        if sha256 not in self._paths:
            self._paths[sha256] = self._find(sha256)
        return self._paths[sha256]

    def describe(self, sha256: str) -> str:
        return self._described.get(sha256, f"the file {sha256[:12]}…")

    def _find(self, sha256: str) -> Path | None:
        rows = chain.from_iterable(
            model.objects.filter(sha256=sha256).values_list("file", flat=True)
            for model in (DITrack, Capture)
        )
        for name in dict.fromkeys(chain([self._names.get(sha256, "")], rows)):
            if not name:
                continue
            try:
                path = fetch_file(name, self._folder)
            except PipelineError:
                continue
            if sha256_of(path) == sha256:
                return path
        return None


def _what_differs(segment: PublishedSegment, rendered: Path, folder: Path) -> str:
    """By how much, and whether something else computed the published samples."""
    notes = [_distance(segment.media, rendered, folder)]
    then, now = segment.rendered_with, sample_origin()
    notes += [
        f"{name} was {then[name]}, is {now[name]}"
        for name in now
        if name in then and then[name] != now[name]
    ]
    return "; ".join(note for note in notes if note)


def _distance(media: str, rendered: Path, folder: Path) -> str:
    file = RenderedFile.objects.filter(uuid=media).first()
    if file is None:
        return ""
    try:
        published, again = (
            open_audio(fetch_file(stored_name(file.file), folder)),
            open_audio(rendered),
        )
    except PipelineError:
        return "the published file cannot be read"
    if (published.num_frames, published.num_channels) != (again.num_frames, again.num_channels):
        return f"{again.num_frames} frames instead of {published.num_frames}"
    peak = max(
        float(np.abs(a - b).max()) for a, b in zip(published.chunks(), again.chunks(), strict=True)
    )
    if peak == 0.0:
        return "the published file has these samples, only the manifest says otherwise"
    return f"differs by at most {gain_to_db(peak):.1f} dBFS"
