"""One segment: a DI through a chain, streamed from file to file in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jobs.pipeline.audio.alignment import Alignment, measure_alignment
from jobs.pipeline.audio.cab import CabStage, load_unscaled_impulse_response
from jobs.pipeline.audio.chain import CAPTURE_FRAMES, Chain, build_chain
from jobs.pipeline.audio.decode import AudioFile, open_audio
from jobs.pipeline.audio.distortion import chain_thd_pct
from jobs.pipeline.audio.encode import WavF32Writer, write_wav_f32
from jobs.pipeline.audio.loudness import LoudnessMeter, LoudnessResult
from jobs.pipeline.audio.nam import build_engine, read_nam
from jobs.pipeline.audio.probe import DIProbe, mono_blocks, probe_di
from jobs.pipeline.audio.signal import (
    BLOCK_FRAMES,
    OUTPUT_SAMPLE_RATE_HZ,
    EvenBlocks,
    FloatArray,
    Resampler,
    Stage,
    db_to_gain,
    empty,
)
from jobs.pipeline.audio.staging import Staging
from jobs.pipeline.audio.waveform import WaveformOutline
from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.files import replacing
from jobs.pipeline.recipe import ChannelRule, SegmentRecipe

# Changes whenever the same recipe may give other samples for a reason outside the NAM engine.
RENDERER_VERSION = "2"

MAX_TAIL_S = 4.0
TAIL_END_DBFS = -90.0

# Share of the work that looking through the DI is, beside playing it.
_PROBE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class SegmentRender:
    """What a render is, before the level match.

    ``loudness``: as played, one channel as dual mono. ``blocks``: one description per block of
    the recipe (labels and sizes of networks, scaling of impulse responses). ``waveform``: peaks
    per column, linear. ``thd_pct``: distortion of a tone as loud as the DI, of the whole chain.
    ``alignment``: None when it was switched off.
    """

    num_frames: int
    num_channels: int
    duration_s: float
    loudness: LoudnessResult
    staging: Staging
    blocks: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    waveform: tuple[float, ...]
    thd_pct: float | None = None
    alignment: Alignment | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SegmentRender:
        """The inverse of ``as_json``, also after a passage through JSON text.

        Renders from before there was alignment have none.
        """
        alignment = data.get("alignment")
        return cls(
            num_frames=data["num_frames"],
            num_channels=data["num_channels"],
            duration_s=data["duration_s"],
            loudness=LoudnessResult(**data["loudness"]),
            staging=Staging(**data["staging"]),
            blocks=tuple(data["blocks"]),
            warnings=tuple(data["warnings"]),
            waveform=tuple(data["waveform"]),
            thd_pct=data.get("thd_pct"),  # what is stored may be older
            alignment=Alignment(**alignment) if alignment else None,
        )


def render_segment(
    recipe: SegmentRecipe,
    sources: Mapping[str, Path],
    out_path: Path,
    *,
    progress: Progress = no_progress,
) -> SegmentRender:
    """Write ``out_path``: float32 WAV at 48 kHz, as long as the DI plus the chain's tail.

    ``sources``: the recipe's files by SHA-256. The chain has been listening to silence before the
    DI begins, so neither networks nor the DC blocker have to settle within it. The tail ends
    after the last sample above −90 dBFS, at most 4 s after the DI. Aligned, the first frame is what
    the chain answers ``lag_samples`` after the DI's first; the length is counted from there.
    ``progress`` is called between blocks; whatever it raises leaves nothing behind.

    Raises ``PipelineError``: what ``probe_di`` and the readers of captures and impulse responses
    raise; ``BLOCK_SILENT`` and ``BLOCK_NOT_FINITE`` naming the block; ``SEGMENT_TOO_QUIET`` when
    there is no loudness to match.
    """
    di_path = sources[recipe.di.sha256]
    rule = recipe.di.channel_rule
    probe = probe_di(
        di_path, math.inf, rule, progress=lambda fraction: progress(_PROBE_SHARE * fraction)
    )
    chain = build_chain(
        recipe,
        sources,
        di_sample_rate_hz=probe.sample_rate_hz,
        di_rms_dbfs=probe.rms_dbfs,
    )
    alignment = measure_alignment(recipe, sources) if recipe.is_aligned else None
    advance_frames = alignment.advance_frames if alignment else 0
    meter = LoudnessMeter(OUTPUT_SAMPLE_RATE_HZ, chain.num_channels)
    outline = WaveformOutline()
    with replacing(out_path) as temporary, temporary.open("wb") as file:
        writer = WavF32Writer(file, OUTPUT_SAMPLE_RATE_HZ, chain.num_channels)
        for block in _played(chain, open_audio(di_path), probe, rule, advance_frames, progress):
            writer.write(block)
            meter.add(block)
            outline.add(block)
        writer.close()
        loudness = meter.result()
        if loudness.integrated_lufs is None:
            raise PipelineError(
                "SEGMENT_TOO_QUIET", "What comes out of the chain is too quiet to be measured."
            )
    return SegmentRender(
        num_frames=writer.num_frames,
        num_channels=chain.num_channels,
        duration_s=writer.num_frames / OUTPUT_SAMPLE_RATE_HZ,
        loudness=loudness,
        staging=chain.staging,
        blocks=chain.blocks,
        warnings=(*probe.warnings, *chain.warnings),
        waveform=outline.columns(),
        thd_pct=chain_thd_pct(recipe, sources, di_rms_dbfs=probe.rms_dbfs),
        alignment=alignment,
    )


def _played(
    chain: Chain,
    audio: AudioFile,
    probe: DIProbe,
    rule: ChannelRule,
    advance_frames: int,
    progress: Progress,
) -> Iterator[FloatArray]:
    """What comes out of the chain, from the DI's first frame to the end of the tail.

    ``advance_frames`` less at its beginning; the silence behind the DI makes up for them.
    """
    rate_hz = probe.sample_rate_hz
    # Whole seconds: a whole number of frames at every rate, so dropping them keeps step.
    settling_s = chain.settling_s
    tail_s = min(chain.tail_s, MAX_TAIL_S)
    fed = _fed(audio, rule, settling_s * rate_hz, math.ceil(tail_s * rate_hz))

    num_fed_in_all = settling_s * rate_hz + probe.num_frames + math.ceil(tail_s * rate_hz)
    num_fed = 0
    to_drop = settling_s * OUTPUT_SAMPLE_RATE_HZ + advance_frames
    # As the resamplers count: to the nearest frame.
    to_play = (2 * probe.num_frames * OUTPUT_SAMPLE_RATE_HZ + rate_hz) // (2 * rate_hz)
    tail = [empty(chain.num_channels)]
    for block in _through(chain, fed):
        num_fed += block.num_fed
        progress(_PROBE_SHARE + (1.0 - _PROBE_SHARE) * min(1.0, num_fed / num_fed_in_all))
        out = block.out[:, min(to_drop, block.out.shape[1]) :]
        to_drop -= block.out.shape[1] - out.shape[1]
        played, beyond = out[:, :to_play], out[:, to_play:]
        to_play -= played.shape[1]
        if played.shape[1]:
            yield played
        if beyond.shape[1]:
            tail.append(beyond)
    yield _until_quiet(np.concatenate(tail, axis=1)[:, : round(MAX_TAIL_S * OUTPUT_SAMPLE_RATE_HZ)])


@dataclass(frozen=True, slots=True)
class _Step:
    """What one block of the DI has pushed out of the chain."""

    num_fed: int
    out: FloatArray


def _through(chain: Chain, fed: Iterator[FloatArray]) -> Iterator[_Step]:
    for block in fed:
        yield _Step(block.shape[1], chain.process(block))
    yield _Step(0, chain.finish())


def _fed(
    audio: AudioFile, rule: ChannelRule, silence_before: int, silence_after: int
) -> Iterator[FloatArray]:
    """The DI ``(1, n)`` between two silences, all in frames at its own rate."""
    yield from _silence(silence_before)
    yield from mono_blocks(audio, rule)
    yield from _silence(silence_after)


def _silence(num_frames: int) -> Iterator[FloatArray]:
    for start in range(0, num_frames, BLOCK_FRAMES):
        yield np.zeros((1, min(BLOCK_FRAMES, num_frames - start)), dtype=np.float32)


def _until_quiet(tail: FloatArray) -> FloatArray:
    loud = np.flatnonzero(np.abs(tail).max(axis=0) >= db_to_gain(TAIL_END_DBFS))
    return tail[:, : int(loud[-1]) + 1] if len(loud) else tail[:, :0]


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
        left = (2 * num_read * rate_hz + audio.sample_rate_hz) // (2 * audio.sample_rate_hz)
        yield _finish(stages)[:, : left - num_written]

    return write_wav_f32(out_path, blocks(), rate_hz, 1)


def _process(stages: list[Stage], block: FloatArray) -> FloatArray:
    for stage in stages:
        block = stage.process(block)
    return block


def _finish(stages: list[Stage]) -> FloatArray:
    rests = [_process(stages[n + 1 :], stage.finish()) for n, stage in enumerate(stages)]
    return np.concatenate(rests, axis=1)
