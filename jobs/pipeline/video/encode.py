"""From a scene, a timeline and a montage to an MP4 that YouTube takes as it is.

H.264 High, yuv420p, BT.709 limited range, closed GOP of half a second, two B-frames; AAC-LC;
``moov`` before ``mdat``; chapters; no edit lists. Both streams start at 0:

- B-frames are decoded before they are shown, so decoding would have to begin before time 0.
  Composition offsets may be negative (ISO/IEC 14496-12, 8.6.1.3, version 1) and absorb that.
- The priming of AAC is compensated in the sound itself (see ``soundtrack.py``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.files import is_disk_full, replacing
from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ
from jobs.pipeline.video.canvas import canvas_for, clean_text
from jobs.pipeline.video.cards import Cards
from jobs.pipeline.video.chapters import chapters
from jobs.pipeline.video.compose import Composer, render_png
from jobs.pipeline.video.layout import Layout
from jobs.pipeline.video.scene import SvgRenderer, VideoScene, read_waveforms
from jobs.pipeline.video.soundtrack import (
    AAC_BIT_RATE,
    AAC_FRAME,
    Soundtrack,
    encode_soundtrack,
)
from jobs.pipeline.vocabulary.options import DEFAULT_VIDEO_SIZE, THUMBNAIL_SIZE, VIDEO_SIZES, Size

# ISO/IEC 23091-2 code points: BT.709 primaries, transfer and matrix; 1 = limited in FFmpeg's range.
_BT709 = 1
_LIMITED_RANGE = 1

# The picture stands still but for a few columns, so a search for motion and a look ahead find
# nothing: measured on the demo, 1.6 times as fast as preset veryfast at the same size.
_X264_PRESET = "superfast"
_X264_PARAMETERS = (
    "rc-lookahead=0:sync-lookahead=0:mbtree=0:scenecut=0:b-adapt=0:weightp=0:subme=0:8x8dct=1"
    ":bframes=2:b-pyramid=none:open-gop=0"
)
_CRF = 18

_AUDIO_PART = 0.1
_PROGRESS_EVERY_VIDEO_FRAMES = 10


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What was written. ``true_peak_dbtp``: of the soundtrack as decoded; ``soundtrack_gain_db``:
    the constant gain that it took to get there (0.0 when none was needed).
    """

    width: int
    height: int
    fps: int
    num_video_frames: int
    duration_s: float
    file_bytes: int
    true_peak_dbtp: float
    soundtrack_gain_db: float
    num_chapters: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def encode_video(
    scene: VideoScene,
    timeline: Timeline,
    montage: Path,
    out: Path,
    *,
    render_svg: SvgRenderer,
    fonts: Sequence[Path],
    size: Size = DEFAULT_VIDEO_SIZE,
    thumbnail: Path | None = None,
    progress: Progress = no_progress,
) -> VideoInfo:
    """Write the video to ``out`` (and the thumbnail, a PNG of ``THUMBNAIL_SIZE``).

    ``montage`` is the timeline's sound, stereo at 48 kHz; ``timeline.fps`` sets the frame rate.
    ``fonts``: TTF files. ``progress`` may raise: then nothing is left behind. Memory does not grow
    with the length. Raises ``PipelineError`` VIDEO_MONTAGE_INVALID, VIDEO_PICTURE_INVALID,
    FONT_UNREADABLE or VIDEO_ENCODING_FAILED, and ``ValueError`` for a size that is not offered.
    """
    if size not in VIDEO_SIZES:
        raise ValueError(f"{size} is not one of {VIDEO_SIZES}")
    progress(0.0)
    num_bars = canvas_for(size).num_bars
    waveforms = read_waveforms(timeline, montage, num_bars, progress=lambda _: progress(0.0))
    with contextlib.ExitStack() as stack:
        soundtrack = stack.enter_context(
            encode_soundtrack(
                timeline,
                montage,
                folder=out.parent,
                progress=lambda fraction: progress(_AUDIO_PART * fraction),
            )
        )
        temporary = stack.enter_context(replacing(out))
        composer = Composer(
            scene, timeline, waveforms, render_svg=render_svg, fonts=fonts, size=size
        )
        try:
            num_chapters = _write(scene, timeline, composer, soundtrack, temporary, size, progress)
        except av.FFmpegError as error:
            if is_disk_full(error):
                raise
            raise PipelineError(
                "VIDEO_ENCODING_FAILED",
                "The video could not be encoded.",
                detail=str(error),
                is_permanent=False,
            ) from error
        if thumbnail is not None:
            png = _thumbnail(scene, timeline, composer, render_svg, fonts)
            with replacing(thumbnail) as temporary_png:
                temporary_png.write_bytes(png)
        info = VideoInfo(
            width=size[0],
            height=size[1],
            fps=timeline.fps,
            num_video_frames=timeline.num_video_frames,
            duration_s=timeline.duration_s,
            file_bytes=temporary.stat().st_size,
            true_peak_dbtp=round(soundtrack.true_peak_dbtp, 3),
            soundtrack_gain_db=round(soundtrack.gain_db, 3),
            num_chapters=num_chapters,
        )
    progress(1.0)
    return info


