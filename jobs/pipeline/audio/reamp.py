"""A capture's own samples, without anything that makes a comparison fair."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jobs.pipeline.audio.cab import CabStage, load_unscaled_impulse_response
from jobs.pipeline.audio.channels import mono_blocks
from jobs.pipeline.audio.decode import open_audio
from jobs.pipeline.audio.encode import write_wav_f32
from jobs.pipeline.audio.nam.engine import build_engine
from jobs.pipeline.audio.nam.file import read_nam
from jobs.pipeline.audio.signal import EvenBlocks, FloatArray, Resampler, Stage, num_frames_at
from jobs.pipeline.audio.stretch import CAPTURE_FRAMES
from jobs.pipeline.errors import PipelineError, Progress, no_progress


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
    stages: list[Stage] = []
    if audio.sample_rate_hz != rate_hz:
        stages.append(Resampler(audio.sample_rate_hz, rate_hz, 1))
    stages.append(EvenBlocks(engine.start(), CAPTURE_FRAMES, 1))
    if ir_path is not None:
        stages.append(CabStage(load_unscaled_impulse_response(ir_path, rate_hz), 1))

    def blocks() -> Iterator[FloatArray]:
        num_read, num_written = 0, 0
        for block in mono_blocks(audio, "mix"):
            num_read += block.shape[1]
            out = _process(stages, block)
            num_written += out.shape[1]
            yield out
            progress(min(1.0, num_read / audio.num_frames))
        num_wanted = num_frames_at(rate_hz, num_read, audio.sample_rate_hz)
        yield _finish(stages)[:, : num_wanted - num_written]

    return write_wav_f32(out_path, blocks(), rate_hz, 1)


def _process(stages: list[Stage], block: FloatArray) -> FloatArray:
    for stage in stages:
        block = stage.process(block)
    return block


def _finish(stages: list[Stage]) -> FloatArray:
    rests = [_process(stages[n + 1 :], stage.finish()) for n, stage in enumerate(stages)]
    return np.concatenate(rests, axis=1)
