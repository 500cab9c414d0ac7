"""Measures GTS on this machine, in parts and as a whole, and keeps the figures in bench.json.

As a whole: from a DI to published segments and the video, beside the engine by itself.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jobs.pipeline.batch import render_shootout
from jobs.pipeline.files import replacing
from jobs.pipeline.formats.shootout_file import ShootoutFile, read_shootout_file
from jobs.pipeline.step_times import STEPS, Step, measuring_steps
from jobs.pipeline.video.scene import SvgRenderer
from shootouts.management.commands.seed_demo import DEMO_FILE
from shootouts.rendering import font_paths, render_svg
from tools.bench.parts import (
    nam_two_threads_speedup,
    nam_x_realtime,
    plan_figures,
    repeated,
    video_x_realtime,
)

_CAPTURES = sorted(DEMO_FILE.parent.glob("captures/*.nam"))
_IRS = sorted(DEMO_FILE.parent.glob("irs/*.wav"))
_DI = DEMO_FILE.parent / "di" / "harbour-lights-88bpm.flac"
_A1_STANDARD = DEMO_FILE.parent / "captures" / "tempest-100-lead.nam"
_A2 = DEMO_FILE.parent / "captures" / "halyard-22-clean.nam"
# What lies behind the published segments.
_AFTERWARDS: tuple[Step, ...] = ("montage", "video")


@dataclass(frozen=True, slots=True)
class PathFigures:
    """One shootout, rendered on one thread.

    ``path_x_realtime``: seconds of published sound per second, from the DI to the published
    segments. ``engine_x_realtime``: of its captures alone over noise. ``share_pct``: of each step
    in the time of all.
    """

    path_x_realtime: float
    engine_x_realtime: float
    num_segments: int
    share_pct: Mapping[Step, float]

    def figures(self, name: str) -> dict[str, tuple[float, str]]:
        """Value and unit by key."""
        found = {
            f"{name}_path_x_realtime": (
                self.path_x_realtime,
                f"× real time, {self.num_segments} segments from DI to file, one thread",
            ),
            f"{name}_engine_x_realtime": (
                self.engine_x_realtime,
                "× real time, its captures alone, one thread",
            ),
        }
        for step, share in self.share_pct.items():
            found[f"{name}_{step}_pct"] = (share, "% of the time")
        return found


def path_figures(
    shootout: ShootoutFile,
    *,
    render_svg: SvgRenderer,
    fonts: Sequence[Path],
    engine_duration_s: float = 10.0,
) -> PathFigures:
    """Measures in this process, where ``engine_x_realtime`` has compiled the captures before.

    Raises what ``render_shootout`` raises.
    """
    captures = {
        block.gear.path
        for chain in shootout.chains
        for block in chain.blocks
        if block.gear is not None and block.gear.path.suffix == ".nam"
    }
    speeds = [nam_x_realtime(path, duration_s=engine_duration_s) for path in sorted(captures)]
    with tempfile.TemporaryDirectory(prefix="gts-bench-") as name, measuring_steps() as times:
        start = time.perf_counter()
        result = render_shootout(
            shootout,
            Path(name, "out"),
            render_svg=render_svg,
            fonts=fonts,
            num_threads=1,
            progress=lambda step, fraction: None,
        )
        wall_s = time.perf_counter() - start
    # What no step marks (plan, manifest, moving files) counts for the path.
    path_s = wall_s - sum(times.seconds[step] for step in _AFTERWARDS)
    segments = result.audio.segments
    return PathFigures(
        path_x_realtime=sum(segment.published.duration_s for segment in segments) / path_s,
        engine_x_realtime=len(speeds) / sum(1.0 / speed for speed in speeds),
        num_segments=len(segments),
        share_pct={step: 100.0 * times.seconds[step] / wall_s for step in STEPS},
    )


def every_amp_and_cab(
    di: Path,
    captures: Sequence[Path],
    irs: Sequence[Path],
    folder: Path,
    *,
    num_cabs: int,
    duration_s: float,
    has_video: bool,
) -> ShootoutFile:
    """A shootout in ``folder``: every capture through ``num_cabs`` cabinets of few responses, over
    one DI that is repeated to ``duration_s``."""
    repeated(di, folder / "di.wav", duration_s)
    lines = ['title = "Bench"', "[options]", f"video = {json.dumps(has_video)}"]
    lines += ["[[di]]", 'file = "di.wav"', 'name = "DI"']
    for path, kind in [(path, "amp") for path in captures] + [(path, "cab") for path in irs]:
        shutil.copyfile(path, folder / path.name)
        lines += ["[[gear]]", f"id = {json.dumps(path.stem)}"]
        lines += [f"file = {json.dumps(path.name)}", f'kind = "{kind}"']
    for capture in captures:
        for number in range(num_cabs):
            ir, level_db = irs[number % len(irs)], -float(number // len(irs))
            lines += ["[[chain]]", f"label = {json.dumps(f'{capture.stem}, cab {number + 1}')}"]
            lines += ["[[chain.block]]", 'slot = "amp"', f"gear = {json.dumps(capture.stem)}"]
            lines += ["[[chain.block]]", 'slot = "cab"', f"gear = {json.dumps(ir.stem)}"]
            lines += [f"gain_db = {level_db}"]
    file = folder / "shootout.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_shootout_file(file)


@dataclass(frozen=True, slots=True)
class _Size:
    """How much is measured: noise through an engine, a DI, cabinets for each amp, videos."""

    nam_s: float
    di_s: float
    num_cabs: int
    num_videos: int


class Command(BaseCommand):
    help = "Measure the engine, the video encoder, the whole path and the demo; write bench.json."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--divide", type=float, default=1.0, metavar="N", help="N times less material"
        )
        parser.add_argument(
            "--demo", type=Path, default=DEMO_FILE, metavar="FILE.toml", help="instead of the demo"
        )
        parser.add_argument(
            "--video", action="store_true", help="also that of the 3 × 9, which lasts 14 minutes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        divide: float = options["divide"]
        if not divide >= 1.0:
            raise CommandError("--divide must be 1 or more.")
        if not options["demo"].is_file():
            raise CommandError(f"There is no file {options['demo']}.")
        self.figures: dict[str, float] = {}
        size = _Size(
            nam_s=10.0 / divide,
            di_s=30.0 / divide,
            num_cabs=max(1, round(9 / divide)),
            num_videos=max(1, round(3 / divide)),
        )
        self._parts(size)
        with tempfile.TemporaryDirectory(prefix="gts-bench-") as name:
            shootout = every_amp_and_cab(
                _DI,
                _CAPTURES,
                _IRS,
                Path(name),
                num_cabs=size.num_cabs,
                duration_s=size.di_s,
                has_video=options["video"],
            )
            self._path("3x9", shootout, size)
        self._path("demo", read_shootout_file(options["demo"]), size)
        wall_s, peak_rss_mb = _demo(options["demo"])
        self._note("demo_wall_s", wall_s, "s for `make demo`")
        self._note("peak_rss_mb", peak_rss_mb, "MB at most, while rendering the demo")
        path = Path(settings.DATA_DIR, "bench.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_text(json.dumps(self.figures, indent=1) + "\n")
        self.stdout.write(str(path))

    def _note(self, key: str, value: float, unit: str) -> None:
        self.figures[key] = round(value, 2)
        self.stdout.write(f"{key:<28} {value:8.1f} {unit}")
        self.stdout.flush()

    def _parts(self, size: _Size) -> None:
        """What is expensive, each by itself."""
        a1_standard = nam_x_realtime(_A1_STANDARD, duration_s=size.nam_s)
        self._note("nam_a1_standard_x_realtime", a1_standard, "× real time, one thread")
        a2_full = nam_x_realtime(_A2, duration_s=size.nam_s)
        self._note("nam_a2_full_x_realtime", a2_full, "× real time, one thread")
        speedup = nam_two_threads_speedup(_A1_STANDARD, duration_s=size.nam_s)
        self._note("nam_two_threads_speedup", speedup, "× one thread, two signals at once")
        plan = plan_figures(_DI, _CAPTURES, _IRS, num_cabs=size.num_cabs, duration_s=size.di_s)
        self._note("plan_nam_passes_3x9", plan.num_passes, "captures run for 3 amps × 9 cabinets")
        self._note("plan_speedup_3x9", plan.speedup, "× as fast as 27 chains by themselves")
        video = video_x_realtime(
            render_svg=render_svg,
            fonts=font_paths(),
            duration_s=max(6.0, size.di_s),
            num_runs=size.num_videos,
        )
        self._note("video_1080p30_x_realtime", video, "× real time")

    def _path(self, name: str, shootout: ShootoutFile, size: _Size) -> None:
        """A whole shootout, beside its captures alone, and split by step."""
        found = path_figures(
            shootout, render_svg=render_svg, fonts=font_paths(), engine_duration_s=size.nam_s
        )
        for key, (value, unit) in found.figures(name).items():
            self._note(key, value, unit)


def _demo(file: Path) -> tuple[float, float]:
    """Wall time in s and peak memory in MB of rendering the demo in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="gts-bench-") as name:
        command = ["manage.py", "render_shootout", str(file), "--out", f"{name}/demo"]
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, *command],
            cwd=settings.BASE_DIR,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        wall_s = time.perf_counter() - start
    # Linux counts ru_maxrss in KiB; the demo is the largest child there is.
    return wall_s, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
