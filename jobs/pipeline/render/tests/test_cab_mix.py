"""One to four impulse responses by physics: sums, nulls, delays and onsets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import (
    CabBlock,
    CabIR,
    DISource,
    NamBlock,
    SegmentRecipe,
    block_recipe_from_json,
    canonical_recipe,
    segment_recipe_from_json,
)
from jobs.pipeline.render.cab import CabMix, CabProcessor, load_cab
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.render.tests.test_cab import cabinet
from jobs.pipeline.signal.samples import FloatArray, db_to_gain
from jobs.pipeline.tests.signals import level_db, plucks, silence

RATE_HZ = 48_000


def load(
    inputs: Inputs, *irs: CabIR, is_aligned: bool = False, sample_rate_hz: int = RATE_HZ
) -> CabMix:
    return load_cab(CabBlock(irs, is_aligned=is_aligned), inputs.paths, sample_rate_hz)


def play(mix: CabMix, dry: FloatArray) -> FloatArray:
    processor = CabProcessor(mix.response, 1)
    return np.concatenate([processor.process(dry), processor.finish()], axis=1)


def impulse(inputs: Inputs, delay: int = 0) -> str:
    taps = silence(0.01)
    taps[0, delay] = 0.5
    return inputs.sound(taps)


@pytest.mark.parametrize("gain_db", [0.0, -6.0])
def test_a_unit_impulse_passes_to_the_bit_but_for_the_gain(inputs: Inputs, gain_db: float) -> None:
    dry = plucks(0.5)
    wet = play(load(inputs, CabIR(impulse(inputs), gain_db)), dry)
    assert np.array_equal(wet, (dry.astype(np.float64) * db_to_gain(gain_db)).astype(np.float32))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_equal_responses_add_up(inputs: Inputs, count: int) -> None:
    ir = CabIR(inputs.sound(cabinet(1)))
    dry = plucks()
    louder = level_db(play(load(inputs, *[ir] * count), dry)) - level_db(
        play(load(inputs, ir), dry)
    )
    assert louder == pytest.approx(20.0 * np.log10(count), abs=1e-4)


def test_an_inverted_pair_is_nothing(inputs: Inputs) -> None:
    sha256 = inputs.sound(cabinet(2))
    mix = load(inputs, CabIR(sha256), CabIR(sha256, is_inverted=True))
    assert not play(mix, plucks(0.5)).any()
    recipe = SegmentRecipe(
        DISource(inputs.sound(plucks())),
        (CabBlock((CabIR(sha256), CabIR(sha256, is_inverted=True))),),
    )
    with pytest.raises(PipelineError) as caught:
        render_segment(recipe, inputs.paths, inputs.paths[sha256].parent.parent / "out.wav")
    assert caught.value.code == "BLOCK_SILENT"
    assert "block 1, the cabinet" in caught.value.message


@pytest.mark.parametrize(
    ("delay_ms", "sample_rate_hz", "frames"),
    [(1.0, 48_000, 48), (10.0, 48_000, 480), (0.02, 48_000, 1), (1.0, 96_000, 96)],
)
def test_a_delay_moves_by_exactly_its_samples(
    inputs: Inputs, delay_ms: float, sample_rate_hz: int, frames: int
) -> None:
    sha256 = inputs.sound(cabinet(3), sample_rate_hz)
    plain = load(inputs, CabIR(sha256), sample_rate_hz=sample_rate_hz)
    late = load(inputs, CabIR(sha256, delay_ms=delay_ms), sample_rate_hz=sample_rate_hz)
    assert late.irs[0]["delay_frames"] == frames
    assert np.array_equal(late.response.taps, np.pad(plain.response.taps, (frames, 0)))


def test_gain_polarity_and_delay_are_each_responses_own(inputs: Inputs) -> None:
    mix = load(
        inputs,
        CabIR(impulse(inputs)),
        CabIR(impulse(inputs), gain_db=-6.0, is_inverted=True, delay_ms=1.0),
    )
    dry = plucks(0.5)[0].astype(np.float64)
    expected = np.pad(dry, (0, 48)) - db_to_gain(-6.0) * np.pad(dry, (48, 0))
    assert np.abs(play(mix, plucks(0.5))[0] - expected).max() < 1e-7


@pytest.mark.parametrize("shift", [1, 23, 400])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_aligning_brings_shifted_copies_back_into_phase(
    inputs: Inputs, shift: int, sign: float
) -> None:
    taps = cabinet(4)
    first = CabIR(inputs.sound(taps))
    shifted = np.concatenate([silence(shift / RATE_HZ), np.float32(sign) * taps], axis=1)
    # Aligning looks at onsets and leaves polarity to the one who mixes.
    second = CabIR(inputs.sound(shifted), is_inverted=sign < 0)
    dry = plucks()
    alone = play(load(inputs, first), dry)
    apart = play(load(inputs, first, second), dry)
    together = load(inputs, first, second, is_aligned=True)
    assert [ir["align_lag_frames"] for ir in together.irs] == [0, shift]
    wet = play(together, dry)[:, : alone.shape[1]]
    assert level_db(wet - 2.0 * alone) < level_db(alone) - 120.0
    assert level_db(apart[:, : alone.shape[1]] - 2.0 * alone) > level_db(alone) - 60.0

    # The other way round the later one leads: the earlier one is moved back to it.
    turned = load(inputs, second, first, is_aligned=True)
    assert [ir["align_lag_frames"] for ir in turned.irs] == [0, -shift]


def test_aligning_an_early_copy_loses_nothing_of_it(inputs: Inputs) -> None:
    early, late = CabIR(impulse(inputs)), CabIR(impulse(inputs, 20), delay_ms=0.0)
    mix = load(inputs, early, late, is_aligned=True)
    dry = plucks(0.5)
    wet = play(mix, dry)[:, : dry.shape[1]]
    assert np.abs(wet - 2.0 * dry).max() < 1e-6


def test_responses_at_other_rates_stay_in_step(inputs: Inputs) -> None:
    late = silence(0.02, sample_rate_hz=44_100)
    late[0, 441] = 1.0  # 10 ms
    same = silence(0.02)
    same[0, 480] = 1.0
    mix = load(inputs, CabIR(inputs.sound(late, 44_100)), CabIR(inputs.sound(same)))
    peak = int(np.abs(mix.response.taps).argmax()) - mix.response.lead_frames
    assert peak == 480


@pytest.mark.parametrize("count", [0, 5])
def test_one_to_four(inputs: Inputs, count: int) -> None:
    with pytest.raises(PipelineError) as caught:
        load(inputs, *[CabIR(impulse(inputs))] * count)
    assert caught.value.code == "CAB_IR_COUNT"


def test_a_delay_out_of_range_is_refused(inputs: Inputs) -> None:
    for delay_ms in (-0.1, 10.1, float("nan")):
        with pytest.raises(PipelineError) as caught:
            load(inputs, CabIR(impulse(inputs), delay_ms=delay_ms))
        assert caught.value.code == "CAB_DELAY_OUT_OF_RANGE"


def test_a_recipe_survives_json_and_older_ones_are_read(inputs: Inputs, tmp_path: Path) -> None:
    one, other = inputs.sound(cabinet(5)), inputs.sound(cabinet(6), 44_100)
    amp = inputs.capture([0.5])
    block = CabBlock((CabIR(one), CabIR(other, -3.0, is_inverted=True, delay_ms=0.5)), True)
    di = inputs.sound(plucks())
    recipe = SegmentRecipe(DISource(di), (NamBlock(amp), block))
    assert recipe.input_digests() == (di, amp, one, other)
    assert segment_recipe_from_json(json.loads(canonical_recipe(recipe))) == recipe
    older = {"kind": "cab", "sha256": one, "gain_db": -2.0}
    left = CabIR(one, -2.0, channel_rule="left")  # what was heard then
    assert block_recipe_from_json(older) == CabBlock((left,))
    second = {"sha256": one, "gain_db": -2.0, "is_inverted": False, "delay_ms": 0.0}
    older = {"kind": "cab", "irs": [second], "is_aligned": False}
    assert block_recipe_from_json(older) == CabBlock((left,))

    result = render_segment(recipe, inputs.paths, tmp_path / "out.wav")
    described = json.loads(json.dumps(result.blocks[1], allow_nan=False))
    assert described["is_aligned"] is True
    assert [ir["gain_db"] for ir in described["irs"]] == [0.0, -3.0]
    assert soundfile.info(tmp_path / "out.wav").frames == result.num_frames
