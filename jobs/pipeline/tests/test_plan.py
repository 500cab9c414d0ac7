"""The order of a shootout's renders: what is shared comes first, and only once."""

from __future__ import annotations

from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    DISource,
    NamBlock,
    SegmentRecipe,
    plan_renders,
)


def recipe(*blocks: str, di: str = "d") -> SegmentRecipe:
    """Blocks by letter: capitals are captures, the others cabinets."""
    made: list[BlockRecipe] = [
        NamBlock(name * 64) if name.isupper() else CabBlock.of(name * 64) for name in blocks
    ]
    return SegmentRecipe(DISource(di * 64), tuple(made))


def test_three_amps_and_nine_cabinets_are_three_captures() -> None:
    plan = plan_renders([recipe(amp, cab) for amp in "ABC" for cab in "123456789"])
    assert plan.num_captures == 3
    assert [len(stage) for stage in plan.stages] == [3]
    assert set(plan.segment_stages) == {1}


def test_another_di_shares_nothing() -> None:
    plan = plan_renders([recipe("A", "c", di=di) for di in "de"])
    assert plan.num_captures == 2
    assert plan.stages == ()
    assert plan.segment_stages == (0, 0)


def test_a_pedal_before_several_amps_comes_first() -> None:
    segments = [recipe("P", amp, cab) for amp in "AB" for cab in "12"] + [recipe("C", "1")]
    plan = plan_renders(segments)
    assert plan.num_captures == 4
    assert [len(stage) for stage in plan.stages] == [1, 2]
    assert [stage[0].blocks for stage in plan.stages] == [
        segments[0].blocks[:1],
        segments[0].blocks[:2],
    ]
    # The one that shares nothing need not wait.
    assert plan.segment_stages == (2, 2, 2, 2, 0)


def test_what_stands_before_a_cabinet_is_not_what_stands_alone() -> None:
    plan = plan_renders([recipe("A", "c"), recipe("A")])
    assert plan.num_captures == 2
    assert plan.stages == ()


def test_nothing_is_planned_for_nothing() -> None:
    assert plan_renders([]).stages == ()
