"""Alignment by physics: an injected lag is found to the sample, an inversion turns the sign."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.audio.alignment import (
    Alignment,
    alignment_sweep,
    estimate_alignment,
)
from jobs.pipeline.audio.render import SegmentRender, render_segment
from jobs.pipeline.audio.signal import FloatArray
from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    DISource,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
    segment_recipe_from_json,
)
from jobs.tests.pipeline.audio.inputs import Inputs
from jobs.tests.pipeline.audio.signals import level_db, noise, plucks, silence
from jobs.tests.pipeline.audio.test_cab import cabinet


def measured(
    inputs: Inputs, blocks: Sequence[BlockRecipe], *, di: FloatArray | None = None
) -> Alignment:
    """What a render reports; the DI hardly matters."""
    source = DISource(inputs.sound(plucks(0.5) if di is None else di))
    out = next(iter(inputs.paths.values())).parent.parent / "measured.wav"
    result = render_segment(SegmentRecipe(source, tuple(blocks), "raw"), inputs.paths, out)
    assert result.alignment is not None
    return result.alignment


def delayed(num_samples: int, sign: float = 1.0, *taps: float) -> list[float]:
    return [0.0] * num_samples + [sign * tap for tap in (taps or (1.0,))]


def speaker(seed: int) -> FloatArray:
    """A response with an onset, as real ones have, and decaying noise after it."""
    taps = cabinet(seed, level=0.05)
    taps[0, 5:8] += [0.5, 1.0, 0.3]
    return taps


def render(
    inputs: Inputs, tmp_path: Path, recipe: SegmentRecipe
) -> tuple[SegmentRender, FloatArray]:
    out = tmp_path / "segment.wav"
    result = render_segment(recipe, inputs.paths, out)
    return result, soundfile.read(out, dtype="float32", always_2d=True)[0].T


def test_the_sweep_is_what_it_says() -> None:
    sweep = alignment_sweep()
    assert sweep.shape == (1, 4800)
    assert 20.0 * np.log10(np.abs(sweep).max()) == pytest.approx(-20.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(sweep[0]))
    hz = np.fft.rfftfreq(4800, 1 / 48_000)
    inside = spectrum[(hz > 1_000) & (hz < 18_000)].mean()
    assert spectrum[hz > 22_000].max() < inside / 30


def test_nothing_in_the_way_is_no_lag(inputs: Inputs) -> None:
    found = measured(inputs, [NamBlock(inputs.capture())])
    assert (found.lag_samples, found.is_inverted, found.is_accepted) == (0, False, True)
    assert found.peak_ratio > 10.0


@pytest.mark.parametrize("lag", [1, 37, 480])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_injected_lag_and_inversion_are_reported_exactly(
    inputs: Inputs, lag: int, sign: float
) -> None:
    found = measured(inputs, [NamBlock(inputs.capture(delayed(lag, sign)))])
    assert (found.lag_samples, found.is_inverted, found.is_accepted) == (lag, sign < 0, True)


def test_an_injection_moves_the_report_of_a_whole_rig(inputs: Inputs) -> None:
    amp = [0.5, 0.4, 0.2, -0.1]
    cab = CabBlock.of(inputs.sound(speaker(1)))
    plain = measured(inputs, [NamBlock(inputs.capture(amp)), cab])
    late = measured(inputs, [NamBlock(inputs.capture(delayed(37, -1.0, *amp))), cab])
    assert plain.is_accepted
    assert late.is_accepted
    assert late.lag_samples - plain.lag_samples == 37
    assert late.is_inverted != plain.is_inverted
    in_the_ir = np.concatenate([silence(37 / 48_000), -speaker(1)], axis=1)
    other = measured(inputs, [NamBlock(inputs.capture(amp)), CabBlock.of(inputs.sound(in_the_ir))])
    assert (other.lag_samples, other.is_inverted) == (late.lag_samples, late.is_inverted)


def test_a_lag_at_another_rate_counts_at_48_khz(inputs: Inputs) -> None:
    capture = NamBlock(inputs.capture(delayed(74), sample_rate_hz=96_000))
    assert measured(inputs, [capture]).lag_samples == 37


def test_a_constant_at_silence_changes_nothing(inputs: Inputs) -> None:
    found = measured(inputs, [NamBlock(inputs.capture(delayed(37), bias=0.5))])
    assert (found.lag_samples, found.is_inverted, found.is_accepted) == (37, False, True)


def test_what_is_not_clear_is_not_accepted(inputs: Inputs, tmp_path: Path) -> None:
    echo = [1.0] + [0.0] * 99 + [0.9]
    amp = NamBlock(inputs.capture(echo))
    found = measured(inputs, [amp])
    assert not found.is_accepted
    assert found.peak_ratio == pytest.approx(1.1, abs=0.1)
    assert found.advance_frames == 0
    late = NamBlock(inputs.capture([0.0] * 50 + echo))
    recipe = SegmentRecipe(DISource(inputs.sound(plucks())), (late,), "raw")
    assert np.array_equal(
        render(inputs, tmp_path, recipe)[1],
        render(inputs, tmp_path, replace(recipe, is_aligned=False))[1],
    )


def test_a_chain_that_lets_no_sweep_through_says_nothing(inputs: Inputs) -> None:
    shut = ProcessorBlock("noise_gate", {"threshold_db": 0.0, "ratio": 20.0})
    found = measured(inputs, [shut, NamBlock(inputs.capture([1e-4]))], di=noise(48_000, level=3.0))
    assert found == Alignment.unknown()
    assert not found.is_accepted


def test_effects_do_not_lead_the_sweep_astray(inputs: Inputs) -> None:
    late = NamBlock(inputs.capture(delayed(37)))
    for effect in (
        ProcessorBlock("flanger", {"mix_pct": 100.0, "centre_delay_ms": 5.0}),
        ProcessorBlock("chorus", {"mix_pct": 100.0}),
        ProcessorBlock("delay", {"mix_pct": 100.0, "time_ms": 3.0}),
    ):
        found = measured(inputs, [late, effect])
        assert (found.lag_samples, found.is_accepted) == (37, True), effect.processor


def test_silence_is_not_accepted() -> None:
    found = estimate_alignment(alignment_sweep(), silence(0.2))
    assert not found.is_accepted
    assert found.peak_ratio == 0.0


def test_a_late_contender_is_moved_to_the_others(inputs: Inputs, tmp_path: Path) -> None:
    source = DISource(inputs.sound(plucks()))
    amp = [0.5, 0.3]
    cab = CabBlock.of(inputs.sound(speaker(2)))
    on_time = SegmentRecipe(source, (NamBlock(inputs.capture(amp)), cab), "raw")
    late = replace(on_time, blocks=(NamBlock(inputs.capture(delayed(37, 1.0, *amp))), cab))

    first, one = render(inputs, tmp_path, on_time)
    second, other = render(inputs, tmp_path, late)
    assert first.alignment is not None
    assert second.alignment is not None
    assert second.alignment.lag_samples == first.alignment.lag_samples + 37
    assert one.shape == other.shape
    assert level_db(one - other) < level_db(one) - 100.0

    off, unmoved = render(inputs, tmp_path, replace(late, is_aligned=False))
    assert off.alignment is None
    lag = second.alignment.lag_samples
    shared = 96_000 - lag
    assert np.array_equal(unmoved[:, lag : lag + shared], other[:, :shared])
    # As long as the DI, and the tail after it: it ends at the same sound, the lag earlier.
    assert off.num_frames - second.num_frames == lag


def test_polarity_is_reported_and_left_alone(inputs: Inputs, tmp_path: Path) -> None:
    source = DISource(inputs.sound(plucks()))
    plain = SegmentRecipe(source, (NamBlock(inputs.capture([0.5])),), "raw")
    turned = SegmentRecipe(source, (NamBlock(inputs.capture([-0.5])),), "raw")
    _, one = render(inputs, tmp_path, plain)
    result, other = render(inputs, tmp_path, turned)
    assert result.alignment is not None
    assert result.alignment.is_inverted
    assert np.array_equal(one, -other)


def test_a_segment_is_not_shorter_than_its_di_for_being_moved(
    inputs: Inputs, tmp_path: Path
) -> None:
    source = DISource(inputs.sound(noise(48_000)))
    recipe = SegmentRecipe(source, (NamBlock(inputs.capture(delayed(480))),), "raw")
    result, wet = render(inputs, tmp_path, recipe)
    assert result.num_frames >= 48_000
    assert np.abs(wet[0, 47_900:48_000]).max() > 0.1


def test_one_chain_is_moved_alike_over_every_di(inputs: Inputs, tmp_path: Path) -> None:
    amp = NamBlock(inputs.capture(delayed(12), input_level_dbu=5.0))
    blocks = (ProcessorBlock("gain", {"gain_db": 6.0}), amp)
    quiet = SegmentRecipe(DISource(inputs.sound(plucks() * np.float32(0.1))), blocks)
    loud = SegmentRecipe(DISource(inputs.sound(plucks()), input_level_dbu=20.0), blocks)
    found = [render(inputs, tmp_path, recipe)[0] for recipe in (quiet, loud)]
    assert found[0].staging.gain_db != found[1].staging.gain_db
    assert found[0].alignment == found[1].alignment


def test_alignment_survives_json_and_older_json_has_none(inputs: Inputs, tmp_path: Path) -> None:
    source = DISource(inputs.sound(plucks()))
    recipe = SegmentRecipe(source, (NamBlock(inputs.capture(delayed(9, -1.0))),))
    result, _ = render(inputs, tmp_path, recipe)
    data = json.loads(json.dumps(result.as_json(), allow_nan=False))
    assert data["alignment"]["lag_samples"] == 9
    assert SegmentRender.from_json(data) == result
    del data["alignment"]
    assert SegmentRender.from_json(data).alignment is None

    stored = json.loads(recipe.canonical_json())
    assert segment_recipe_from_json(stored) == recipe
    del stored["is_aligned"]
    older = segment_recipe_from_json(stored)
    assert older == replace(recipe, is_aligned=False)
    assert older.digest() != recipe.digest()
