"""What others might make of a finished video: the same film, written again with one change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.video.reformatter
import numpy as np


def remake(
    source: Path,
    target: Path,
    *,
    has_audio: bool = True,
    audio_gain: float | None = None,
    sample_rate_hz: int | None = None,
    width: int | None = None,
    is_moov_first: bool = True,
    has_chapters: bool = True,
) -> None:
    """Streams are copied but for what ``audio_gain``, ``sample_rate_hz`` or ``width`` changes."""
    options = {"movflags": "+faststart"} if is_moov_first else {}
    with av.open(str(source)) as film, av.open(str(target), "w", options=options) as out:
        out.metadata.update(film.metadata)
        if has_chapters:
            out.set_chapters(film.chapters())
        video, audio = film.streams.video[0], film.streams.audio[0]
        writers: dict[int, Callable[[Any], None]] = {}
        if width:
            writers[video.index] = _encoder(out, _smaller_picture(out, video, width), None)
        else:
            writers[video.index] = _copier(out, video)
        if has_audio and (audio_gain is not None or sample_rate_hz):
            stream = out.add_stream("aac", rate=sample_rate_hz or audio.rate)
            writers[audio.index] = _encoder(out, stream, audio_gain)
        elif has_audio:
            writers[audio.index] = _copier(out, audio)
        for packet in film.demux(video, audio):
            if packet.stream.index in writers:
                writers[packet.stream.index](packet)
        for write in writers.values():
            write(None)


def _copier(out: Any, stream: Any) -> Callable[[Any], None]:
    copy = out.add_stream_from_template(stream)

    def write(packet: Any) -> None:
        if packet is not None and packet.dts is not None:
            packet.stream = copy
            out.mux(packet)

    return write


def _smaller_picture(out: Any, video: Any, width: int) -> Any:
    stream = out.add_stream("libx264", rate=video.average_rate, options={"preset": "ultrafast"})
    stream.width, stream.height = width, width * video.height // video.width
    stream.pix_fmt = "yuv420p"
    return stream


def _encoder(out: Any, stream: Any, gain: float | None) -> Callable[[Any], None]:
    resampler = av.AudioResampler("fltp", "stereo", stream.rate) if stream.type == "audio" else None

    def frames(packet: Any) -> list[Any]:
        decoded = packet.decode() if packet is not None else []
        if resampler is None:
            return [f.reformat(stream.width, stream.height) for f in decoded]
        if packet is None:
            return resampler.resample(None)
        return [changed for frame in decoded for changed in resampler.resample(scaled(frame))]

    def scaled(frame: Any) -> Any:
        if gain is not None:
            for plane in frame.planes:
                samples = np.frombuffer(plane, np.float32) * np.float32(gain)
                plane.update(samples.tobytes())
        return frame

    def write(packet: Any) -> None:
        for frame in frames(packet):
            frame.pts = None if resampler else frame.pts
            out.mux(stream.encode(frame))
        if packet is None:
            out.mux(stream.encode(None))

    return write
