"""What rendering a shootout again would compute, told before anyone asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from gts.web.errors import AppError
from jobs.pipeline.recipe import render_key
from shootouts import rendering
from shootouts.models import CachedAudio, Shootout
from shootouts.services.shootouts import shootout_parts


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """Of a shootout that was rendered before, against its newest version.

    ``num_changed``: segments whose recipe that version did not have; ``num_missing``: those that no
    cache has either, so that they are computed. ``problem``: why it cannot be rendered as it is.
    """

    version: int
    num_segments: int = 0
    num_changed: int = 0
    num_missing: int = 0
    has_video: bool = False
    problem: str = ""

    @property
    def text(self) -> str:
        """For people."""
        if self.problem:
            return f"It cannot be rendered as it is: {self.problem}"
        if not self.num_changed:
            said = f"No segment has changed since version {self.version}."
        else:
            changed = f"{self.num_changed} of {self.num_segments} segments"
            verb = "has" if self.num_changed == 1 else "have"
            said = f"{changed} {verb} changed since version {self.version}."
        if self.num_missing:
            said += f" To compute: {self.num_missing}."
        else:
            said += " None has to be computed."
        return f"{said} {'The video is made again.' if self.has_video else 'No video.'}"


def render_plan(shootout: Shootout) -> RenderPlan | None:
    """``None`` before the first render. Reads only: a few queries, however many chains."""
    last = shootout.latest_render
    if last is None:
        return None
    try:
        tracks, contenders = shootout_parts(shootout)
    except AppError as error:
        problem = error.details[0].message if error.details else error.message
        return RenderPlan(last.version, problem=problem)
    keys = [
        render_key(rendering.segment_recipe(shootout, track, chain))
        for track in tracks
        for _, chain in contenders
    ]
    before = set(last.segments.values_list("render_key", flat=True))
    cached = set(CachedAudio.objects.filter(key__in=keys).values_list("key", flat=True))
    return RenderPlan(
        version=last.version,
        num_segments=len(keys),
        num_changed=sum(key not in before for key in keys),
        num_missing=len({*keys} - cached),
        has_video=shootout.options.has_video,
    )
