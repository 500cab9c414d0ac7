"""What several chains begin with is computed once, and no one can hear that it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    DISource,
    NamBlock,
    PrefixRecipe,
    ProcessorBlock,
    SegmentRecipe,
    recipe_digest,
)
from jobs.pipeline.render.chain_run import render_prefixes
from jobs.pipeline.render.prefix import FolderPrefixes, Prefix
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.render.tests.test_cab import cabinet
from jobs.pipeline.tests.signals import noise, plucks, silence


class Counted(FolderPrefixes):
    """Notes what had to be computed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kept: list[PrefixRecipe] = []

    def keep(self, recipe: PrefixRecipe, prefix: Prefix) -> None:
        self.kept.append(recipe)
        super().keep(recipe, prefix)


@pytest.fixture
def prefixes(tmp_path: Path) -> Counted:
    return Counted(tmp_path / "prefixes")


def pedal_and_amp(inputs: Inputs) -> list[BlockRecipe]:
    """Both stand on a constant at silence; the amp runs at a rate of its own."""
    return [
        ProcessorBlock("high_pass", {"cutoff_hz": 60.0}),
        NamBlock(inputs.capture([0.8, 0.1], bias=0.05, output_level_dbu=6.0)),
        ProcessorBlock("chorus", {"mix_pct": 30.0}),
        NamBlock(inputs.capture([0.5, 0.3], bias=-0.2, sample_rate_hz=44_100, input_level_dbu=8.0)),
    ]


ENDS: list[Sequence[BlockRecipe]] = [
    (ProcessorBlock("gain", {"gain_db": -3.0}),),
    (ProcessorBlock("delay", {"time_ms": 80.0}), ProcessorBlock("reverb", {"size_pct": 80.0})),
    (),
]


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 11_025])
def test_a_kept_prefix_changes_no_sample(
    inputs: Inputs, prefixes: Counted, tmp_path: Path, rate_hz: int
) -> None:
    di = DISource(inputs.sound(plucks(), rate_hz), input_level_dbu=12.0)
    cab = CabBlock.of(inputs.sound(cabinet(1)))
    for number, end in enumerate(ENDS):
        recipe = SegmentRecipe(di, (*pedal_and_amp(inputs), cab, *end))
        alone = render_segment(recipe, inputs.paths, tmp_path / "alone.wav")
        shared = render_segment(recipe, inputs.paths, tmp_path / "shared.wav", prefixes=prefixes)
        assert (tmp_path / "alone.wav").read_bytes() == (tmp_path / "shared.wav").read_bytes()
        assert shared == alone
        assert len(prefixes.kept) == 2, f"the prefixes were computed again for end {number}"


def test_a_chain_goes_on_from_the_longest_that_is_there(
    inputs: Inputs, prefixes: Counted, tmp_path: Path
) -> None:
    di = DISource(inputs.sound(plucks()))
    pedal, amp = NamBlock(inputs.capture([0.9])), NamBlock(inputs.capture([0.5, 0.4]))
    other = NamBlock(inputs.capture([0.2, 0.7]))
    render_prefixes(SegmentRecipe(di, (pedal, amp)).prefixes(), inputs.paths, prefixes)
    assert [len(recipe.blocks) for recipe in prefixes.kept] == [1, 2]
    render_segment(
        SegmentRecipe(di, (pedal, other)), inputs.paths, tmp_path / "out.wav", prefixes=prefixes
    )
    assert [recipe.blocks[-1] for recipe in prefixes.kept] == [pedal, amp, other]


def test_what_is_shared_says_the_same_of_every_segment(
    inputs: Inputs, prefixes: Counted, tmp_path: Path
) -> None:
    di = DISource(inputs.sound(plucks()))
    amp = NamBlock(inputs.capture([0.0] * 37 + [-0.8]))
    cabs = [CabBlock.of(inputs.sound(cabinet(n))) for n in range(2)]
    recipes = [SegmentRecipe(di, (amp, cab), "calibrated") for cab in cabs]
    found = [
        render_segment(recipe, inputs.paths, tmp_path / "out.wav", prefixes=prefixes)
        for recipe in recipes
    ]
    assert len(prefixes.kept) == 1
    assert {render.staging for render in found} == {found[0].staging}
    assert {render.warnings for render in found} == {found[0].warnings}
    assert "not known" in found[0].warnings[0]
    first, second = (render.response for render in found)
    assert first is not None
    assert second is not None
    assert first.captured == second.captured
    assert first.linear != second.linear
    assert [block["kind"] for block in found[1].blocks] == ["nam", "cab"]
    assert found[0].thd_pct == pytest.approx(0.0, abs=0.01)


