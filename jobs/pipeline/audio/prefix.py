"""The beginnings of chains, each computed once and kept as a file for all that go on from it.

A prefix file is a float32 WAV at the rate of the capture that ends it. It holds three signals one
after the other: the DI with its tail, and the two probes of ``journey``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jobs.pipeline.audio.journey import Facts, Journey, probe_samples, start_journey
from jobs.pipeline.audio.passage import Passage, Signal
from jobs.pipeline.audio.signal import FloatArray
from jobs.pipeline.audio.staging import Staging
from jobs.pipeline.audio.stretch import Stretch
from jobs.pipeline.audio.wav_f32 import WavF32File, WavF32Writer
from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.files import replacing
from jobs.pipeline.recipe import PrefixRecipe
from jobs.pipeline.step_times import timed

# Share of the work that looking through the DI is, beside playing it.
_PROBE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Part:
    """A signal in a prefix file. ``rest``: one value per channel."""

    start_frame: int
    num_frames: int
    rest: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix that has been computed. A probe that did not come through is ``None``."""

    path: Path
    facts: Facts
    di: Part
    tone: Part | None
    sweep: Part | None

    def as_json(self) -> dict[str, Any]:
        """All but the path."""
        described = asdict(self)
        del described["path"]
        return described

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: Path) -> Prefix:
        """The inverse of ``as_json``, also after a passage through JSON text."""
        facts = dict(data["facts"])
        facts["staging"] = Staging(**facts["staging"])
        facts["blocks"], facts["warnings"] = tuple(facts["blocks"]), tuple(facts["warnings"])
        return cls(
            path,
            Facts(**facts),
            _part_from_json(data["di"]),
            data["tone"] and _part_from_json(data["tone"]),
            data["sweep"] and _part_from_json(data["sweep"]),
        )


class PrefixStore(Protocol):
    """Where prefixes are kept: a folder of one run, or a cache that outlives it."""

    def find(self, recipe: PrefixRecipe) -> Prefix | None:
        """One that was kept before; its file can be read as long as this run lasts."""
        ...

    def new_path(self, recipe: PrefixRecipe) -> Path:
        """A local path to render to."""
        ...

    def keep(self, recipe: PrefixRecipe, prefix: Prefix) -> None:
        """Called with a whole file at ``new_path``. Keeping it twice is harmless."""
        ...


class FolderPrefixes:
    """Prefixes in a folder, for as long as the folder lives."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def find(self, recipe: PrefixRecipe) -> Prefix | None:
        path = self.new_path(recipe)
        described = path.with_suffix(".json")
        if not described.is_file():
            return None
        return Prefix.from_json(json.loads(described.read_text()), path)

    def new_path(self, recipe: PrefixRecipe) -> Path:
        return self._folder / f"{recipe.digest()}.wav"

    def keep(self, recipe: PrefixRecipe, prefix: Prefix) -> None:
        with replacing(prefix.path.with_suffix(".json"), is_lasting=False) as temporary:
            temporary.write_text(json.dumps(prefix.as_json(), allow_nan=False))


def go_on_from(prefix: Prefix) -> Journey:
    """What a prefix file holds. Raises what ``WavF32File`` raises."""
    file = WavF32File.open(prefix.path)

    def signal(part: Part) -> Signal:
        return Signal(
            file.sample_rate_hz,
            part.num_frames,
            np.array(part.rest, dtype=np.float32)[:, np.newaxis],
            partial(file.blocks, part.start_frame, part.num_frames),
        )

    return Journey(
        prefix.facts,
        signal(prefix.di),
        signal(prefix.tone) if prefix.tone else None,
        signal(prefix.sweep) if prefix.sweep else None,
    )


@timed("captures")
def reach(
    prefixes: Sequence[PrefixRecipe],
    sources: Mapping[str, Path],
    store: PrefixStore,
    *,
    progress: Progress = no_progress,
) -> Journey | None:
    """The end of the longest of ``prefixes``, which are of one chain, shortest first.

    From the longest that ``store`` has; what is missing is rendered and kept. ``None`` when there
    are no prefixes. ``sources``: the recipes' files by SHA-256. Raises ``PipelineError`` as
    ``render_segment`` does; whatever ``progress`` raises leaves no file behind.
    """
    journey, num_there = None, 0
    for number in range(len(prefixes), 0, -1):
        found = store.find(prefixes[number - 1])
        if found is not None:
            journey, num_there = go_on_from(found), number
            break
    missing = prefixes[num_there:]
    for number, recipe in enumerate(missing):
        share = partial(_share, progress, number, len(missing))
        rendered = _render(recipe, journey, sources, store.new_path(recipe), share)
        store.keep(recipe, rendered)
        journey = go_on_from(rendered)
    return journey


def _share(progress: Progress, number: int, count: int, fraction: float) -> None:
    progress((number + fraction) / count)


def _render(
    recipe: PrefixRecipe,
    journey: Journey | None,
    sources: Mapping[str, Path],
    path: Path,
    progress: Progress,
) -> Prefix:
    stretch = Stretch(recipe, journey.facts.num_blocks if journey else 0, sources)
    if journey is None:
        journey = start_journey(stretch, sources, lambda done: progress(_PROBE_SHARE * done))
    laid = journey.lay(stretch)
    passage = Passage(laid.chain, journey.di)
    with replacing(path, is_lasting=False) as temporary, temporary.open("wb") as file:
        writer = WavF32Writer(file, laid.chain.sample_rate_hz, laid.chain.num_channels)
        for block in passage.blocks(
            lambda done: progress(_PROBE_SHARE + (1.0 - _PROBE_SHARE) * done)
        ):
            writer.write(block)
        di = Part(0, writer.num_frames, _values(passage.rest))
        tone = _write_probe(writer, journey.tone_through(stretch), progress)
        sweep = _write_probe(writer, journey.sweep_through(stretch), progress)
        writer.close()
    facts = replace(
        journey.facts,
        num_blocks=len(recipe.blocks),
        blocks=(*journey.facts.blocks, *laid.blocks),
        warnings=(*journey.facts.warnings, *laid.warnings),
        has_capture=True,
        output_level_dbu=laid.output_level_dbu,
    )
    return Prefix(path, facts, di, tone, sweep)


def _write_probe(writer: WavF32Writer, passage: Passage | None, progress: Progress) -> Part | None:
    samples = probe_samples(passage, lambda _: progress(1.0))
    if samples is None or passage is None:
        return None
    part = Part(writer.num_frames, samples.shape[1], _values(passage.rest))
    writer.write(samples)
    return part


def _values(rest: FloatArray) -> tuple[float, ...]:
    return tuple(float(value) for value in rest[:, 0])


def _part_from_json(data: Mapping[str, Any]) -> Part:
    return Part(data["start_frame"], data["num_frames"], tuple(data["rest"]))
