"""The manifest: what a finished shootout is, as versioned JSON. Schema version 1.

Everything that is published is read from here and from nowhere else, so deleting a chain, a
capture or a DI never changes a published page.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from typing import Any

from jobs.pipeline.audio.nam import ENGINE_VERSION
from jobs.pipeline.shootout import FinishedAudio, FinishedSegment, ShootoutInfo, info_as_json
from jobs.pipeline.video.chapters import chapters
from jobs.pipeline.video.production import scene_from_manifest

MANIFEST_SCHEMA_VERSION = 1
_LIBRARIES = ("numpy", "scipy", "soxr", "soundfile", "pedalboard", "av", "resvg-py")


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
        "engine": {
            "nam": ENGINE_VERSION,
            "platform": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
    }
    manifest["chapters"] = [
        {"start_s": chapter.start_frame / audio.timeline.sample_rate_hz, "title": chapter.title}
        for chapter in chapters(audio.timeline, scene_from_manifest(manifest))
    ]
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
        "loudness_before_lufs": render.loudness.integrated_lufs,
        "loudness_after_lufs": published.loudness.integrated_lufs,
        "loudness_range_lu": published.loudness.loudness_range_lu,
        "true_peak_dbtp": published.loudness.true_peak_dbtp,
        "gain_db": segment.gain_db,
        "staging": asdict(render.staging),
        "blocks": list(render.blocks),
        "warnings": list(render.warnings),
        "waveform": list(published.waveform),
        "recipe": asdict(segment.result.recipe),
        "recipe_digest": segment.result.recipe.digest(),
        "sha256": published.sha256,
        "pcm_sha256": published.pcm_sha256,
    }
