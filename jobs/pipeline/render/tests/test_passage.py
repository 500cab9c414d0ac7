"""Passages that are only heard: they sound as a segment with the same trim would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.measure.loudness import measure_file
from jobs.pipeline.nam.loaded import LoadedCaptures
from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    DISource,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
)
from jobs.pipeline.render.passage import render_passage, warm_up
from jobs.pipeline.render.prefix import FolderPrefixes
from jobs.pipeline.render.publishing import DEFAULT_TARGET_LUFS
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.render.tests.test_cab import cabinet
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.samples import FloatArray, db_to_gain
from jobs.pipeline.tests.signals import plucks, silence

# Dither and rounding to 24 bits.
TOLERANCE = 3 / 2**23


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    folder = tmp_path / "inputs"
    folder.mkdir()
    return Inputs(folder)


def samples_of(path: Path) -> FloatArray:
    return np.concatenate(list(open_audio(path).chunks()), axis=1)


def blocks_of(inputs: Inputs) -> tuple[BlockRecipe, ...]:
    return (
        ProcessorBlock("gain", {"gain_db": 6.0}),
        NamBlock(inputs.capture([0.8, 0.1], bias=0.05)),
        CabBlock.of(inputs.sound(cabinet(seed=1))),
        ProcessorBlock("delay", {"mix_pct": 40.0}),
    )


def test_a_passage_has_the_samples_of_a_segment(inputs: Inputs, tmp_path: Path) -> None:
    di = DISource(inputs.sound(plucks(4.0)), start_s=0.5, end_s=3.0)
    recipe = SegmentRecipe(di, blocks_of(inputs))
    passage, segment = tmp_path / "passage.flac", tmp_path / "segment.wav"
    made = render_passage(
        recipe, inputs.paths, passage, prefixes=FolderPrefixes(tmp_path / "passages")
    )
    render_segment(recipe, inputs.paths, segment)
    expected = samples_of(segment) * db_to_gain(made.gain_db)
    heard = samples_of(passage)
    assert heard.shape == expected.shape
    np.testing.assert_allclose(heard, expected, atol=TOLERANCE)
    assert made.duration_s == heard.shape[1] / 48_000
    assert made.duration_s > 2.5  # the delay sounds on
    measured = measure_file(passage)
    assert measured.integrated_lufs == pytest.approx(made.loudness_lufs, abs=0.02)
    assert made.loudness_lufs <= DEFAULT_TARGET_LUFS


def test_what_the_captures_made_of_it_is_taken_up(inputs: Inputs, tmp_path: Path) -> None:
    """Neither the DI nor the capture is asked for again: only what follows is rendered."""
    di = DISource(inputs.sound(plucks(2.0)), start_s=0.2, end_s=1.8)
    blocks = blocks_of(inputs)
    prefixes = FolderPrefixes(tmp_path / "passages")
    render_passage(SegmentRecipe(di, blocks), inputs.paths, tmp_path / "1.flac", prefixes=prefixes)
    changed = (*blocks[:3], ProcessorBlock("delay", {"mix_pct": 80.0}))
    [cab_ir] = [ir.sha256 for block in blocks if isinstance(block, CabBlock) for ir in block.irs]
    cab = {cab_ir: inputs.paths[cab_ir]}
    again = render_passage(SegmentRecipe(di, changed), cab, tmp_path / "2.flac", prefixes=prefixes)
    assert again.duration_s > 1.6
    assert not np.array_equal(samples_of(tmp_path / "1.flac"), samples_of(tmp_path / "2.flac"))
    other = (ProcessorBlock("gain", {"gain_db": 3.0}), *blocks[1:])
    with pytest.raises(KeyError):  # ahead of the amp: the DI is played again
        render_passage(SegmentRecipe(di, other), cab, tmp_path / "3.flac", prefixes=prefixes)


def test_a_passage_drives_the_amp_as_the_whole_does(inputs: Inputs, tmp_path: Path) -> None:
    """An input gain that brings a DI to −18 dBFS is counted from the level that is told."""
    played = plucks(3.0)
    di = DISource(inputs.sound(played), start_s=0.5, end_s=2.0)
    amp = NamBlock(inputs.capture())
    peaks = []
    for number, level_dbfs in enumerate((-30.0, -20.0)):
        recipe = SegmentRecipe(replace(di, rms_dbfs=level_dbfs), (amp,))
        made = render_passage(
            recipe,
            inputs.paths,
            tmp_path / f"{number}.flac",
            prefixes=FolderPrefixes(tmp_path / "passages"),
        )
        # What the level match takes off again is what the input gain has added.
        peaks.append(made.gain_db)
    assert peaks[1] - peaks[0] == pytest.approx(10.0, abs=0.05)


def test_silence_is_told_by_name(inputs: Inputs, tmp_path: Path) -> None:
    sound = np.concatenate([plucks(1.0), silence(2.0)], axis=1)
    recipe = SegmentRecipe(DISource(inputs.sound(sound), start_s=1.5, end_s=2.5), blocks_of(inputs))
    with pytest.raises(PipelineError) as refused:
        render_passage(
            recipe, inputs.paths, tmp_path / "x.flac", prefixes=FolderPrefixes(tmp_path / "p")
        )
    assert refused.value.code == "DI_SILENT"
    assert not (tmp_path / "x.flac").exists()


def test_getting_ready_loads_and_leaves_no_file(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    kept = LoadedCaptures()
    monkeypatch.setattr("jobs.pipeline.render.section.loaded_captures", kept)
    di, amp, cab = inputs.sound(plucks(2.0)), inputs.capture(), inputs.sound(cabinet(seed=1))
    warm_up(*(inputs.paths[sha256] for sha256 in (di, amp, cab)))
    assert list(scratch.iterdir()) == []
    assert kept.size_bytes > 0
