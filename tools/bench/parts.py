"""How fast the expensive things are: multiples of real time, and what sharing work gains."""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.pipeline.files import sha256_of
from jobs.pipeline.nam.engine import build_engine
from jobs.pipeline.nam.file import read_nam
from jobs.pipeline.recipe import (
    CabBlock,
    DISource,
    NamBlock,
    PrefixRecipe,
    SegmentRecipe,
    plan_renders,
)
from jobs.pipeline.render.chain_run import render_prefixes
from jobs.pipeline.render.prefix import FolderPrefixes, Prefix
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.signal.samples import CHUNK_FRAMES, FloatArray
from jobs.pipeline.video.encode import encode_video
from jobs.pipeline.video.sample import sample_scene, sample_timeline, write_sample_montage
from jobs.pipeline.video.scene import SvgRenderer

_RUNS = 5


def nam_x_realtime(capture: Path, *, duration_s: float = 10.0) -> float:
    """Median of several runs of one capture over noise, on the calling thread alone."""
    return duration_s / _median_s(_nam_run(capture, duration_s), _RUNS)


def nam_two_threads_speedup(capture: Path, *, duration_s: float = 10.0) -> float:
    """How many times as fast two signals are done in two threads as one after the other.

    At most 2. Median of pairs measured in turns, so that whatever else the machine does weighs on
    both sides alike.
    """
    run = _nam_run(capture, duration_s)
    run()
    speedups = []
    with ThreadPoolExecutor(2) as threads:
        for _ in range(_RUNS):
            start = time.perf_counter()
            run()
            run()
            between = time.perf_counter()
            for signal in [threads.submit(run) for _ in range(2)]:
                signal.result()
            speedups.append((between - start) / (time.perf_counter() - between))
    return statistics.median(speedups)


def _nam_run(capture: Path, duration_s: float) -> Callable[[], None]:
    """One signal through the capture, from its beginning, at each call."""
    engine = build_engine(read_nam(capture))
    num_frames = round(duration_s * engine.sample_rate_hz)
    noise = _noise(num_frames, level=0.1)

    def run() -> None:
        stage = engine.start()
        for start in range(0, num_frames, CHUNK_FRAMES):
            stage.process(noise[:, start : start + CHUNK_FRAMES])

    return run


def video_x_realtime(
    *, render_svg: SvgRenderer, fonts: Sequence[Path], duration_s: float = 30.0, num_runs: int = 3
) -> float:
    """A 1080p30 video of three contenders, everything included; ``duration_s``: about, 6 or more.
    Median of several runs, after one that does not count."""
    timeline = sample_timeline(duration_s)
    with tempfile.TemporaryDirectory(prefix="gts-bench-") as name:
        montage = Path(name, "montage.flac")
        write_sample_montage(timeline, montage)

        def run() -> None:
            out = Path(name, "video.mp4")
            encode_video(
                sample_scene(3), timeline, montage, out, render_svg=render_svg, fonts=fonts
            )

        return timeline.duration_s / _median_s(run, num_runs)


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """``num_passes``: captures that were really run. ``speedup``: over each chain by itself."""

    num_passes: int
    speedup: float


def plan_figures(
    di: Path, captures: Sequence[Path], irs: Sequence[Path], *, num_cabs: int, duration_s: float
) -> PlanFigures:
    """Every capture × ``num_cabs`` cabinets over one DI: planned, and then each chain by itself.

    Both on one thread, in a process that has compiled its kernels. The DI is repeated to
    ``duration_s``.
    """
    with tempfile.TemporaryDirectory(prefix="gts-bench-") as name:
        folder = Path(name)
        source = repeated(di, folder / "di.wav", duration_s)
        sources = {sha256_of(path): path for path in (source, *captures, *irs)}
        recipes = [
            SegmentRecipe(DISource(sha256_of(source)), (NamBlock(sha256_of(capture)), cab))
            for capture in captures
            for cab in _cabs(irs, num_cabs)
        ]
        out = folder / "segment.wav"
        prefixes = _CountedPrefixes(folder / "prefixes")
        render_segment(recipes[0], sources, out)
        start = time.perf_counter()
        for stage in plan_renders(recipes).stages:
            for prefix in stage:
                render_prefixes(prefix.prefixes(), sources, prefixes)
        for recipe in recipes:
            render_segment(recipe, sources, out, prefixes=prefixes)
        planned_s = time.perf_counter() - start
        start = time.perf_counter()
        for recipe in recipes:
            render_segment(recipe, sources, out)
        alone_s = time.perf_counter() - start
    return PlanFigures(prefixes.num_kept, alone_s / planned_s)


class _CountedPrefixes(FolderPrefixes):
    num_kept = 0

    def keep(self, recipe: PrefixRecipe, prefix: Prefix) -> None:
        self.num_kept += 1
        super().keep(recipe, prefix)


def _cabs(irs: Sequence[Path], num_cabs: int) -> list[CabBlock]:
    """So many different cabinets of few responses."""
    return [
        CabBlock.of(sha256_of(irs[number % len(irs)]), gain_db=-float(number // len(irs)))
        for number in range(num_cabs)
    ]


def repeated(di: Path, out: Path, duration_s: float) -> Path:
    """Write a DI that lasts ``duration_s`` to ``out``."""
    audio = open_audio(di)
    once = np.concatenate(list(audio.chunks()), axis=1)
    num_frames = round(duration_s * audio.sample_rate_hz)
    looped = np.tile(once, math.ceil(num_frames / once.shape[1]))[:, :num_frames]
    write_wav_f32(out, [looped], audio.sample_rate_hz, audio.num_channels)
    return out


def _median_s(run: Callable[[], None], num_runs: int) -> float:
    """Wall time; one run before the clock starts."""
    run()
    times = []
    for _ in range(num_runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _noise(num_frames: int, level: float) -> FloatArray:
    """Shape ``(1, num_frames)``, the same at every call."""
    noise = np.random.default_rng(20_26).standard_normal((1, num_frames), dtype=np.float32)
    return noise * np.float32(level)
