"""The steps after the segments tell how far they are often enough to be cancelled in the middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.errors import CancelledError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.shootout_info import ContenderInfo, DIInfo, ShootoutInfo
from jobs.pipeline.recipe import DISource, NamBlock, SegmentRecipe
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.shootout import SegmentResult, finish_audio

DURATION_S = 30.0
NAM = Path(__file__).parents[1] / "nam" / "tests" / "data" / "models" / "linear_short.nam"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[ShootoutInfo, list[SegmentResult]]:
    folder = tmp_path_factory.mktemp("segments")
    di = folder / "di.wav"
    noise = np.random.default_rng(11).standard_normal(round(DURATION_S * 48_000)) * 0.05
    soundfile.write(di, noise.astype(np.float32), 48_000, subtype="FLOAT")
    recipe = SegmentRecipe(DISource(sha256_of(di)), (NamBlock(sha256_of(NAM)),))
    path = folder / "a.wav"
    render = render_segment(recipe, {sha256_of(di): di, sha256_of(NAM): NAM}, path)
    info = ShootoutInfo(
        title="Long",
        dis=(DIInfo("Riff", sha256_of(di)),),
        contenders=(ContenderInfo("A"), ContenderInfo("B")),
    )
    return info, [SegmentResult(0, number, recipe, render, path) for number in range(2)]


def test_it_reports_all_the_way(
    rendered: tuple[ShootoutInfo, list[SegmentResult]], tmp_path: Path
) -> None:
    fractions: list[float] = []
    finish_audio(*rendered, tmp_path, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    # No step is one silent leap, however long the track.
    leaps = np.diff([0.0, *fractions])
    assert leaps.max() < 0.05


@pytest.mark.parametrize("at", [0.05, 0.2, 0.4, 0.7])
def test_cancelled_anywhere_it_stops_there(
    rendered: tuple[ShootoutInfo, list[SegmentResult]], tmp_path: Path, at: float
) -> None:
    heard: list[float] = []

    def progress(fraction: float) -> None:
        heard.append(fraction)
        if fraction >= at:
            raise CancelledError

    with pytest.raises(CancelledError):
        finish_audio(*rendered, tmp_path, progress=progress)
    assert heard[-1] < at + 0.05
    assert not (tmp_path / "montage.flac").exists()
    assert not list(tmp_path.glob(".*partial*"))
