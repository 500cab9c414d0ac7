"""Alignment by physics: contenders begin together, an injected lag is found to the sample."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from jobs.pipeline.measure.alignment import Alignment, align, is_wider, whole_lags
from jobs.pipeline.measure.alignment import _Estimate as Estimate
from jobs.pipeline.measure.chain_probes import ChainResponse
from jobs.pipeline.measure.response_lag import DARK_UNCERTAINTY_FRAMES
from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    DISource,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
    canonical_recipe,
    segment_recipe_from_json,
    was_aligned,
)
from jobs.pipeline.render.publishing import Cut, measure_loudness, publish_segment
from jobs.pipeline.render.segment import SegmentRender, render_segment
from jobs.pipeline.render.tests.cab_pack import dark, known, noise_burst, speaker
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.render.tests.test_cab import cabinet
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import level_db, noise, plucks, silence


def response(
    inputs: Inputs, blocks: Sequence[BlockRecipe], *, di: FloatArray | None = None
) -> ChainResponse:
    """What a render keeps; the DI hardly matters."""
    source = DISource(inputs.sound(plucks(0.5) if di is None else di))
    out = next(iter(inputs.paths.values())).parent.parent / "measured.wav"
    result = render_segment(SegmentRecipe(source, tuple(blocks), "raw"), inputs.paths, out)
    assert result.response is not None
    return result.response


def measured(inputs: Inputs, blocks: Sequence[BlockRecipe]) -> Alignment:
    """Of a contender by itself."""
    [alignment] = align([response(inputs, blocks)])
    return alignment


def delayed(num_samples: int, sign: float = 1.0, *taps: float) -> list[float]:
    return [0.0] * num_samples + [sign * tap for tap in (taps or (1.0,))]


def with_onset(seed: int) -> FloatArray:
    """A response with an onset, as real ones have, and decaying noise after it."""
    taps = cabinet(seed, level=0.05)
    taps[0, 5:8] += [0.5, 1.0, 0.3]
    return taps


def render(
    inputs: Inputs, out: Path, recipe: SegmentRecipe, advance_frames: int = 0
) -> tuple[SegmentRender, FloatArray]:
    result = render_segment(recipe, inputs.paths, out, advance_frames=advance_frames)
    return result, soundfile.read(out, dtype="float32", always_2d=True)[0].T


def test_nothing_in_the_way_is_no_lag(inputs: Inputs) -> None:
    found = measured(inputs, [NamBlock(inputs.capture())])
    assert (found.lag_samples, found.polarity, found.method) == (0, "same", "phase")
    assert found.is_accepted
    assert found.peak_ratio > 10.0
    assert found.warnings == ()


@pytest.mark.parametrize("lag", [1, 37, 480])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_injected_lag_and_inversion_are_reported_exactly(
    inputs: Inputs, lag: int, sign: float
) -> None:
    found = measured(inputs, [NamBlock(inputs.capture(delayed(lag, sign)))])
    assert (found.lag_samples, found.is_inverted, found.is_accepted) == (lag, sign < 0, True)
    assert found.lag_ms == pytest.approx(lag / 48.0, abs=1e-3)
    assert found.warnings == ()


@pytest.mark.parametrize("injected", range(3))
def test_an_injection_into_one_contender_moves_and_flips_its_report_alone(
    inputs: Inputs, injected: int
) -> None:
    amp, cab = [0.5, 0.4, 0.2, -0.1], CabBlock.of(inputs.sound(with_onset(1)))
    plain = [
        response(inputs, [NamBlock(inputs.capture(amp)), cab]),
        response(inputs, [NamBlock(inputs.capture(delayed(6, 0.7, *amp))), cab]),
        response(inputs, [NamBlock(inputs.capture([0.3])), cab]),
    ]
    taps = [amp, delayed(6, 0.7, *amp), [0.3]][injected]
    late = plain.copy()
    late[injected] = response(inputs, [NamBlock(inputs.capture(delayed(37, -1.0, *taps))), cab])
    before, after = align(plain), align(late)
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        assert one.is_trusted
        assert other.is_trusted
        is_it = number == injected
        assert other.lag_samples - one.lag_samples == (37 if is_it else 0)
        assert (one.polarity, other.polarity) == ("same", "inverted" if is_it else "same")


def test_it_is_the_same_whether_the_amp_or_the_cabinet_is_late(inputs: Inputs) -> None:
    amp = [0.5, 0.4, 0.2, -0.1]
    cab = CabBlock.of(inputs.sound(with_onset(1)))
    late_amp = response(inputs, [NamBlock(inputs.capture(delayed(37, -1.0, *amp))), cab])
    late_ir = np.concatenate([silence(37 / 48_000), -with_onset(1)], axis=1)
    late_cab = response(inputs, [NamBlock(inputs.capture(amp)), CabBlock.of(inputs.sound(late_ir))])
    one, other = align([late_amp, late_cab])
    assert (one.lag_samples, one.polarity) == (other.lag_samples, other.polarity)


def test_a_lag_at_another_rate_counts_at_48_khz(inputs: Inputs) -> None:
    capture = NamBlock(inputs.capture(delayed(74), sample_rate_hz=96_000))
    assert measured(inputs, [capture]).lag_samples == 37
    cab = CabBlock.of(inputs.sound(np.pad(with_onset(1), ((0, 0), (74, 0))), 96_000))
    early = CabBlock.of(inputs.sound(with_onset(1), 96_000))
    amp = NamBlock(inputs.capture())
    late, on_time = align([response(inputs, [amp, cab]), response(inputs, [amp, early])])
    assert late.lag_samples - on_time.lag_samples == 37


def test_a_constant_at_silence_changes_nothing(inputs: Inputs) -> None:
    found = measured(inputs, [NamBlock(inputs.capture(delayed(37), bias=0.5))])
    assert (found.lag_samples, found.is_inverted, found.is_accepted) == (37, False, True)


def test_a_chain_that_lets_no_sweep_through_is_moved_along(inputs: Inputs) -> None:
    shut = ProcessorBlock("noise_gate", {"threshold_db": 0.0, "ratio": 20.0})
    silent = response(inputs, [shut, NamBlock(inputs.capture([1e-4]))], di=noise(48_000, level=3.0))
    assert silent.captured is None
    [alone] = align([silent])
    assert (alone.is_accepted, alone.method, alone.lag_samples) == (False, "none", 0)
    assert [warning.code for warning in alone.warnings] == ["ALIGNMENT_UNKNOWN"]
    others = [response(inputs, [NamBlock(inputs.capture(delayed(lag)))]) for lag in (20, 22, 30)]
    *_, along = align([*others, silent])
    assert (along.is_accepted, along.method, along.lag_samples) == (True, "group", 22)
    assert (along.is_trusted, along.onset_samples, along.polarity) == (False, None, "unclear")
    assert [warning.code for warning in along.warnings] == ["ALIGNMENT_BY_GROUP"]
    assert align([None]) == [alone]


def test_effects_do_not_lead_the_sweep_astray(inputs: Inputs) -> None:
    late = NamBlock(inputs.capture(delayed(37)))
    for effect in (
        ProcessorBlock("flanger", {"mix_pct": 100.0, "centre_delay_ms": 5.0}),
        ProcessorBlock("chorus", {"mix_pct": 100.0}),
        ProcessorBlock("delay", {"mix_pct": 100.0, "time_ms": 3.0}),
    ):
        found = measured(inputs, [late, effect])
        assert (found.lag_samples, found.is_accepted) == (37, True), effect.processor


def test_stereo_ahead_of_a_second_capture(inputs: Inputs) -> None:
    reverb = ProcessorBlock("reverb", {"mix_pct": 40.0})
    one, other = NamBlock(inputs.capture(delayed(10))), NamBlock(inputs.capture(delayed(5)))
    assert measured(inputs, [one, reverb, other]).lag_samples == 15


def test_a_shared_amp_that_cannot_be_measured_keeps_no_cabinet_from_moving() -> None:
    rectified = known(np.abs(noise_burst(np.random.default_rng(1))), 0).response()
    cabs = [known(speaker(np.random.default_rng(n)), 3 * n).response() for n in range(5)]
    chains = [ChainResponse(True, rectified, cab) for cab in cabs]
    lags = [alignment.lag_samples for alignment in align(chains)]
    assert np.diff(lags) == pytest.approx([3, 3, 3, 3], abs=1)


def test_what_is_not_trusted_is_moved_as_the_others_and_says_so() -> None:
    cabs = [known(speaker(np.random.default_rng(n)), 20 + n) for n in range(5)]
    cabs.append(known(dark(np.random.default_rng(9)), 24))
    *others, found = align([ChainResponse(False, None, cab.response()) for cab in cabs])
    assert all(alignment.is_trusted for alignment in others)
    assert (found.is_trusted, found.method, found.is_accepted) == (False, "group", True)
    assert found.lag_samples == pytest.approx(22, abs=2)
    assert [warning.code for warning in found.warnings] == ["ALIGNMENT_BY_GROUP"]


@pytest.mark.parametrize("onsets", [(0, 480, 900), (720, 0, 480, 5), (900, 900, 0)])
def test_a_pack_of_nothing_but_dark_ones_comes_together(onsets: tuple[int, ...]) -> None:
    """Each is known to 16 samples: that is no reason to leave one 19 ms late."""
    cabs = [known(dark(np.random.default_rng(n)), onset) for n, onset in enumerate(onsets)]
    aligned = align([ChainResponse(False, None, cab.response()) for cab in cabs])
    left = [onset - found.lag_samples for onset, found in zip(onsets, aligned, strict=True)]
    assert np.ptp(left) <= 2 * (DARK_UNCERTAINTY_FRAMES + 4)  # what each is taken to be wrong by
    assert not any(found.is_trusted for found in aligned)
    for onset, found in zip(onsets, aligned, strict=True):
        codes = [warning.code for warning in found.warnings]
        assert codes[0] == "ALIGNMENT_BY_GROUP"
        if onset != 480:  # which is the limit
            assert ("ALIGNMENT_LATE" in codes) == (onset > 480)


def test_moving_that_would_spread_them_is_not_done() -> None:
    wholes = [Estimate(frame, frame, 1, "phase", 9.0) for frame in (3.0, 5.0, 40.0)]
    assert not is_wider(wholes, np.array([3, 5, 40]))
    assert not is_wider(wholes, np.array([0, 0, 0]))
    assert is_wider(wholes, np.array([40, 5, 3]))
    doubtful = [*wholes, Estimate(0.0, 0.0, 1, "group", 9.0)]
    assert not is_wider(doubtful, np.array([3, 5, 40, 400]))


@given(st.lists(st.floats(-50.0, 500.0), min_size=1, max_size=40), st.integers(0, 400), st.data())
def test_whole_lags_never_spread_and_keep_whole_moves(
    frames: list[float], move: int, data: st.DataObject
) -> None:
    lags = whole_lags(frames)
    assert lags.min() >= 0
    after = np.array(frames) - lags
    assert np.ptp(after) <= np.ptp(frames) + 1e-9
    assert np.ptp(after) < 1.0 + 1e-9
    if min(frames) < 0.0:
        return
    # In steps of 1/64, so that adding is exact.
    exact = [round(64.0 * frame) / 64.0 for frame in frames]
    number = data.draw(st.integers(0, len(frames) - 1))
    moved = [frame + move * (n == number) for n, frame in enumerate(exact)]
    difference = whole_lags(moved) - whole_lags(exact)
    assert difference.tolist() == [move * (n == number) for n in range(len(frames))]


def test_a_late_contender_is_moved_to_the_others(inputs: Inputs, tmp_path: Path) -> None:
    source = DISource(inputs.sound(plucks()))
    amp = [0.5, 0.3]
    cab = CabBlock.of(inputs.sound(with_onset(2)))
    on_time = SegmentRecipe(source, (NamBlock(inputs.capture(amp)), cab), "raw")
    late = replace(on_time, blocks=(NamBlock(inputs.capture(delayed(37, 1.0, *amp))), cab))
    (first, _), (second, _) = (
        render(inputs, tmp_path / f"{n}.wav", recipe) for n, recipe in enumerate((on_time, late))
    )
    played = []
    alignments = align([first.response, second.response])
    for number, (result, alignment) in enumerate(zip((first, second), alignments, strict=True)):
        cut = Cut(alignment.advance_frames, result.di_num_frames)
        out = tmp_path / f"{number}.flac"
        publish_segment(tmp_path / f"{number}.wav", 0.0, out, cut=cut, dither_key="same")
        played.append(soundfile.read(out, dtype="float32", always_2d=True)[0].T)
        loudness = measure_loudness(tmp_path / f"{number}.wav", cut)
        assert loudness.integrated_lufs == pytest.approx(first.loudness.integrated_lufs, abs=0.02)
    one, other = played
    assert one.shape == other.shape
    assert level_db(one - other) < level_db(one) - 90.0
    assert alignments[1].lag_samples - alignments[0].lag_samples == 37


def test_a_segment_is_not_shorter_than_its_di_for_being_moved(
    inputs: Inputs, tmp_path: Path
) -> None:
    source = DISource(inputs.sound(np.concatenate([plucks(0.5), silence(0.5)], axis=1)))
    recipe = SegmentRecipe(source, (NamBlock(inputs.capture(delayed(480))),), "raw")
    result, whole = render(inputs, tmp_path / "a.wav", recipe)
    assert result.di_num_frames == 48_000
    out = tmp_path / "a.flac"
    published = publish_segment(tmp_path / "a.wav", 0.0, out, cut=Cut(480, result.di_num_frames))
    assert published.num_frames == 48_000
    samples = soundfile.read(out, dtype="float32")[0]
    assert samples[: whole.shape[1] - 480] == pytest.approx(whole[0, 480:], abs=1e-6)
    assert np.abs(samples[whole.shape[1] - 480 :]).max() < 1e-6


def test_a_render_can_still_be_moved_as_it_was_before(inputs: Inputs, tmp_path: Path) -> None:
    source = DISource(inputs.sound(noise(48_000)))
    recipe = SegmentRecipe(source, (NamBlock(inputs.capture(delayed(480))),), "raw")
    _, whole = render(inputs, tmp_path / "a.wav", recipe)
    result, moved = render(inputs, tmp_path / "b.wav", recipe, 480)
    assert result.num_frames >= 48_000
    assert np.array_equal(moved[:, : whole.shape[1] - 480], whole[:, 480:])


def test_one_chain_answers_alike_over_every_di(inputs: Inputs, tmp_path: Path) -> None:
    amp = NamBlock(inputs.capture(delayed(12), input_level_dbu=5.0))
    blocks = (ProcessorBlock("gain", {"gain_db": 6.0}), amp)
    quiet = SegmentRecipe(DISource(inputs.sound(plucks() * np.float32(0.1))), blocks)
    loud = SegmentRecipe(DISource(inputs.sound(plucks()), input_level_dbu=20.0), blocks)
    found = [render(inputs, tmp_path / "a.wav", recipe)[0] for recipe in (quiet, loud)]
    assert found[0].staging.gain_db != found[1].staging.gain_db
    assert found[0].response == found[1].response


def test_a_response_survives_json_and_older_json_has_none(inputs: Inputs, tmp_path: Path) -> None:
    source = DISource(inputs.sound(plucks()))
    recipe = SegmentRecipe(source, (NamBlock(inputs.capture(delayed(9, -1.0))),))
    result, _ = render(inputs, tmp_path / "a.wav", recipe)
    text = json.dumps(result.as_json(), allow_nan=False)
    assert len(text) < 50_000
    data = json.loads(text)
    again = SegmentRender.from_json(data)
    assert again == result
    assert align([again.response])[0].lag_samples == 9
    json.dumps(asdict(align([again.response])[0]), allow_nan=False)
    del data["response"]
    data["alignment"] = {"lag_samples": 9, "is_inverted": True}  # of an older version
    assert SegmentRender.from_json(data).response is None


def test_recipes_of_older_schema_versions_are_read(inputs: Inputs) -> None:
    recipe = SegmentRecipe(DISource("d" * 64), (NamBlock("a" * 64),))
    stored = json.loads(canonical_recipe(recipe))
    assert stored["schema_version"] == 3
    assert segment_recipe_from_json(stored) == recipe
    assert not was_aligned(stored)
    assert segment_recipe_from_json({**stored, "is_aligned": True}) == recipe
    assert was_aligned({**stored, "is_aligned": True})
    assert not was_aligned({**stored, "is_aligned": False})
