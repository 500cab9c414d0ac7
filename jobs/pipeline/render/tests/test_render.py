"""A segment from files to a file: rates, staging, tails, errors, by physics."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.errors import CancelledError, PipelineError, no_progress
from jobs.pipeline.measure.channels import InputLevelMeter
from jobs.pipeline.nam.tests import vectors
from jobs.pipeline.nam.tests.tolerance import assert_same_sound
from jobs.pipeline.nam.tests.vectors import Vector
from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    DISource,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
)
from jobs.pipeline.render.segment import SegmentRender, reamp_raw, render_segment
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.render.tests.test_cab import cabinet
from jobs.pipeline.signal.samples import FloatArray, resample
from jobs.pipeline.tests.signals import level_db, noise, plucks, silence, sine
from jobs.pipeline.vocabulary.options import InputMode


def render(
    inputs: Inputs,
    di: str | DISource,
    blocks: Sequence[BlockRecipe] = (),
    input_mode: InputMode = "raw",
    progress: object = no_progress,
) -> tuple[SegmentRender, FloatArray]:
    source = DISource(di) if isinstance(di, str) else di
    recipe = SegmentRecipe(source, tuple(blocks), input_mode)
    out = next(iter(inputs.paths.values())).parent.parent / "segment.wav"
    result = render_segment(recipe, inputs.paths, out, progress=progress)  # type: ignore[arg-type]
    samples, rate = soundfile.read(out, dtype="float32", always_2d=True)
    assert rate == 48_000
    return result, samples.T


def test_a_chain_that_does_nothing_leaves_all_but_the_lowest_frequencies(inputs: Inputs) -> None:
    dry = plucks()
    result, wet = render(inputs, inputs.sound(dry), [NamBlock(inputs.capture())])
    assert wet.shape[0] == result.num_channels == 1
    assert wet.shape[1] == result.num_frames >= dry.shape[1]
    assert level_db(wet[:, : dry.shape[1]]) == pytest.approx(level_db(dry), abs=0.05)
    # What is missing is what a 5 Hz high-pass takes from a 110 Hz tone: 5/110 of it.
    assert level_db(wet[:, : dry.shape[1]] - dry) < level_db(dry) - 26.0


def test_a_di_at_another_rate_gives_the_same_segment(inputs: Inputs) -> None:
    at_44100 = noise(88_200, level=0.1)
    at_48000 = resample(at_44100, 44_100, 48_000)
    blocks: list[BlockRecipe] = [
        NamBlock(inputs.capture([0.5, 0.3, -0.1])),
        CabBlock.of(inputs.sound(cabinet(1))),
    ]
    for mode in ("auto", "raw"):
        first, one = render(inputs, inputs.sound(at_44100, 44_100), blocks, mode)
        second, other = render(inputs, inputs.sound(at_48000), blocks, mode)
        length = min(first.num_frames, second.num_frames)
        # The tails end where they fall below -90 dBFS: for slow ones not on the same frame.
        assert abs(first.num_frames - second.num_frames) < 480
        difference = one[:, 1000 : length - 1000] - other[:, 1000 : length - 1000]
        assert level_db(difference) < level_db(one) - 60.0


def test_a_capture_runs_at_its_own_rate_and_stays_in_step(inputs: Inputs) -> None:
    dry = resample(noise(32_000, level=0.1), 32_000, 48_000)
    source = inputs.sound(dry)
    _, at_48000 = render(inputs, source, [NamBlock(inputs.capture())])
    result, at_44100 = render(inputs, source, [NamBlock(inputs.capture(sample_rate_hz=44_100))])
    assert result.blocks[0]["sample_rate_hz"] == 44_100
    inside = slice(1000, 47_000)
    assert level_db((at_44100 - at_48000)[:, inside]) < level_db(at_48000) - 60.0


def test_captures_at_different_rates_follow_each_other(inputs: Inputs) -> None:
    dry = resample(noise(32_000, level=0.1), 32_000, 48_000)
    source = inputs.sound(dry)
    pedal, amp = inputs.capture(sample_rate_hz=44_100), inputs.capture(sample_rate_hz=96_000)
    _, both = render(inputs, source, [NamBlock(pedal), NamBlock(amp)])
    _, none = render(inputs, source)
    inside = slice(1000, 47_000)
    assert level_db((both - none)[:, inside]) < level_db(none) - 60.0


def test_a_constant_at_silence_is_gone_before_the_di_begins(inputs: Inputs) -> None:
    dry = np.concatenate([silence(0.5), plucks(1.0)], axis=1)
    source = inputs.sound(dry)
    _, clean = render(inputs, source, [NamBlock(inputs.capture())])
    _, wet = render(inputs, source, [NamBlock(inputs.capture(bias=0.3))])
    assert np.abs(wet[:, :24_000]).max() < 1e-5
    assert level_db((wet - clean)[:, : dry.shape[1]]) < -100.0


def gated_level_db(signal: FloatArray) -> float:
    meter = InputLevelMeter(48_000)
    meter.push(signal)
    meter.finish()
    return 10.0 * math.log10(meter.power())


def test_staging_is_applied_and_reported(inputs: Inputs) -> None:
    dry = plucks()
    source = inputs.sound(dry)
    capture = NamBlock(inputs.capture(input_level_dbu=18.0))
    _, raw = render(inputs, source, [capture], "raw")
    raw_db = level_db(raw[:, :96_000])

    result, wet = render(inputs, DISource(source, input_level_dbu=12.0), [capture], "auto")
    assert (result.staging.mode, result.staging.basis) == ("calibrated", "calibrated")
    assert result.staging.gain_db == -6.0
    assert level_db(wet[:, :96_000]) == pytest.approx(raw_db - 6.0, abs=0.01)

    result, wet = render(inputs, source, [capture], "auto")
    assert (result.staging.mode, result.staging.basis) == ("normalized", "assumed")
    assert result.staging.gain_db == pytest.approx(-18.0 - gated_level_db(dry), abs=0.01)
    assert result.warnings == ()

    result, _ = render(inputs, source, [capture], "calibrated")
    assert result.staging.mode == "normalized"
    assert "not known" in result.warnings[0]


def test_the_level_between_two_captures_is_calibrated(inputs: Inputs) -> None:
    source = inputs.sound(plucks())
    pedal = NamBlock(inputs.capture(output_level_dbu=10.0))
    amp = NamBlock(inputs.capture([0.5], input_level_dbu=16.0))
    result, raw = render(inputs, source, [pedal, amp], "raw")
    assert result.blocks[1]["gain_before_db"] is None
    result, wet = render(inputs, source, [pedal, amp], "calibrated")
    assert result.blocks[1]["gain_before_db"] == -6.0
    # The DI is not calibrated, so it is normalized; the rest is the gain in between.
    staged_db = result.staging.gain_db - 6.0
    assert level_db(wet) == pytest.approx(level_db(raw) + staged_db, abs=0.1)


def test_up_and_down_by_six_decibels_is_nothing(inputs: Inputs) -> None:
    source = inputs.sound(plucks())
    up = ProcessorBlock("gain", {"gain_db": 6.0})
    down = ProcessorBlock("gain", {"gain_db": -6.0})
    amp = NamBlock(inputs.capture([0.4, 0.2]))
    _, plain = render(inputs, source, [amp])
    _, wet = render(inputs, source, [up, amp, down])
    length = min(plain.shape[1], wet.shape[1])
    assert level_db(wet[:, :length] - plain[:, :length]) < level_db(plain) - 120.0
    off = ProcessorBlock("gain", {"gain_db": 6.0, "bypass": True})
    _, bypassed = render(inputs, source, [off, amp])
    assert np.array_equal(bypassed, plain)


def test_padding_an_ir_does_not_change_the_loudness(inputs: Inputs) -> None:
    source = inputs.sound(plucks())
    taps = cabinet(7)
    results = []
    for ir in (taps, np.concatenate([taps, silence(1.9)], axis=1)):
        blocks: list[BlockRecipe] = [NamBlock(inputs.capture()), CabBlock.of(inputs.sound(ir))]
        results.append(render(inputs, source, blocks)[0])
    assert results[0].num_frames == results[1].num_frames
    assert results[0].loudness == results[1].loudness


def test_the_tail_is_kept_until_it_is_quiet(inputs: Inputs) -> None:
    dry = sine(-6.0, 1.0, frequency_hz=500.0)
    echo = silence(1.5)
    echo[0, 0], echo[0, 60_000] = 1.0, 0.5
    blocks: list[BlockRecipe] = [NamBlock(inputs.capture()), CabBlock.of(inputs.sound(echo))]
    result, wet = render(inputs, inputs.sound(dry), blocks)
    assert result.num_frames == pytest.approx(48_000 + 60_000, abs=25_000)
    assert result.num_frames >= 108_000
    assert np.abs(wet[0, -1]) >= 10 ** (-90 / 20)


def test_no_tail_is_longer_than_four_seconds(inputs: Inputs) -> None:
    echo = silence(2.0)
    echo[0, 0], echo[0, -1] = 1.0, 0.9
    cabs: list[BlockRecipe] = [CabBlock.of(inputs.sound(echo))] * 3
    result, _ = render(inputs, inputs.sound(plucks(0.5)), cabs)
    assert result.num_frames == 24_000 + 4 * 48_000


def test_a_segment_is_never_shorter_than_its_di(inputs: Inputs) -> None:
    dry = np.concatenate([plucks(1.0), silence(1.0)], axis=1)
    result, _ = render(inputs, inputs.sound(dry), [NamBlock(inputs.capture())])
    assert result.num_frames == 96_000


def test_a_render_describes_itself_and_survives_json(inputs: Inputs) -> None:
    blocks: list[BlockRecipe] = [
        ProcessorBlock("high_pass", {"cutoff_hz": 100.0}),
        NamBlock(inputs.capture()),
        CabBlock.of(inputs.sound(cabinet(3), 44_100), gain_db=-3.0),
    ]
    stereo = np.concatenate([plucks(), 0.5 * plucks()])
    result, wet = render(inputs, inputs.sound(stereo.astype(np.float32)), blocks)

    assert [block["kind"] for block in result.blocks] == ["processor", "nam", "cab"]
    assert result.blocks[1]["label"] == "Linear (1 tap)"
    assert result.blocks[2]["irs"][0]["gain_db"] == -3.0
    assert "mixed" in result.warnings[0]
    assert result.duration_s == result.num_frames / 48_000
    assert max(result.waveform) == pytest.approx(np.abs(wet).max(), abs=1e-4)
    text = json.dumps(result.as_json(), allow_nan=False)
    assert SegmentRender.from_json(json.loads(text)) == result


def test_the_same_recipe_gives_the_same_file(inputs: Inputs) -> None:
    blocks: list[BlockRecipe] = [
        NamBlock(inputs.capture([0.5, 0.2])),
        CabBlock.of(inputs.sound(cabinet(4), 44_100)),
    ]
    source = inputs.sound(plucks(), 44_100)
    first, one = render(inputs, source, blocks)
    second, other = render(inputs, source, blocks)
    assert np.array_equal(one, other)
    assert first == second


def test_segments_in_threads_do_not_disturb_each_other(inputs: Inputs, tmp_path: Path) -> None:
    source = DISource(inputs.sound(plucks(3.0)))
    cab = CabBlock.of(inputs.sound(cabinet(6)))
    recipes = [
        SegmentRecipe(source, (NamBlock(inputs.capture([0.1 * n, 0.2])), cab)) for n in range(1, 5)
    ]

    def play(number: int, folder: Path) -> bytes:
        folder.mkdir(exist_ok=True)
        render_segment(recipes[number], inputs.paths, folder / f"{number}.wav")
        return (folder / f"{number}.wav").read_bytes()

    alone = [play(number, tmp_path / "alone") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda number: play(number, tmp_path / "together"), range(4)))
    assert alone == together
    assert len(set(alone)) == 4


def failure(inputs: Inputs, di: str, blocks: Sequence[BlockRecipe]) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        render(inputs, di, blocks)
    assert caught.value.is_permanent
    folder = next(iter(inputs.paths.values())).parent
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    return caught.value


def test_silence_and_infinity_name_the_block(inputs: Inputs) -> None:
    di = inputs.sound(plucks())
    good, dead = NamBlock(inputs.capture()), NamBlock(inputs.capture([0.0], bias=0.2))
    error = failure(inputs, di, [good, dead, CabBlock.of(inputs.sound(cabinet(1)))])
    assert error.code == "BLOCK_SILENT"
    assert "block 2, the capture" in error.message

    wild = NamBlock(inputs.capture([1e38, 1e38, 1e38]))
    error = failure(inputs, di, [wild, ProcessorBlock("gain", {"gain_db": 24.0}), wild])
    assert error.code == "BLOCK_NOT_FINITE"
    assert "block 2, Gain" in error.message or "block 1" in error.message


def test_bad_inputs_name_the_block_and_leave_nothing(inputs: Inputs) -> None:
    di = inputs.sound(plucks())
    assert failure(inputs, inputs.sound(silence(1.0)), []).code == "DI_SILENT"
    error = failure(
        inputs, di, [NamBlock(inputs.capture()), CabBlock.of(inputs.sound(silence(1.0)))]
    )
    assert error.code == "IR_SILENT"
    assert error.message.startswith("Block 2: ")
    error = failure(inputs, di, [NamBlock(inputs.sound(plucks()))])
    assert error.code == "NAM_NOT_JSON"
    error = failure(inputs, di, [ProcessorBlock("gain", {"gain_db": 99.0})])
    assert error.code == "BLOCK_PARAMETER_OUT_OF_RANGE"
    quiet = NamBlock(inputs.capture([1e-5]))
    assert failure(inputs, di, [quiet]).code == "SEGMENT_TOO_QUIET"


def test_progress_rises_to_one_and_cancelling_leaves_nothing(inputs: Inputs) -> None:
    di = inputs.sound(plucks(6.0))
    blocks: list[BlockRecipe] = [NamBlock(inputs.capture())]
    fractions: list[float] = []
    render(inputs, di, blocks, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(fractions) > 20

    out = inputs.paths[di].parent.parent / "segment.wav"
    out.unlink()

    def cancel(fraction: float) -> None:
        if fraction > 0.6:
            raise CancelledError

    with pytest.raises(CancelledError):
        render(inputs, di, blocks, progress=cancel)
    assert [path.name for path in out.parent.iterdir()] == ["inputs"]


def raw(inputs: Inputs, di: str, capture: str, ir: str | None = None) -> tuple[FloatArray, int]:
    paths = inputs.paths
    out = paths[di].parent.parent / "raw.wav"
    reamp_raw(paths[di], paths[capture], paths[ir] if ir else None, out)
    samples, rate = soundfile.read(out, dtype="float32", always_2d=True)
    assert soundfile.info(out).subtype == "FLOAT"
    return samples.T, rate


def test_raw_is_the_models_samples_and_nothing_else(inputs: Inputs) -> None:
    dry = noise(30_011, level=0.3)
    wet, rate = raw(inputs, inputs.sound(dry), inputs.capture([0.5, 0.25], bias=0.125))
    expected = np.convolve(dry[0].astype(np.float64), [0.5, 0.25])[:30_011] + 0.125
    assert rate == 48_000
    assert wet.shape == (1, 30_011)
    assert np.abs(wet[0] - expected).max() < 1e-6


def test_raw_with_an_ir_is_a_plain_convolution_as_long_as_the_input(inputs: Inputs) -> None:
    dry, taps = noise(30_011, level=0.3), cabinet(5, level=0.05)
    wet, _ = raw(inputs, inputs.sound(dry), inputs.capture(), inputs.sound(taps))
    expected = np.convolve(dry[0].astype(np.float64), taps[0])[:30_011]
    assert wet.shape == (1, 30_011)
    assert np.abs(wet[0] - expected).max() < 1e-6 * np.abs(expected).max()


def test_raw_is_at_the_models_rate(inputs: Inputs) -> None:
    dry = noise(48_001)
    wet, rate = raw(inputs, inputs.sound(dry), inputs.capture(sample_rate_hz=44_100))
    assert rate == 44_100
    assert np.array_equal(wet, resample(dry, 48_000, 44_100))


REAMPED = ("a1_standard", "lstm_trained", "a2", "halyard-22-clean", "shared:A2__generic")


@pytest.mark.parametrize("vector", [one for one in vectors.ALL if one.id in REAMPED])
def test_raw_is_what_the_reference_renders(tmp_path: Path, vector: Vector) -> None:
    reamp_raw(vector.input, vector.model, None, tmp_path / "out.wav")
    assert_same_sound(vectors.read_mono(tmp_path / "out.wav"), vector.read_output())
