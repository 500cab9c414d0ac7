"""FFmpeg's ``ebur128`` filter, through PyAV: a meter that no one here wrote."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import av.filter
import numpy as np

from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import cut


@dataclass(frozen=True, slots=True)
class FFmpegLoudness:
    """``true_peak``: linear, of the loudest channel, in steps of 0.001."""

    integrated_lufs: float
    range_lu: float
    true_peak: float


def ffmpeg_ebur128(signal: FloatArray, sample_rate_hz: int) -> FFmpegLoudness:
    """What the filter has measured at the end of a stereo signal ``(2, n)``."""
    graph = av.filter.Graph()
    nodes = [
        graph.add_abuffer(
            sample_rate=sample_rate_hz,
            format="fltp",
            layout="stereo",
            time_base=Fraction(1, sample_rate_hz),
        ),
        graph.add("ebur128", "metadata=1:peak=true"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    last: dict[str, str] = {}

    def drain() -> None:
        while True:
            try:
                last.update({str(k): str(v) for k, v in graph.pull().metadata.items()})
            except (av.error.BlockingIOError, av.error.EOFError):
                return

    position = 0
    for chunk in cut(signal, sample_rate_hz // 10):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk), "fltp", "stereo")
        frame.sample_rate, frame.pts = sample_rate_hz, position
        frame.time_base = Fraction(1, sample_rate_hz)
        position += chunk.shape[1]
        graph.push(frame)
        drain()
    graph.push(None)
    drain()
    return FFmpegLoudness(
        integrated_lufs=float(last["lavfi.r128.I"]),
        range_lu=float(last["lavfi.r128.LRA"]),
        true_peak=max(float(last[f"lavfi.r128.true_peaks_ch{channel}"]) for channel in (0, 1)),
    )
