"""A capture's own samples, without anything that makes a comparison fair."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.measure.channels import mono_blocks
from jobs.pipeline.nam.engine import build_engine
from jobs.pipeline.nam.file import read_nam
from jobs.pipeline.render.cab import CabProcessor, load_unscaled_impulse_response
from jobs.pipeline.render.section import CAPTURE_FRAMES
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import write_wav_f32
from jobs.pipeline.signal.samples import EvenBlocks, FloatArray, Processor, Resampler, num_frames_at


def reamp_raw(
    di_path: Path,
    capture_path: Path,
    ir_path: Path | None,
    out_path: Path,
    *,
    slim_size: float = 1.0,
    progress: Progress = no_progress,
) -> int:
    """The model's own samples, and the impulse response's, for comparison with other players.

    Writes a float32 WAV at the model's rate, exactly as long as the input (at that rate); returns
    its number of frames. No staging, no DC blocker, no gain, no tail. The impulse response is
    convolved as it is in its file, neither trimmed nor scaled by energy; at another rate than the
    model's it is resampled so that its frequency response stays. Raises what reading the three
    files raises.
    """
    audio = open_audio(di_path)
    if audio.num_channels > 2:
        raise PipelineError("AUDIO_TOO_MANY_CHANNELS", "A DI recording has one or two channels.")
    engine = build_engine(read_nam(capture_path), slim_size)
    rate_hz = engine.sample_rate_hz
    processors: list[Processor] = []
    if audio.sample_rate_hz != rate_hz:
        processors.append(Resampler(audio.sample_rate_hz, rate_hz, 1))
    processors.append(EvenBlocks(engine.start(), CAPTURE_FRAMES, 1))
    if ir_path is not None:
        processors.append(CabProcessor(load_unscaled_impulse_response(ir_path, rate_hz), 1))

    def blocks() -> Iterator[FloatArray]:
        num_read, num_written = 0, 0
        for chunk in mono_blocks(audio, "mix"):
            num_read += chunk.shape[1]
            out = _process(processors, chunk)
            num_written += out.shape[1]
            yield out
            progress(min(1.0, num_read / audio.num_frames))
        num_wanted = num_frames_at(rate_hz, num_read, audio.sample_rate_hz)
        yield _finish(processors)[:, : num_wanted - num_written]

    return write_wav_f32(out_path, blocks(), rate_hz, 1)


def _process(processors: list[Processor], chunk: FloatArray) -> FloatArray:
    for processor in processors:
        chunk = processor.process(chunk)
    return chunk


def _finish(processors: list[Processor]) -> FloatArray:
    rests = [
        _process(processors[number + 1 :], processor.finish())
        for number, processor in enumerate(processors)
    ]
    return np.concatenate(rests, axis=1)