def _write(
    scene: VideoScene,
    timeline: Timeline,
    composer: Composer,
    soundtrack: Soundtrack,
    path: Path,
    size: Size,
    progress: Progress,
) -> int:
    """Encode and mux; returns the number of chapters."""
    marks = chapters(timeline, scene)
    with av.open(
        str(path),
        "w",
        format="mp4",
        container_options={
            "movflags": "+faststart+negative_cts_offsets",
            "use_editlist": "0",
            "avoid_negative_ts": "disabled",
        },
    ) as container:
        container.metadata["title"] = clean_text(scene.title)
        container.metadata["encoder"] = "Guitar Tone Shootout"
        video = _add_video(container, timeline, size)
        audio = _add_audio(container)
        container.set_chapters(
            [
                {
                    "id": number,
                    "start": mark.start_frame,
                    "end": mark.end_frame,
                    "time_base": Fraction(1, timeline.sample_rate_hz),
                    "metadata": {"title": mark.title},
                }
                for number, mark in enumerate(marks)
            ]
        )
        sound = _audio_packets(soundtrack, audio, timeline.total_frames)
        next_sound = next(sound, None)
        step = timeline.frames_per_video_frame
        for number, picture in enumerate(composer.frames()):
            if number % _PROGRESS_EVERY_VIDEO_FRAMES == 0:
                progress(_AUDIO_PART + (1 - _AUDIO_PART) * number / timeline.num_video_frames)
            frame = av.VideoFrame.from_numpy_buffer(picture, format="yuv420p")
            frame.pts = number
            frame.time_base = Fraction(1, timeline.fps)
            container.mux(video.encode(frame))
            while next_sound is not None and cast(int, next_sound.pts) <= (number + 1) * step:
                container.mux(next_sound)
                next_sound = next(sound, None)
        container.mux(video.encode(None))
        while next_sound is not None:
            container.mux(next_sound)
            next_sound = next(sound, None)
    return len(marks)


def _add_video(container: OutputContainer, timeline: Timeline, size: Size) -> VideoStream:
    stream = container.add_stream("libx264", rate=timeline.fps)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.time_base = Fraction(1, timeline.fps)
    context = stream.codec_context
    context.time_base = Fraction(1, timeline.fps)
    context.gop_size = max(1, timeline.fps // 2)
    context.max_b_frames = 2
    context.color_primaries = _BT709
    context.color_trc = _BT709
    context.colorspace = _BT709
    context.color_range = _LIMITED_RANGE
    context.options = {
        "preset": _X264_PRESET,
        "profile": "high",
        "crf": str(_CRF),
        "x264-params": (
            f"{_X264_PARAMETERS}:keyint={context.gop_size}:min-keyint={context.gop_size}"
        ),
    }
    return stream


def _add_audio(container: OutputContainer) -> AudioStream:
    """The stream that the soundtrack's packets go to: its own encoder only writes the header."""
    stream = container.add_stream("aac", rate=OUTPUT_SAMPLE_RATE_HZ)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = "stereo"
    stream.codec_context.format = "fltp"
    stream.codec_context.bit_rate = AAC_BIT_RATE
    return stream


def _audio_packets(
    soundtrack: Soundtrack, stream: AudioStream, total_frames: int
) -> Iterator[av.Packet[AudioStream]]:
    for number, payload in enumerate(soundtrack.packets()):
        packet: av.Packet[Any] = av.Packet(payload)
        packet.stream = stream
        packet.time_base = Fraction(1, OUTPUT_SAMPLE_RATE_HZ)
        packet.pts = packet.dts = number * AAC_FRAME
        # The last packet counts only as far as the timeline goes: both streams end together.
        packet.duration = min(AAC_FRAME, total_frames - number * AAC_FRAME)
        packet.is_keyframe = True
        yield packet


def _thumbnail(
    scene: VideoScene,
    timeline: Timeline,
    composer: Composer,
    render_svg: SvgRenderer,
    fonts: Sequence[Path],
) -> bytes:
    layout = Layout(scene, composer.font_book, THUMBNAIL_SIZE)
    values = Cards(layout, timeline, {}).thumbnail()
    return render_png(
        render_svg("video/thumbnail.svg", values),
        THUMBNAIL_SIZE,
        fonts,
        use_system_fonts=composer.use_system_fonts,
    )