def test_where_a_chain_may_be_stereo_does_not_depend_on_the_cut(
    inputs: Inputs, prefixes: Counted, tmp_path: Path
) -> None:
    """A reverb in the loop of an amp with a cabinet is mono, even when a pedal follows it."""
    di = DISource(inputs.sound(plucks()))
    amp, pedal = NamBlock(inputs.capture([0.6])), NamBlock(inputs.capture([0.9]))
    reverb = ProcessorBlock("reverb", {"mix_pct": 40.0})
    cab = CabBlock.of(inputs.sound(cabinet(2)))
    out = tmp_path / "out.wav"
    head = SegmentRecipe(di, (amp, reverb, pedal, cab))
    assert render_segment(head, inputs.paths, out, prefixes=prefixes).num_channels == 1
    rig = SegmentRecipe(di, (amp, reverb, pedal))
    assert render_segment(rig, inputs.paths, out, prefixes=prefixes).num_channels == 2


def test_a_prefix_survives_json(inputs: Inputs, prefixes: Counted, tmp_path: Path) -> None:
    recipe = SegmentRecipe(DISource(inputs.sound(plucks())), tuple(pedal_and_amp(inputs)))
    render_prefixes(recipe.prefixes(), inputs.paths, prefixes)
    found = prefixes.find(recipe.prefixes()[-1])
    assert found is not None
    text = json.dumps(found.as_json(), allow_nan=False)
    assert Prefix.from_json(json.loads(text), found.path) == found
    assert list(found.parts) == ["di", "tone", "sweep"]
    # Behind the sweep there is nothing more.
    end_frame = found.parts["sweep"].start_frame + found.parts["sweep"].num_frames
    assert found.path.stat().st_size == pytest.approx(4 * end_frame, abs=100)


def test_a_probe_that_is_lost_is_not_looked_for_again(
    inputs: Inputs, prefixes: Counted, tmp_path: Path
) -> None:
    gate = ProcessorBlock("noise_gate", {"threshold_db": 0.0, "ratio": 20.0})
    di = DISource(inputs.sound(noise(48_000, level=3.0)))
    recipe = SegmentRecipe(
        di, (gate, NamBlock(inputs.capture([1e-4])), NamBlock(inputs.capture())), "raw"
    )
    render = render_segment(recipe, inputs.paths, tmp_path / "out.wav", prefixes=prefixes)
    found = prefixes.find(recipe.prefixes()[-1])
    assert found is not None
    assert "sweep" not in found.parts
    assert render.response is not None
    assert render.response.has_capture
    assert render.response.captured is None


def test_what_cannot_be_rendered_leaves_nothing(
    inputs: Inputs, prefixes: Counted, tmp_path: Path
) -> None:
    dead = SegmentRecipe(DISource(inputs.sound(plucks())), (NamBlock(inputs.capture([0.0])),))
    with pytest.raises(PipelineError, match="BLOCK_SILENT"):
        render_prefixes(dead.prefixes(), inputs.paths, prefixes)

    def cancel(fraction: float) -> None:
        if fraction > 0.5:
            raise CancelledError

    alive = replace(dead, blocks=(NamBlock(inputs.capture()), NamBlock(inputs.capture([0.5]))))
    with pytest.raises(CancelledError):
        render_prefixes(alive.prefixes(), inputs.paths, prefixes, progress=cancel)
    assert [recipe.blocks for recipe in prefixes.kept] == [alive.blocks[:1]]
    assert sorted(path.suffix for path in (tmp_path / "prefixes").iterdir()) == [".json", ".wav"]


def test_progress_rises_to_one(inputs: Inputs, prefixes: Counted) -> None:
    recipe = SegmentRecipe(DISource(inputs.sound(plucks(3.0))), tuple(pedal_and_amp(inputs)))
    fractions: list[float] = []
    render_prefixes(recipe.prefixes(), inputs.paths, prefixes, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_the_end_of_a_constant_is_not_heard(inputs: Inputs, tmp_path: Path) -> None:
    """A capture that stands on a constant at silence; behind the tail nothing is to come."""
    quiet = np.concatenate([plucks(1.0) * np.float32(0.01), silence(1.0)], axis=1)
    recipe = SegmentRecipe(
        DISource(inputs.sound(quiet)),
        (
            NamBlock(inputs.capture(bias=0.5)),
            CabBlock.of(inputs.sound(cabinet(3))),
            ProcessorBlock("gain", {"gain_db": 24.0}),
        ),
        "raw",
    )
    assert render_segment(recipe, inputs.paths, tmp_path / "out.wav").num_frames == 96_000


def test_digests_tell_prefixes_apart(inputs: Inputs) -> None:
    amp = NamBlock("a" * 64)
    segment = SegmentRecipe(DISource("d" * 64), (amp,))
    headed = SegmentRecipe(DISource("d" * 64), (amp, CabBlock.of("c" * 64)))
    (rig,), (head,) = segment.prefixes(), headed.prefixes()
    assert len({recipe_digest(each) for each in (segment, headed, rig, head)}) == 4
    assert head.prefixes() == (head,)
    assert head.blocks == (amp,)
