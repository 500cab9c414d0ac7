"""The bench of the whole path runs, on material of a second, and its figures hang together."""

from __future__ import annotations

from pathlib import Path

from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.step_times import STEPS
from jobs.pipeline.tests.signals import plucks
from shootouts.rendering import font_paths, render_svg
from tools.bench.render import every_amp_and_cab, path_figures

PACK = Path(__file__).resolve().parents[3] / "shootouts" / "demo"


def test_it_splits_the_time_by_step(tmp_path: Path) -> None:
    write_wav_f32(tmp_path / "short.wav", [plucks(0.4)], 48_000, 1)
    shootout = every_amp_and_cab(
        tmp_path / "short.wav",
        sorted(PACK.glob("captures/*.nam"))[:2],
        sorted(PACK.glob("irs/*.wav"))[:1],
        tmp_path,
        num_cabs=1,
        duration_s=0.6,
        has_video=True,
    )
    assert [len(chain.blocks) for chain in shootout.chains] == [2] * 2
    found = path_figures(shootout, render_svg=render_svg, fonts=font_paths(), engine_duration_s=0.1)
    assert found.num_segments == 2
    assert found.path_x_realtime > 0.0
    assert found.engine_x_realtime > 0.0
    worked = {step for step, share_pct in found.share_pct.items() if share_pct > 0.0}
    assert worked == set(STEPS)
    assert sum(found.share_pct.values()) <= 100.0 + 1e-6
    figures = found.figures("3x9")
    assert figures["3x9_path_x_realtime"][0] == found.path_x_realtime
    assert {f"3x9_{step}_pct" for step in STEPS} < set(figures)
