"""The manifest: what a finished shootout is, as versioned JSON. Schema version 1.

Everything that is published is read from here and from nowhere else, so deleting a chain, a
capture or a DI never changes a published page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from jobs.pipeline.environment import describe_environment
from jobs.pipeline.manifest_schema import MANIFEST_SCHEMA_VERSION
from jobs.pipeline.recipe import block_digests
from jobs.pipeline.shootout import FinishedAudio, FinishedSegment
from jobs.pipeline.shootout_info import ShootoutInfo, info_as_json
from jobs.pipeline.video.chapters import chapters
from jobs.pipeline.video.production import scene_from_manifest
from jobs.pipeline.video.youtube import youtube_chapters


def build_manifest(
    info: ShootoutInfo,
    audio: FinishedAudio,
    *,
    render_version: int,
    created_at: datetime,
    segment_names: Mapping[tuple[int, int], str],
    montage_name: str,
    failed: Mapping[tuple[int, int], str] | None = None,
) -> dict[str, Any]:
    """JSON-safe. Names of media are by ``(di_index, contender_index)``: media ids or file names.

    ``failed``: why a segment is missing, one sentence for people.
    """
    described = info_as_json(info)
    loudness_lufs = [
        segment.published.loudness.integrated_lufs
        for segment in audio.segments
        if segment.published.loudness.integrated_lufs is not None
    ]
    manifest: dict[str, Any] = {
        "schema_version": MANIFEST_SCHEMA_VERSION,
        "render_version": render_version,
        "created_at": created_at.isoformat(),
        "title": info.title,
        "description": info.description,
        "options": described["options"],
        "dis": [{"position": n, **di} for n, di in enumerate(described["dis"])],
        "contenders": [{"position": n, **c} for n, c in enumerate(described["contenders"])],
        "segments": [
            _segment(
                segment,
                segment_names[(segment.result.di_index, segment.result.contender_index)],
            )
            for segment in audio.segments
        ],
        "failed_segments": [
            {"di": di_index, "contender": contender_index, "reason": reason}
            for (di_index, contender_index), reason in sorted((failed or {}).items())
        ],
        "fairness": {
            "target_lufs": info.options.target_loudness_lufs,
            "common_target_lufs": audio.levels.common_target_lufs,
            "is_target_lowered": audio.levels.is_target_lowered,
            "max_difference_lu": max(loudness_lufs) - min(loudness_lufs) if loudness_lufs else 0.0,
        },
        "montage": {"media": montage_name, "duration_s": audio.timeline.duration_s},
        "timeline": audio.timeline.as_json(),
        "inputs": _inputs(info, audio.segments),
        "engine": describe_environment(),
    }
    scene = scene_from_manifest(manifest)
    manifest["chapters"] = [
        {"start_s": chapter.start_frame / audio.timeline.sample_rate_hz, "title": chapter.title}
        for chapter in chapters(audio.timeline, scene)
    ]
    manifest["youtube"] = youtube_chapters(audio.timeline, scene).as_json()
    return manifest


def _segment(segment: FinishedSegment, media_name: str) -> dict[str, Any]:
    render = segment.result.render
    published = segment.published
    return {
        "di": segment.result.di_index,
        "contender": segment.result.contender_index,
        "media": media_name,
        "duration_s": published.duration_s,
        "num_channels": render.num_channels,
        "loudness_before_lufs": segment.loudness_before.integrated_lufs,
        "loudness_after_lufs": published.loudness.integrated_lufs,
        "loudness_range_lu": published.loudness.loudness_range_lu,
        "true_peak_dbtp": published.loudness.true_peak_dbtp,
        "gain_db": segment.gain_db,
        "staging": asdict(render.staging),
        "alignment": segment.alignment.as_json() if segment.alignment else None,
        "blocks": list(render.blocks),
        "warnings": list(segment.warnings),
        "waveform": list(published.waveform),
        "metrics": segment.metrics.as_json(),
        "notes": [remark.as_json() for remark in segment.remarks],
        "recipe": asdict(segment.result.recipe),
        "recipe_digest": segment.result.recipe.digest(),
        "rendered_with": dict(segment.result.rendered_with),
        "sha256": published.sha256,
        "pcm_sha256": published.pcm_sha256,
    }


def _inputs(info: ShootoutInfo, segments: Sequence[FinishedSegment]) -> list[dict[str, str]]:
    """Every file the segments were made from, once: role (di, or the slot of its block), name."""
    found: dict[str, dict[str, str]] = {}

    def add(sha256: str, role: str, name: str) -> None:
        found.setdefault(sha256, {"sha256": sha256, "role": role, "name": name})

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
    return list(found.values())
