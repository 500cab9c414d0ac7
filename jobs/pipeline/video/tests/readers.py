"""How others read a finished video: FFmpeg's libraries, and its command line where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

_COMMAND_LINE: Final = ["ffmpeg"] if shutil.which("ffmpeg") and shutil.which("ffprobe") else []
READERS: Final = ["libraries", *_COMMAND_LINE]


@dataclass(frozen=True)
class Described:
    """``video``: codec, profile, pixel format; range, matrix, transfer and primaries of its
    colors. ``audio``: codec, profile, rate. ``durations_s``: of video, audio and file.
    ``chapters``: start in seconds, title.
    """

    video: tuple[str, ...]
    audio: tuple[str, ...]
    starts_s: tuple[float, ...]
    durations_s: tuple[float, ...]
    title: str
    chapters: tuple[tuple[float, str], ...]


def decoded_audio(reader: str, path: Path) -> NDArray[np.float32]:
    """(channels, frames)"""
    if reader == "libraries":
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        return np.concatenate(frames, axis=1).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "sound.wav"
        _run("ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", str(out))
        samples: NDArray[np.float32] = soundfile.read(out, dtype="float32", always_2d=True)[0]
        return samples.T


def described(reader: str, path: Path) -> Described:
    read: Callable[[Path], Described] = _by_libraries if reader == "libraries" else _by_command_line
    return read(path)


def _by_libraries(path: Path) -> Described:
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        picture = video.codec_context
        colors = (picture.colorspace, picture.color_trc, picture.color_primaries)
        assert container.duration
        return Described(
            video=(
                picture.name,
                str(picture.profile),
                str(picture.pix_fmt),
                {1: "tv"}.get(picture.color_range, "other"),
                *({1: "bt709"}.get(color, "other") for color in colors),
            ),
            audio=(
                audio.codec_context.name,
                str(audio.codec_context.profile),
                str(audio.codec_context.sample_rate),
            ),
            starts_s=tuple(_seconds(one.start_time, one) for one in (video, audio)),
            durations_s=(
                *(_seconds(one.duration, one) for one in (video, audio)),
                container.duration / av.time_base,
            ),
            title=container.metadata["title"],
            chapters=tuple(
                (float(one["start"] * (one["time_base"] or 0)), one["metadata"]["title"])
                for one in container.chapters()
            ),
        )


def _seconds(ticks: int | None, stream: Any) -> float:
    assert ticks is not None
    return float(ticks * stream.time_base)


def _by_command_line(path: Path) -> Described:
    sections = ("-show_streams", "-show_chapters", "-show_format")
    found = json.loads(_run("ffprobe", "-v", "error", "-of", "json", *sections, str(path)))
    video, audio = (
        next(one for one in found["streams"] if one["codec_type"] == kind)
        for kind in ("video", "audio")
    )
    picture = ("codec_name", "profile", "pix_fmt", "color_range")
    colors = ("color_space", "color_transfer", "color_primaries")
    return Described(
        video=tuple(video[name] for name in (*picture, *colors)),
        audio=tuple(audio[name] for name in ("codec_name", "profile", "sample_rate")),
        starts_s=tuple(float(one["start_time"]) for one in (video, audio)),
        durations_s=tuple(float(one["duration"]) for one in (video, audio, found["format"])),
        title=found["format"]["tags"]["title"],
        chapters=tuple(
            (float(one["start_time"]), one["tags"]["title"]) for one in found["chapters"]
        ),
    )


def _run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
