"""From finished audio to the manifest that is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from jobs.pipeline.environment import describe_environment
from jobs.pipeline.formats.manifest import (
    MANIFEST_SCHEMA_VERSION,
    AlignmentFacts,
    BlockFacts,
    ChapterMark,
    FailedSegment,
    Fairness,
    InputStaging,
    Manifest,
    ManifestContender,
    ManifestDI,
    Montage,
    RecordedRecipe,
    Segment,
    SourceFile,
    YouTube,
    YouTubeChapter,
)
from jobs.pipeline.formats.records import builtins_of
from jobs.pipeline.formats.shootout_info import ShootoutInfo
from jobs.pipeline.measure.alignment import Alignment
from jobs.pipeline.recipe import block_digests, recipe_as_json, recipe_digest
from jobs.pipeline.shootout import FinishedAudio, FinishedSegment
from jobs.pipeline.video.chapters import YouTubeChapters, chapters, youtube_chapters
from jobs.pipeline.video.production import scene_from_manifest


def build_manifest(
    info: ShootoutInfo,
    audio: FinishedAudio,
    *,
    render_version: int,
    created_at: datetime,
    segment_names: Mapping[tuple[int, int], str],
    montage_name: str,
    failed: Mapping[tuple[int, int], str] | None = None,
) -> Manifest:
    """Names of media are by ``(di_index, contender_index)``: media ids or file names.

    ``failed``: why a segment is missing, one sentence for people.
    """
    manifest = Manifest(
        schema_version=MANIFEST_SCHEMA_VERSION,
        render_version=render_version,
        created_at=created_at.isoformat(),
        title=info.title,
        description=info.description,
        options=info.options,
        dis=tuple(
            ManifestDI(position=position, **msgspec.structs.asdict(di))
            for position, di in enumerate(info.dis)
        ),
        contenders=tuple(
            ManifestContender(position=position, label=contender.label, gear=contender.gear)
            for position, contender in enumerate(info.contenders)
        ),
        segments=tuple(
            _segment(
                segment,
                segment_names[(segment.result.di_index, segment.result.contender_index)],
            )
            for segment in audio.segments
        ),
        failed_segments=tuple(
            FailedSegment(di=di_index, contender=contender_index, reason=reason)
            for (di_index, contender_index), reason in sorted((failed or {}).items())
        ),
        fairness=_fairness(info, audio),
        montage=Montage(media=montage_name, duration_s=audio.timeline.duration_s),
        timeline=audio.timeline,
        inputs=_inputs(info, audio.segments),
        engine=describe_environment(),
        chapters=(),
    )
    scene = scene_from_manifest(manifest)
    return msgspec.structs.replace(
        manifest,
        chapters=tuple(
            ChapterMark(
                start_s=chapter.start_frame / audio.timeline.sample_rate_hz, title=chapter.title
            )
            for chapter in chapters(audio.timeline, scene)
        ),
        youtube=_youtube(youtube_chapters(audio.timeline, scene)),
    )


def _youtube(found: YouTubeChapters) -> YouTube:
    chapters = tuple(
        YouTubeChapter(start_s=start_s, title=title) for start_s, title in found.chapters
    )
    return YouTube(chapters=chapters, note=found.note)


def _fairness(info: ShootoutInfo, audio: FinishedAudio) -> Fairness:
    loudness_lufs = [
        segment.published.loudness.integrated_lufs
        for segment in audio.segments
        if segment.published.loudness.integrated_lufs is not None
    ]
    return Fairness(
        target_lufs=info.options.target_loudness_lufs,
        common_target_lufs=audio.levels.common_target_lufs,
        is_target_lowered=audio.levels.is_target_lowered,
        max_difference_lu=max(loudness_lufs) - min(loudness_lufs) if loudness_lufs else 0.0,
    )


def _segment(segment: FinishedSegment, media_name: str) -> Segment:
    render = segment.result.render
    published = segment.published
    return Segment(
        di=segment.result.di_index,
        contender=segment.result.contender_index,
        media=media_name,
        duration_s=published.duration_s,
        num_channels=render.num_channels,
        loudness_before_lufs=segment.loudness_before.integrated_lufs,
        loudness_after_lufs=published.loudness.integrated_lufs,
        loudness_range_lu=published.loudness.loudness_range_lu,
        true_peak_dbtp=published.loudness.true_peak_dbtp,
        gain_db=segment.gain_db,
        staging=msgspec.convert(builtins_of(render.staging), InputStaging),
        alignment=_alignment(segment.alignment),
        blocks=msgspec.convert(builtins_of(render.blocks), tuple[BlockFacts, ...]),
        warnings=segment.warnings,
        waveform=published.waveform,
        metrics=segment.metrics.rounded(),
        notes=segment.descriptors,
        recipe=msgspec.convert(recipe_as_json(segment.result.recipe), RecordedRecipe),
        recipe_digest=recipe_digest(segment.result.recipe),
        rendered_with=dict(segment.result.rendered_with),
        sha256=published.sha256,
        pcm_sha256=published.pcm_sha256,
    )


def _alignment(found: Alignment | None) -> AlignmentFacts | None:
    if found is None:
        return None
    facts = {**builtins_of(found), "warning_codes": [warning.code for warning in found.warnings]}
    return msgspec.convert(facts, AlignmentFacts)


def _inputs(info: ShootoutInfo, segments: Sequence[FinishedSegment]) -> tuple[SourceFile, ...]:
    """Every file the segments were made from, once: role (di, or the slot of its block), name."""
    found: dict[str, SourceFile] = {}

    def add(sha256: str, role: str, name: str) -> None:
        found.setdefault(sha256, SourceFile(sha256=sha256, role=role, name=name))

    for segment in segments:
        result = segment.result
        add(result.recipe.di.sha256, "di", info.dis[result.di_index].name)
        lines = iter(info.contenders[result.contender_index].gear)
        for block in result.recipe.blocks:
            # A block without a file has one line too, and a cabinet one for each of its responses.
            for sha256 in block_digests(block) or [""]:
                line = next(lines, None)
                if sha256:
                    name = f"{line.make} {line.name}".strip() if line else ""
                    add(sha256, line.slot if line else "", name)
    return tuple(found.values())
