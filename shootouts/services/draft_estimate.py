"""How long the render of a draft will take, and how long its video will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gear.chains.describe import architecture_of
from gear.models import Block, BlockIR, Capture
from jobs.pipeline.effects.blocks import BLOCK_TYPES, validate_parameters
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import (
    NamBlock,
    SegmentRecipe,
    plan_renders,
    recipe_digest,
    render_key,
)
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline
from jobs.pipeline.vocabulary.options import ShootoutOptions
from jobs.pipeline.vocabulary.sound import OUTPUT_SAMPLE_RATE_HZ
from shootouts import rendering
from shootouts.models import CachedAudio, DITrack
from shootouts.services.draft_expansion import Expansion
from shootouts.services.estimates import Basis, Speeds, speeds_measured, stages_s

# As ``jobs.pipeline.render``: a segment sounds on for so long after its DI at most.
_MAX_TAIL_S = 4.0
# Of an amp and what is not known better.
_TAIL_S = 0.1


@dataclass(frozen=True, slots=True)
class Estimate:
    """``render_s``: until all can be heard; ``video_s``: from there until the video is there."""

    render_s: float = 0.0
    video_s: float = 0.0
    video_duration_s: float = 0.0
    basis: Basis = "typical"


@dataclass(frozen=True, slots=True)
class _Part:
    """A segment to be. ``sound_s``: of its DI."""

    recipe: SegmentRecipe
    sound_s: float
    tail_s: float
    di_index: int
    contender_index: int

    @property
    def duration_s(self) -> float:
        return self.sound_s + self.tail_s


def draft_estimate(expansion: Expansion) -> Estimate:
    """Of what of it can be rendered; what the cache has costs next to nothing. Seven queries."""
    options = expansion.document.shootout_options
    speeds = speeds_measured()
    parts, architectures = _parts(expansion, options)
    if not parts:
        return Estimate(basis=speeds.basis)
    has_video = options.has_video
    duration_s = _video_duration_s(expansion, parts, options) if has_video else 0.0
    return Estimate(
        render_s=round(_render_s(parts, architectures, speeds), 1),
        video_s=round(speeds.job_s(speeds.video, duration_s), 1) if has_video else 0.0,
        video_duration_s=round(duration_s, 1),
        basis=speeds.basis,
    )


def _parts(expansion: Expansion, options: ShootoutOptions) -> tuple[list[_Part], dict[str, str]]:
    parts: list[_Part] = []
    architectures: dict[str, str] = {}
    for contender_index, each in enumerate(expansion.line_up):
        if not each.is_valid:
            continue
        blocks = each.blocks
        tail_s = _tail_s(blocks)
        for block, _ in blocks:
            if block.capture is not None:
                architectures[block.capture.sha256] = architecture_of(block.capture)
        for di_index, track in enumerate(expansion.tracks):
            sound_s = _played_s(track)
            if sound_s > 0.0:
                recipe = rendering.blocks_recipe(track, blocks, options.input_mode)
                parts.append(_Part(recipe, sound_s, tail_s, di_index, contender_index))
    return parts, architectures


def _played_s(track: DITrack) -> float:
    """0 while it is being checked."""
    end_s = track.duration_s if track.end_s is None else track.end_s
    return max((end_s or 0.0) - track.start_s, 0.0)


def _tail_s(blocks: Sequence[tuple[Block, Sequence[BlockIR]]]) -> float:
    tail_s = _TAIL_S
    for block, irs in blocks:
        if block.processor and not block.parameters.get("bypass"):
            tail_s += _ringing_s(block)
        captures: list[Capture | None] = [block.capture, *(ir.capture for ir in irs)]
        tail_s += max((_response_s(capture) for capture in captures if capture), default=0.0)
    return min(tail_s, _MAX_TAIL_S)


def _ringing_s(block: Block) -> float:
    try:
        parameters = validate_parameters(block.processor, block.parameters)
    except PipelineError:  # stored by a version that knew other processors
        return 0.0
    return BLOCK_TYPES[block.processor].tail_s(parameters)


def _response_s(capture: Capture) -> float:
    return float(capture.info.get("sound_s") or 0.0)


# Work ---------------------------------------------------------------------------------------------


def _render_s(parts: Sequence[_Part], architectures: dict[str, str], speeds: Speeds) -> float:
    """Stage by stage, as ``shootouts.jobs.audio`` plans it."""
    keys = {render_key(part.recipe) for part in parts}
    prefixes = {recipe_digest(each): each for part in parts for each in part.recipe.prefixes()}
    prefix_keys = {digest: render_key(each) for digest, each in prefixes.items()}
    wanted = [*keys, *prefix_keys.values()]
    cached = set(CachedAudio.objects.filter(key__in=wanted).values_list("key", flat=True))
    missing = [part for part in parts if render_key(part.recipe) not in cached]
    plan = plan_renders([part.recipe for part in missing])
    sound_s = {
        recipe_digest(each): part.sound_s for part in missing for each in part.recipe.prefixes()
    }
    done = {digest for digest, key in prefix_keys.items() if key in cached}
    num_stages = max([1, len(plan.stages), *(stage + 1 for stage in plan.segment_stages)])
    stages: list[list[float]] = [[] for _ in range(num_stages)]
    # What the cache has is a job all the same.
    stages[0] += [speeds.gap_s] * (len(parts) - len(missing))

    def pass_s(digest: str, capture: NamBlock) -> float:
        if digest in done:
            return 0.0
        done.add(digest)
        return speeds.pass_s(architectures.get(capture.sha256, ""), sound_s[digest])

    for stage, shared in enumerate(plan.stages):
        for prefix in shared:
            amp = prefix.blocks[-1]
            assert isinstance(amp, NamBlock)  # or it would be no prefix
            stages[stage].append(speeds.gap_s + pass_s(recipe_digest(prefix), amp))
    for part, stage in zip(missing, plan.segment_stages, strict=True):
        own_s = sum(
            pass_s(recipe_digest(each), each.blocks[-1])
            for each in part.recipe.prefixes()
            if isinstance(each.blocks[-1], NamBlock)
        )
        stages[stage].append(speeds.job_s(speeds.segment, part.sound_s) + own_s)
    planned_s = speeds.start_s + speeds.gap_s
    finalized_s = speeds.job_s(speeds.finalize, sum(part.duration_s for part in parts))
    return planned_s + stages_s(stages, speeds.num_workers) + finalized_s


def _video_duration_s(
    expansion: Expansion, parts: Sequence[_Part], options: ShootoutOptions
) -> float:
    segments = [
        TimelineSegment(
            part.contender_index,
            part.di_index,
            max(round(part.duration_s * OUTPUT_SAMPLE_RATE_HZ), 1),
        )
        for part in parts
    ]
    timeline = build_timeline(
        segments,
        options.playback_order,
        slice_s=options.slice_s,
        bpm_by_di={index: track.bpm for index, track in enumerate(expansion.tracks)},
    )
    return timeline.duration_s
