"""How fast the whole path is, from a DI to published segments and the video, beside the engine."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.pipeline.batch import render_shootout
from jobs.pipeline.formats.shootout_file import ShootoutFile, read_shootout_file
from jobs.pipeline.step_times import STEPS, Step, measuring_steps
from jobs.pipeline.video.scene import SvgRenderer
from tools.bench.parts import nam_x_realtime, repeated

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
