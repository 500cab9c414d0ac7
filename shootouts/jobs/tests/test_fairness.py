"""27 contenders, as they are published: equally loud, and nothing but a constant gain applied."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest

from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.shootout_info import ContenderInfo, DIInfo, ShootoutInfo
from jobs.pipeline.measure.loudness import measure_chunks
from jobs.pipeline.recipe import CabBlock, DISource, NamBlock, SegmentRecipe
from jobs.pipeline.render.prefix import FolderPrefixes
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.shootout import FinishedAudio, SegmentResult, finish_audio
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.signal.samples import FloatArray, db_to_gain, gain_to_db

PACK = Path(__file__).resolve().parents[2] / "demo"
DI_S = 4.0


@pytest.fixture(scope="module")
def shootout(tmp_path_factory: pytest.TempPathFactory) -> FinishedAudio:
    """3 amps × 9 cabinets over the beginning of a DI of the demo pack."""
    folder = tmp_path_factory.mktemp("fairness")
    captures, irs = sorted(PACK.glob("captures/*.nam")), sorted(PACK.glob("irs/*.wav"))
    recording = open_audio(sorted(PACK.glob("di/*.flac"))[0])
    beginning = recording.chunks(num_frames=round(DI_S * recording.sample_rate_hz))
    di = folder / "di.wav"
    write_wav_f32(di, beginning, recording.sample_rate_hz, recording.num_channels)
    sources = {sha256_of(path): path for path in (di, *captures, *irs)}
    prefixes = FolderPrefixes(folder / "prefixes")
    results = []
    for number, (capture, ir, gain_db) in enumerate(product(captures, irs, (0.0, -9.0, 12.0))):
        recipe = SegmentRecipe(
            DISource(sha256_of(di)),
            (NamBlock(sha256_of(capture)), CabBlock.of(sha256_of(ir), gain_db=gain_db)),
        )
        path = folder / f"{number}.wav"
        render = render_segment(recipe, sources, path, prefixes=prefixes)
        results.append(SegmentResult(0, number, recipe, render, path))
    info = ShootoutInfo(
        title="Fairness",
        dis=(DIInfo("Riff", sha256_of(di)),),
        contenders=tuple(ContenderInfo(f"Rig {number + 1}") for number in range(len(results))),
    )
    (folder / "out").mkdir()
    return finish_audio(info, results, folder / "out")


def decoded(path: Path) -> FloatArray:
    """As another program hears it: libavcodec's decoder, not the one we wrote it with."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray().astype(np.float64) for frame in container.decode(audio=0)]
    samples = np.concatenate(frames, axis=1)  # s32, interleaved in one row when packed
    return np.asarray(samples / 2.0**31, dtype=np.float32)


def test_every_pair_is_equally_loud_after_decoding(shootout: FinishedAudio) -> None:
    assert len(shootout.segments) == 27
    loudness_lufs = []
    for segment in shootout.segments:
        assert segment.published.num_channels == 1
        measured = measure_chunks(iter([decoded(segment.path)]), 48_000, 1)
        assert measured.integrated_lufs is not None
        assert measured.true_peak_dbtp is not None
        assert measured.true_peak_dbtp <= -1.0
        loudness_lufs.append(measured.integrated_lufs)
    assert max(loudness_lufs) - min(loudness_lufs) < 0.2
    assert loudness_lufs == pytest.approx([shootout.levels.common_target_lufs] * 27, abs=0.1)


def test_only_a_constant_gain_was_applied(shootout: FinishedAudio) -> None:
    for segment in shootout.segments:
        assert segment.alignment is not None
        whole = np.concatenate(list(open_audio(segment.result.pre_gain_path).chunks()), axis=1)
        before = whole[:, segment.alignment.advance_frames :]
        after = decoded(segment.path)
        assert after.shape == before.shape
        rest = after - before * np.float32(db_to_gain(segment.gain_db))
        level_db = gain_to_db(float(np.sqrt(np.mean(np.square(after, dtype=np.float64)))))
        rest_db = gain_to_db(float(np.sqrt(np.mean(np.square(rest, dtype=np.float64)))))
        assert rest_db < level_db - 90.0


def test_the_gains_differ_as_the_knobs_do(shootout: FinishedAudio) -> None:
    """The same rig at three output levels: three gains, one sound."""
    for first in range(0, 27, 3):
        gains_db = [segment.gain_db for segment in shootout.segments[first : first + 3]]
        assert gains_db[1] - gains_db[0] == pytest.approx(9.0, abs=0.01)
        assert gains_db[2] - gains_db[0] == pytest.approx(-12.0, abs=0.01)
