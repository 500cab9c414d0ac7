"""Measures GTS on this machine and keeps the figures in bench.json."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from jobs.pipeline.bench import (
    nam_two_threads_speedup,
    nam_x_realtime,
    plan_figures,
    video_x_realtime,
)
from jobs.pipeline.files import replacing
from shootouts.management.commands.seed_demo import DEMO_FILE
from shootouts.rendering import font_paths, render_svg

_CAPTURES = DEMO_FILE.parent / "captures"
_IRS = DEMO_FILE.parent / "irs"
_DI = DEMO_FILE.parent / "di" / "harbour-lights-88bpm.flac"
_A1_STANDARD = _CAPTURES / "tempest-100-lead.nam"
_A2 = _CAPTURES / "halyard-22-clean.nam"


class Command(BaseCommand):
    help = "Measure the engine, the video encoder and the whole demo; write bench.json."

    def handle(self, *args: Any, **options: Any) -> None:
        figures: dict[str, float] = {}

        def note(key: str, value: float, unit: str) -> None:
            figures[key] = round(value, 2)
            self.stdout.write(f"{key:<28} {value:8.1f} {unit}")
            self.stdout.flush()

        note("nam_a1_standard_x_realtime", nam_x_realtime(_A1_STANDARD), "× real time, one thread")
        note("nam_a2_full_x_realtime", nam_x_realtime(_A2), "× real time, one thread")
        speedup = nam_two_threads_speedup(_A1_STANDARD)
        note("nam_two_threads_speedup", speedup, "× one thread, two signals at once")
        plan = plan_figures(
            _DI,
            sorted(_CAPTURES.glob("*.nam")),
            sorted(_IRS.glob("*.wav")),
            num_cabs=9,
            duration_s=30.0,
        )
        note("plan_nam_passes_3x9", plan.num_passes, "captures run for 3 amps × 9 cabinets")
        note("plan_speedup_3x9", plan.speedup, "× as fast as 27 chains by themselves")
        video = video_x_realtime(render_svg=render_svg, fonts=font_paths())
        note("video_1080p30_x_realtime", video, "× real time")
        wall_s, peak_rss_mb = _demo()
        note("demo_wall_s", wall_s, "s for `make demo`")
        note("peak_rss_mb", peak_rss_mb, "MB at most, while rendering the demo")
        path = Path(settings.DATA_DIR, "bench.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_text(json.dumps(figures, indent=1) + "\n")
        self.stdout.write(str(path))


def _demo() -> tuple[float, float]:
    """Wall time in s and peak memory in MB of rendering the demo in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="gts-bench-") as name:
        command = ["manage.py", "render_shootout", str(DEMO_FILE), "--out", f"{name}/demo"]
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
