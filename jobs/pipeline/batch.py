"""The whole job in one go, without a server: a shootout file in, a folder of results out."""

from __future__ import annotations

import itertools
import math
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from msgspec.structs import replace

from jobs.pipeline.errors import PipelineError, Progress, naming
from jobs.pipeline.files import replacing
from jobs.pipeline.formats.manifest import manifest_text
from jobs.pipeline.formats.shootout_file import FileDI, ShootoutFile
from jobs.pipeline.manifest import build_manifest
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.recipe import DISource, PrefixRecipe, SegmentRecipe, plan_renders
from jobs.pipeline.render.chain_run import render_prefixes
from jobs.pipeline.render.prefix import FolderPrefixes
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.shootout import FinishedAudio, SegmentResult, finish_audio
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.trim import Trim
from jobs.pipeline.video.production import make_video
from jobs.pipeline.video.scene import SvgRenderer

# Told the step for people and how much of the whole is done (0..1).
StepProgress: TypeAlias = Callable[[str, float], None]

_MANIFEST = "manifest.json"
_SEGMENTS_SHARE = 0.5
_AUDIO_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class BatchResult:
    """``files``: everything that was written, in the order in which people want it.
    ``chapters_note``: for people, why the video's description gets no or fewer chapters."""

    audio: FinishedAudio
    files: tuple[Path, ...]
    chapters_note: str


def render_shootout(
    shootout: ShootoutFile,
    out: Path,
    *,
    render_svg: SvgRenderer,
    fonts: Sequence[Path],
    num_threads: int,
    progress: StepProgress,
) -> BatchResult:
    """Segments (FLAC), montage, manifest.json and, if asked for, the video with its texts.

    Everything is made in a folder beside ``out`` first: an error leaves ``out`` as it was. Then it
    takes the place of an earlier result. Raises ``PipelineError`` OUT_OCCUPIED when something else
    is there, because that would be lost.
    """
    _check_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as name:
        work = Path(name)
        info = shootout.info()
        results = _render_segments(
            shootout,
            work / "pre-gain",
            num_threads,
            lambda done: progress("Rendering segments", _SEGMENTS_SHARE * done),
        )
        finished = work / "out"
        (finished / "segments").mkdir(parents=True)
        audio_share = _AUDIO_SHARE - _SEGMENTS_SHARE
        audio = finish_audio(
            info,
            results,
            finished / "segments",
            progress=lambda done: progress("Matching levels", _SEGMENTS_SHARE + audio_share * done),
        )
        montage = audio.montage_path.rename(finished / "montage.flac")
        manifest = build_manifest(
            info,
            audio,
            render_version=1,
            created_at=datetime.now(UTC),
            segment_names={
                (s.result.di_index, s.result.contender_index): f"segments/{s.path.name}"
                for s in audio.segments
            },
            montage_name=montage.name,
        )
        with replacing(finished / _MANIFEST) as path:
            path.write_text(manifest_text(manifest))
        if info.options.has_video:
            make_video(
                manifest,
                montage,
                finished,
                render_svg=render_svg,
                fonts=fonts,
                progress=lambda done: progress(
                    "Making the video", _AUDIO_SHARE + (1 - _AUDIO_SHARE) * done
                ),
            )
        if out.exists():
            shutil.rmtree(out)
        finished.rename(out)
    progress("Done", 1.0)
    files = tuple(sorted(path for path in out.rglob("*") if path.is_file()))
    return BatchResult(audio, files, manifest.youtube.note if manifest.youtube else "")


def _check_free(out: Path) -> None:
    is_earlier_result = (out / _MANIFEST).is_file()
    is_empty = out.is_dir() and not any(out.iterdir())
    if out.exists() and not is_earlier_result and not is_empty:
        raise PipelineError(
            "OUT_OCCUPIED", f"{out} is not the result of an earlier render. Choose another folder."
        )


def _render_segments(
    shootout: ShootoutFile, folder: Path, num_threads: int, report: Callable[[float], None]
) -> list[SegmentResult]:
    """Every DI through every chain, ``num_threads`` at a time; what they share only once."""
    folder.mkdir()
    keys = [(d, c) for d in range(len(shootout.dis)) for c in range(len(shootout.chains))]
    di_sources = [_checked(di) for di in shootout.dis]
    recipes = [_segment_recipe(shootout, di_sources[key[0]], key[1]) for key in keys]
    plan = plan_renders(recipes)
    shared = [prefix for stage in plan.stages for prefix in stage]
    progress = _Together(len(shared) + len(recipes), report)
    sources = shootout.sources()
    prefixes = FolderPrefixes(folder / "prefixes")

    def render_prefix(number: int, recipe: PrefixRecipe) -> None:
        render_prefixes(recipe.prefixes(), sources, prefixes, progress=progress.of(number))

    def render_one(number: int, key: tuple[int, int], recipe: SegmentRecipe) -> SegmentResult:
        path = folder / f"{key[0]}-{key[1]}.wav"
        render = render_segment(
            recipe, sources, path, prefixes=prefixes, progress=progress.of(len(shared) + number)
        )
        return SegmentResult(*key, recipe, render, path)

    with ThreadPoolExecutor(num_threads) as pool:
        numbers = itertools.count()
        for stage in plan.stages:
            list(pool.map(render_prefix, itertools.islice(numbers, len(stage)), stage))
        return list(pool.map(render_one, itertools.count(), keys, recipes))


def _checked(di: FileDI) -> DISource:
    """What of a DI is played. What is wrong with it is told before anything is rendered, by name.

    Raises as ``probe_di``.
    """
    name, file = di.info.name, di.path.name
    with naming(f"DI {file}" if name == di.path.stem else f"DI “{name}” ({file})"):
        source = _resolved(di)
        trim = Trim(source.start_s, source.end_s)
        probe_di(di.path, math.inf, source.channel_rule, trim)
    return source


def _resolved(di: FileDI) -> DISource:
    """With the channel that is used: what ``auto`` means takes a look at the sound."""
    if di.channel_rule != "auto" or open_audio(di.path).num_channels == 1:
        return di.source
    return replace(di.source, channel_rule=probe_di(di.path, math.inf).channel_rule)


def _segment_recipe(shootout: ShootoutFile, di: DISource, contender_index: int) -> SegmentRecipe:
    return SegmentRecipe(
        di=di,
        blocks=tuple(block.recipe() for block in shootout.chains[contender_index].blocks),
        input_mode=shootout.options.input_mode,
    )


class _Together:
    """The progress of many pieces of work, from many threads, as one."""

    def __init__(self, num_pieces: int, report: Callable[[float], None]) -> None:
        self._done = [0.0] * num_pieces
        self._report = report
        self._lock = Lock()

    def of(self, piece: int) -> Progress:
        def note(fraction: float) -> None:
            with self._lock:
                self._done[piece] = fraction
                self._report(sum(self._done) / len(self._done))

        return note
