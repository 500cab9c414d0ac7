"""Is the comparison fair? Twenty segments of the demo, really rendered and published, by meters.

Excerpts of both DI tracks through ten chains, as ``render_shootout`` would make them.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.conf import settings

from gts.web.display import number, signed
from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.shootout_info import ContenderInfo, DIInfo, ShootoutInfo
from jobs.pipeline.measure.loudness import measure_file
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.measure.tests.ffmpeg_meter import FFmpegLoudness, ffmpeg_ebur128
from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    CabIR,
    DISource,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
)
from jobs.pipeline.render.publishing import DEFAULT_CEILING_DBTP, match_levels, publish_segment
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.shootout import FinishedAudio, SegmentResult, finish_audio
from jobs.pipeline.signal.samples import FloatArray, db_to_gain
from jobs.pipeline.tests.signals import level_db

DEMO = Path(__file__).resolve().parents[2] / "demo"
EXCERPT_S = 4.0
# Both meters look at four times the rate, with low-passes of their own.
TRUE_PEAK_TOLERANCE_DB = 0.1


def excerpt(source: Path, folder: Path) -> Path:
    with soundfile.SoundFile(source) as file:
        samples = file.read(int(EXCERPT_S * file.samplerate), dtype="float32")
        path = folder / f"{source.stem}.wav"
        soundfile.write(path, samples, file.samplerate, subtype="FLOAT")
    return path


def chains(captures: list[str], irs: list[str]) -> list[tuple[BlockRecipe, ...]]:
    """Every amp through every cabinet, and one with everything that changes dynamics and width."""
    plain: list[tuple[BlockRecipe, ...]] = [
        (NamBlock(capture), CabBlock.of(ir)) for capture in captures for ir in irs
    ]
    much: tuple[BlockRecipe, ...] = (
        ProcessorBlock("compressor", {"threshold_db": -30.0, "makeup_db": 6.0}),
        NamBlock(captures[0]),
        CabBlock((CabIR(irs[0]), CabIR(irs[1], gain_db=-3.0, delay_ms=0.4))),
        ProcessorBlock("parametric_eq", {"high_gain_db": 6.0}),
        ProcessorBlock("reverb", {"mix_pct": 30.0}),
    )
    return [*plain, much]


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> FinishedAudio:
    folder = tmp_path_factory.mktemp("levels")
    dis = [excerpt(path, folder) for path in sorted((DEMO / "di").glob("*.flac"))]
    captures = sorted((DEMO / "captures").glob("*.nam"))
    irs = sorted((DEMO / "irs").glob("*.wav"))
    paths = {sha256_of(path): path for path in (*dis, *captures, *irs)}
    digests = {path: digest for digest, path in paths.items()}
    rigs = chains([digests[path] for path in captures], [digests[path] for path in irs])
    results = []
    for di_index, di in enumerate(dis):
        for index, blocks in enumerate(rigs):
            recipe = SegmentRecipe(DISource(digests[di], input_level_dbu=13.5), blocks)
            out = folder / f"{di_index}-{index}.wav"
            results.append(
                SegmentResult(di_index, index, recipe, render_segment(recipe, paths, out), out)
            )
    info = ShootoutInfo(
        title="Levels",
        dis=tuple(DIInfo(di.stem, digests[di]) for di in dis),
        contenders=tuple(ContenderInfo(str(number)) for number in range(len(rigs))),
    )
    published = folder / "published"
    published.mkdir()
    return finish_audio(info, results, published)


def decoded(path: Path) -> FloatArray:
    """``(channels, n)``, by a decoder that is not ours."""
    samples: FloatArray = soundfile.read(path, dtype="float32", always_2d=True)[0].T
    return samples


@pytest.fixture(scope="module")
def by_ffmpeg(audio: FinishedAudio) -> list[FFmpegLoudness]:
    """Every published segment as FFmpeg hears it: played, so one channel on two speakers."""
    return [
        ffmpeg_ebur128(
            np.ascontiguousarray(np.broadcast_to(samples, (2, samples.shape[1]))), 48_000
        )
        for samples in (decoded(segment.path) for segment in audio.segments)
    ]


def test_twenty_segments_were_rendered(audio: FinishedAudio) -> None:
    assert len(audio.segments) == 20
    assert {segment.published.num_channels for segment in audio.segments} == {1, 2}


def test_ffmpeg_agrees_about_every_loudness(
    audio: FinishedAudio, by_ffmpeg: list[FFmpegLoudness]
) -> None:
    for segment, theirs in zip(audio.segments, by_ffmpeg, strict=True):
        ours = segment.published.loudness
        assert ours.integrated_lufs == pytest.approx(theirs.integrated_lufs, abs=0.05)
        assert measure_file(segment.path).integrated_lufs == ours.integrated_lufs


def test_ffmpeg_agrees_about_every_true_peak(
    audio: FinishedAudio, by_ffmpeg: list[FFmpegLoudness]
) -> None:
    for segment, theirs in zip(audio.segments, by_ffmpeg, strict=True):
        ours = segment.published.loudness.true_peak_dbtp
        assert ours == pytest.approx(20.0 * np.log10(theirs.true_peak), abs=TRUE_PEAK_TOLERANCE_DB)
        assert ours is not None
        assert ours <= DEFAULT_CEILING_DBTP


def test_every_pair_is_equally_loud_by_both_meters(
    audio: FinishedAudio, by_ffmpeg: list[FFmpegLoudness]
) -> None:
    ours = [segment.published.loudness.integrated_lufs for segment in audio.segments]
    theirs = [loudness.integrated_lufs for loudness in by_ffmpeg]
    for levels in (ours, theirs):
        for one, other in combinations(levels, 2):
            assert one is not None
            assert other is not None
            assert abs(one - other) < 0.2


def test_the_documentation_works_through_a_true_example(tmp_path: Path) -> None:
    """docs/sound.md follows one segment of the demo from dBu to dBTP."""
    text = (settings.BASE_DIR / "docs" / "sound.md").read_text(encoding="utf-8")
    capture, ir = DEMO / "captures/halyard-22-clean.nam", DEMO / "irs/lantern-1x12-open.wav"
    di = DEMO / "di/undertow-132bpm.flac"
    paths = {sha256_of(path): path for path in (di, capture, ir)}
    di_sha256, capture_sha256, ir_sha256 = paths
    recipe = SegmentRecipe(
        DISource(di_sha256, input_level_dbu=13.5),
        (NamBlock(capture_sha256), CabBlock.of(ir_sha256)),
    )
    probe = probe_di(di)
    staging = (rendered := render_segment(recipe, paths, tmp_path / "a.wav")).staging
    gain_db = match_levels([rendered.loudness]).gains_db[0]
    after = publish_segment(tmp_path / "a.wav", gain_db, tmp_path / "a.flac").loudness
    lowered = match_levels([rendered.loudness], target_lufs=-12.0).common_target_lufs
    for figure in (
        f"peak {number(probe.peak_dbfs)} dBFS, so {signed(13.5 + probe.peak_dbfs)} dBu; "
        f"RMS {number(probe.rms_dbfs)} dBFS",
        f"Z − X = {signed(staging.gain_db)} dB",
        f"peak {number(probe.peak_dbfs + staging.gain_db)} dBFS: still",
        f"{number(rendered.loudness.integrated_lufs, 2)} LUFS, "
        f"true peak {number(rendered.loudness.true_peak_dbtp, 2)} dBTP",
        f"{signed(gain_db, 2)} dB",
        f"{number(after.integrated_lufs, 2)} LUFS, "
        f"true peak {number(after.true_peak_dbtp, 2)} dBTP",
        f"{signed(-18.0 - probe.rms_dbfs)} dB ahead of the amp",
        f"−1 − {number(-1.0 - lowered, 2)} = {number(lowered, 2)}",
    ):
        assert figure in text


def test_nothing_but_a_constant_gain_was_applied(audio: FinishedAudio) -> None:
    for segment in audio.segments:
        assert segment.alignment is not None
        whole = decoded(segment.result.pre_gain_path) * np.float32(db_to_gain(segment.gain_db))
        before = whole[:, segment.alignment.advance_frames :]
        assert level_db(decoded(segment.path) - before) < -90.0
