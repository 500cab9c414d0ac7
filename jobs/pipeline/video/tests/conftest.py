"""What the tests of the video share: the real templates and fonts, and one finished video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.template import Context, Engine

from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.video.encode import VideoInfo, encode_video
from jobs.pipeline.video.sample import sample_scene
from jobs.pipeline.video.scene import SvgRenderer, VideoScene
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline
from jobs.pipeline.vocabulary.options import Size

ROOT = Path(__file__).resolve().parents[4]
SIZE: Size = (1280, 720)


@pytest.fixture(scope="session")
def render_svg() -> SvgRenderer:
    engine = Engine(dirs=[str(ROOT / "templates")])

    def render(name: str, values: Mapping[str, object]) -> str:
        return engine.get_template(name).render(Context(dict(values)))

    return render


@pytest.fixture(scope="session")
def fonts() -> list[Path]:
    return sorted((ROOT / "static" / "fonts").glob("*.ttf"))


@dataclass(frozen=True)
class MadeVideo:
    """A finished video and what it was made from. ``clicks``: frames of the montage."""

    path: Path
    thumbnail: Path
    scene: VideoScene
    timeline: Timeline
    clicks: tuple[int, ...]
    info: VideoInfo
    progress: tuple[float, ...]


@pytest.fixture(scope="session")
def made(
    tmp_path_factory: pytest.TempPathFactory, render_svg: SvgRenderer, fonts: list[Path]
) -> MadeVideo:
    """Three contenders with one click each; lengths that are no whole number of video frames."""
    folder = tmp_path_factory.mktemp("video")
    scene = sample_scene(3)
    timeline = build_timeline(
        [TimelineSegment(index, 0, 40_000 + 777 * index) for index in range(3)],
        opening_card_s=0.5,
        closing_card_s=0.5,
    )
    montage = np.zeros((timeline.total_frames, 2), np.float32)
    clicks = tuple(entry.start_frame + 2400 for entry in timeline.entries)
    for click in clicks:
        montage[click - 5 : click + 6] = 0.6 * np.hanning(11)[:, np.newaxis]
    soundfile.write(folder / "montage.flac", montage, 48_000, subtype="PCM_24")
    heard: list[float] = []
    info = encode_video(
        scene,
        timeline,
        folder / "montage.flac",
        folder / "video.mp4",
        render_svg=render_svg,
        fonts=fonts,
        size=SIZE,
        thumbnail=folder / "thumbnail.png",
        progress=heard.append,
    )
    return MadeVideo(
        folder / "video.mp4",
        folder / "thumbnail.png",
        scene,
        timeline,
        clicks,
        info,
        tuple(heard),
    )
