"""What is computed in which order, so that nothing is computed twice.

The segments of a shootout are a graph: those with the same DI, the same staging and the same first
blocks share a beginning. 3 amps × 9 cabs over one DI are 3 passes through a capture, not 27.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.pipeline.formats.recipe import recipe_digest
from jobs.pipeline.recipe import PrefixRecipe, SegmentRecipe


@dataclass(frozen=True, slots=True)
class Plan:
    """``stages``: prefixes that several segments share; each stage needs only those before it, and
    within a stage the order does not matter. ``segment_stages``: for each segment, how many of
    the stages must be done before it. ``num_captures``: passes through a capture, all in all.
    """

    stages: tuple[tuple[PrefixRecipe, ...], ...]
    segment_stages: tuple[int, ...]
    num_captures: int


def plan_renders(recipes: Sequence[SegmentRecipe]) -> Plan:
    """The plan of all segments that are to be rendered together.

    A prefix of only one segment is left to that segment.
    """
    prefixes = [(recipe_digest(each), each) for recipe in recipes for each in recipe.prefixes()]
    by_digest = dict(prefixes)
    num_users = Counter(digest for digest, _ in prefixes)
    shared = {digest for digest, count in num_users.items() if count > 1}

    def stages_before(prefixes: Sequence[PrefixRecipe]) -> int:
        return sum(recipe_digest(prefix) in shared for prefix in prefixes)

    stages: dict[int, list[PrefixRecipe]] = {}
    for digest, prefix in by_digest.items():
        if digest in shared:
            stages.setdefault(stages_before(prefix.prefixes()[:-1]), []).append(prefix)
    return Plan(
        stages=tuple(tuple(stages[number]) for number in sorted(stages)),
        segment_stages=tuple(stages_before(recipe.prefixes()) for recipe in recipes),
        num_captures=len(by_digest),
    )
