"""Spaces in whole segments: channels, tail, alignment, what is shared, what is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from jobs.pipeline.measure.alignment import align
from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    DISource,
    IRSettings,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
    SpaceBlock,
    canonical_recipe,
    recipe_as_json,
    recipe_digest,
    segment_recipe_from_json,
)
from jobs.pipeline.render.prefix import FolderPrefixes
from jobs.pipeline.render.segment import TAIL_FADE_S, render_segment
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.render.tests.test_cab import cabinet
from jobs.pipeline.render.tests.test_segment_physics import play
from jobs.pipeline.render.tests.test_space_file import hall
from jobs.pipeline.tests.signals import level_db, plucks, silence

RATE_HZ = 48_000


def space(inputs: Inputs, num_channels: int, mix_pct: float = 30.0, **more: float) -> SpaceBlock:
    duration_s, rt60_s = more.get("duration_s", 0.6), more.get("rt60_s", 0.4)
    delay = np.zeros(round(more.get("delay_s", 0.0) * RATE_HZ))
    taps = [
        np.concatenate([delay, hall(duration_s, rt60_s, seed)])
        for seed in range(1, num_channels + 1)
    ]
    return SpaceBlock(inputs.sound(np.stack(taps).astype(np.float32)), mix_pct)


@pytest.mark.parametrize(("num_channels", "num_heard"), [(1, 1), (2, 2), (4, 2)])
def test_one_channel_becomes_two_in_a_space_that_has_them(
    inputs: Inputs, tmp_path: Path, num_channels: int, num_heard: int
) -> None:
    di, amp = inputs.sound(plucks(1.0)), NamBlock(inputs.capture([0.4, 0.3]))
    cab = CabBlock.of(inputs.sound(cabinet(3)))
    block = space(inputs, num_channels)
    result, out = play(inputs, tmp_path / "a.wav", di, [amp, cab, block])
    assert result.num_channels == out.shape[0] == num_heard
    described = result.blocks[2]
    layout = {1: "mono", 2: "stereo", 4: "true_stereo"}[num_channels]
    assert (described["kind"], described["channel"], described["mix_pct"]) == (
        "space",
        layout,
        30.0,
    )
    json.dumps(described, allow_nan=False)
    if num_heard == 2:
        assert level_db(out[0] - out[1]) > level_db(out) - 30.0


@pytest.mark.parametrize("num_channels", [1, 4])
def test_without_mix_a_space_is_not_there(
    inputs: Inputs, tmp_path: Path, num_channels: int
) -> None:
    di, amp = inputs.sound(plucks(1.0)), NamBlock(inputs.capture([0.4, 0.3]))
    _, without = play(inputs, tmp_path / "a.wav", di, [amp])
    _, dry = play(inputs, tmp_path / "b.wav", di, [amp, space(inputs, num_channels, 0.0)])
    assert np.array_equal(dry, without)


def test_the_dry_part_stays_on_its_sample_beside_any_pre_delay(
    inputs: Inputs, tmp_path: Path
) -> None:
    di, amp = inputs.sound(plucks(1.0)), NamBlock(inputs.capture())
    _, without = play(inputs, tmp_path / "a.wav", di, [amp])
    late = space(inputs, 2, 50.0, delay_s=0.25)
    _, out = play(inputs, tmp_path / "b.wav", di, [amp, late])
    first = round(0.24 * RATE_HZ)  # the DC blocker hears both
    assert level_db(out[:, :first] - 0.5 * without[:, :first]) < level_db(without) - 130.0
    result, trimmed = play(
        inputs,
        tmp_path / "c.wav",
        di,
        [amp, SpaceBlock.of(late.sha256, 50.0, IRSettings(is_lead_trimmed=True))],
    )
    assert result.blocks[1]["num_trimmed_frames"] == 12_000
    assert level_db(trimmed[:, :first] - 0.5 * without[:, :first]) > level_db(without) - 30.0


def test_the_tail_ends_by_itself_or_fades_out_after_four_seconds(
    inputs: Inputs, tmp_path: Path
) -> None:
    di, amp = inputs.sound(plucks(1.0)), NamBlock(inputs.capture())
    room, _ = play(inputs, tmp_path / "a.wav", di, [amp, space(inputs, 1)])
    assert RATE_HZ < room.num_frames < 2 * RATE_HZ
    assert room.warnings == ()
    long = space(inputs, 1, 100.0, duration_s=10.0, rt60_s=12.0)
    result, out = play(inputs, tmp_path / "b.wav", di, [amp, long])
    assert result.num_frames == 5 * RATE_HZ
    assert result.warnings == (
        "Nothing is heard beside the space (mix 100 %): the time it takes to answer is not taken "
        "out by the time alignment.",
        "The reverb lasts longer than 4 s after the DI; it fades out there.",
    )
    num_fade = round(TAIL_FADE_S * RATE_HZ)
    assert np.abs(out[:, -10:]).max() < 1e-5 * np.abs(out[:, : -2 * num_fade]).max()


def test_that_nothing_dry_is_heard_is_told_because_the_alignment_passes_it(
    inputs: Inputs, tmp_path: Path
) -> None:
    di, amp = inputs.sound(plucks(0.5)), NamBlock(inputs.capture())
    late: dict[str, BlockRecipe] = {
        "the space": space(inputs, 1, 100.0, delay_s=0.04),
        "the delay": ProcessorBlock("delay", {"mix_pct": 100.0, "time_ms": 300.0}),
        "the reverb": ProcessorBlock("reverb", {"mix_pct": 100.0}),
    }
    for number, (title, block) in enumerate(late.items()):
        result, _ = play(inputs, tmp_path / f"{number}.wav", di, [amp, block])
        [warning] = result.warnings
        assert warning.startswith(f"Nothing is heard beside {title} (mix 100 %)")
    others: list[BlockRecipe] = [
        space(inputs, 1, 99.0),
        ProcessorBlock("chorus", {"mix_pct": 100.0}),
        ProcessorBlock("delay", {"mix_pct": 100.0, "bypass": True}),
    ]
    for number, block in enumerate(others):
        result, _ = play(inputs, tmp_path / f"other {number}.wav", di, [amp, block])
        assert result.warnings == ()


def test_the_end_of_one_longer_than_ten_seconds_is_told(inputs: Inputs, tmp_path: Path) -> None:
    di, amp = inputs.sound(plucks(0.5)), NamBlock(inputs.capture())
    block = space(inputs, 2, 20.0, duration_s=12.0, rt60_s=9.0)
    result, _ = play(inputs, tmp_path / "a.wav", di, [amp, block])
    assert any("cut and fades out where it falls 60 dB" in text for text in result.warnings)
    assert result.blocks[1]["num_cut_frames"] > 0
    assert result.blocks[1]["num_frames"] < 10 * RATE_HZ


@pytest.mark.parametrize("mix_pct", [20.0, 100.0])
def test_contenders_are_not_moved_by_their_spaces(
    inputs: Inputs, tmp_path: Path, mix_pct: float
) -> None:
    di, late = inputs.sound(plucks(0.5)), [0.0] * 37 + [1.0]
    amps = [NamBlock(inputs.capture()), NamBlock(inputs.capture(late))]
    cab = CabBlock.of(inputs.sound(cabinet(3)))
    rooms = [space(inputs, 2, mix_pct, delay_s=0.030), space(inputs, 4, mix_pct, delay_s=0.004)]

    def lags(*chains: list[NamBlock | CabBlock | SpaceBlock]) -> list[int]:
        results = [play(inputs, tmp_path / "a.wav", di, chain)[0] for chain in chains]
        found = align([result.response for result in results])
        assert all(alignment.is_trusted for alignment in found)
        return [alignment.lag_samples for alignment in found]

    dry = lags([amps[0], cab], [amps[1], cab])
    assert dry[1] - dry[0] == 37
    wet = lags([amps[0], cab, rooms[0]], [amps[1], cab, rooms[1]])
    assert wet == dry
    assert lags([amps[0], cab, rooms[0]], [amps[1], cab]) == dry


def test_behind_a_constant_a_space_has_settled_before_the_first_sample(
    inputs: Inputs, tmp_path: Path
) -> None:
    """The amp gives 0.2 at silence; a room of 8 s has been hearing it for longer than that."""
    amp = NamBlock(inputs.capture([1.0], bias=0.2))
    room = space(inputs, 1, 100.0, duration_s=8.0, rt60_s=9.0)
    quiet = np.concatenate([silence(1.0), plucks(0.5)], axis=1)
    _, out = play(inputs, tmp_path / "a.wav", inputs.sound(quiet), [amp, room])
    assert np.abs(out[:, : RATE_HZ - 100]).max() < 1e-5 * np.abs(out).max()


def test_a_capture_behind_a_space_hears_both_sides_and_is_shared_to_the_bit(
    inputs: Inputs, tmp_path: Path
) -> None:
    desk = NamBlock(inputs.capture([0.6, 0.2]))
    blocks = (NamBlock(inputs.capture([0.4, 0.3])), space(inputs, 4), desk)
    recipe = SegmentRecipe(DISource(inputs.sound(plucks(0.5))), blocks, "raw")
    assert len(recipe.prefixes()) == 2
    assert recipe.input_digests()[2] == blocks[1].sha256
    store = FolderPrefixes(tmp_path / "prefixes")
    for name in ("first.wav", "again.wav"):
        result = render_segment(recipe, inputs.paths, tmp_path / name, prefixes=store)
        assert result.num_channels == 2
    alone = render_segment(recipe, inputs.paths, tmp_path / "alone.wav")
    assert alone.loudness == result.loudness
    bits = {(tmp_path / f"{name}.wav").read_bytes() for name in ("first", "again", "alone")}
    assert len(bits) == 1


def test_it_stands_beside_the_built_in_reverb(inputs: Inputs, tmp_path: Path) -> None:
    di, amp = inputs.sound(plucks(0.5)), NamBlock(inputs.capture())
    reverb = ProcessorBlock("reverb", {"mix_pct": 20.0})
    chains: list[list[BlockRecipe]] = [
        [amp, reverb, space(inputs, 1)],
        [amp, space(inputs, 2), reverb],
    ]
    for blocks in chains:
        result, _ = play(inputs, tmp_path / "a.wav", di, blocks)
        assert result.num_channels == 2


def test_recipes_are_read_back_and_those_without_a_space_are_what_they_were() -> None:
    block = SpaceBlock("5" * 64, 35.0, -50.0, is_lead_trimmed=True)
    recipe = SegmentRecipe(DISource("1" * 64), (NamBlock("2" * 64), block))
    assert segment_recipe_from_json(json.loads(canonical_recipe(recipe))) == recipe
    assert recipe_as_json(recipe)["blocks"][1]["kind"] == "space"
    old = SegmentRecipe(DISource("1" * 64), (NamBlock("2" * 64), CabBlock.of("3" * 64)))
    assert recipe_digest(old) == "89f8153d973bdfef694864dcb123ad62a4cfe8ba7372a8446523884dff76c3d3"
