"""How fast the two expensive things are, as multiples of real time."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from jobs.pipeline.audio.nam import build_engine, read_nam
from jobs.pipeline.audio.signal import BLOCK_FRAMES, FloatArray
from jobs.pipeline.video.encode import encode_video
from jobs.pipeline.video.sample import sample_scene, sample_timeline, write_sample_montage
from jobs.pipeline.video.scene import SvgRenderer

_RUNS = 5


def nam_x_realtime(capture: Path, *, duration_s: float = 10.0) -> float:
    """Median of several runs of one capture over noise, on the calling thread alone."""
    engine = build_engine(read_nam(capture))
    num_frames = round(duration_s * engine.sample_rate_hz)
    signal = _noise(num_frames, level=0.1)

    def run() -> None:
        stage = engine.start()
        for start in range(0, num_frames, BLOCK_FRAMES):
            stage.process(signal[:, start : start + BLOCK_FRAMES])

    return duration_s / _median_s(run, _RUNS)


def video_x_realtime(*, render_svg: SvgRenderer, fonts: Sequence[Path]) -> float:
    """A 1080p30 video of three contenders, about 30 s, everything included."""
    timeline = sample_timeline(30.0)
    with tempfile.TemporaryDirectory(prefix="gts-bench-") as name:
        montage = Path(name, "montage.flac")
        write_sample_montage(timeline, montage)

        def run() -> None:
            out = Path(name, "video.mp4")
            encode_video(
                sample_scene(3), timeline, montage, out, render_svg=render_svg, fonts=fonts
            )

        return timeline.duration_s / _median_s(run, 3)


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
