"""One segment: a DI through a chain, streamed from file to file in bounded memory.

``reamp_raw`` gives a capture's own samples, without anything that makes a comparison fair.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.files import replacing
from jobs.pipeline.measure.chain_probes import ChainResponse, thd_pct
from jobs.pipeline.measure.channels import mono_chunks
from jobs.pipeline.measure.loudness import LoudnessMeter, LoudnessResult
from jobs.pipeline.nam.engine import build_engine
from jobs.pipeline.nam.file import read_nam
from jobs.pipeline.recipe import SegmentRecipe, SpaceBlock
from jobs.pipeline.render.cab import CabProcessor, load_unscaled_impulse_response
from jobs.pipeline.render.chain import MAX_TAIL_S
from jobs.pipeline.render.chain_run import ChainRun, from_di, render_prefixes
from jobs.pipeline.render.input_gain import InputGain
from jobs.pipeline.render.prefix import FolderPrefixes, PrefixStore
from jobs.pipeline.render.section import CAPTURE_FRAMES, ChainSection
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import WavF32Writer, write_wav_f32
from jobs.pipeline.signal.samples import (
    OUTPUT_SAMPLE_RATE_HZ,
    EvenChunks,
    FloatArray,
    Processor,
    Resampler,
    WaveformOutline,
    db_to_gain,
    empty,
    num_frames_at,
)
from jobs.pipeline.step_times import timed

TAIL_END_DBFS = -90.0
# A space that sounds on when the tail has to end does not stop dead.
TAIL_FADE_S = 0.5
_TAIL_FADED = f"The reverb lasts longer than {MAX_TAIL_S:g} s after the DI; it fades out there."

_MAX_TAIL_FRAMES = round(MAX_TAIL_S * OUTPUT_SAMPLE_RATE_HZ)

# Share of the work that lies ahead of the last capture, where most of it usually is.
_PREFIX_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class SegmentRender:
    """What a render is, before the level match.

    ``loudness``: as played, one channel as dual mono. ``blocks``: one description per block of
    the recipe (labels and sizes of networks, scaling of impulse responses). ``waveform``: peaks
    per column, linear. ``thd_pct``: distortion of a tone as loud as the DI, of the whole chain.
    ``response``: what alignment is computed from. ``di_num_frames``: of the DI, without the tail.
    """

    num_frames: int
    num_channels: int
    duration_s: float
    loudness: LoudnessResult
    staging: InputGain
    blocks: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    waveform: tuple[float, ...]
    thd_pct: float | None = None
    response: ChainResponse | None = None
    di_num_frames: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SegmentRender:
        """The inverse of ``as_json``, also after a passage through JSON text.

        Older ones say nothing of the response, or of the distortion.
        """
        response = data.get("response")
        return cls(
            num_frames=data["num_frames"],
            num_channels=data["num_channels"],
            duration_s=data["duration_s"],
            loudness=LoudnessResult(**data["loudness"]),
            staging=InputGain(**data["staging"]),
            blocks=tuple(data["blocks"]),
            warnings=tuple(data["warnings"]),
            waveform=tuple(data["waveform"]),
            thd_pct=data.get("thd_pct"),
            response=ChainResponse.from_json(response) if response else None,
            di_num_frames=data.get("di_num_frames", 0),
        )


@timed("cab_post")
def render_segment(
    recipe: SegmentRecipe,
    sources: Mapping[str, Path],
    out_path: Path,
    *,
    prefixes: PrefixStore | None = None,
    advance_frames: int = 0,
    progress: Progress = no_progress,
) -> SegmentRender:
    """Write ``out_path``: float32 WAV at 48 kHz, as long as the DI plus the chain's tail.

    ``sources``: the recipe's files by SHA-256. ``prefixes``: where beginnings of chains are found
    and kept (default: nowhere); they change the time this takes, never a sample. The chain has
    been listening to silence before the DI begins, so neither networks nor the DC blocker have to
    settle within it. The tail ends after the last sample above −90 dBFS, at most 4 s after the DI;
    where a space is still louder there, it fades out before.
    ``advance_frames``: by how much the segment begins earlier; the length is counted from there.
    Segments were moved here until recipes had schema version 3, and are so only to make one of
    those again. ``progress`` is called between chunks; whatever it raises leaves
    nothing behind. The file is not synced: it is on the way to something, which is.

    Raises ``PipelineError``: what ``probe_di`` and the readers of captures and impulse responses
    raise; ``BLOCK_SILENT`` and ``BLOCK_NOT_FINITE`` naming the block; ``SEGMENT_TOO_QUIET`` when
    there is no loudness to match.
    """
    if prefixes is None:
        with tempfile.TemporaryDirectory(prefix="gts-") as folder:
            prefixes = FolderPrefixes(Path(folder))
            return render_segment(
                recipe,
                sources,
                out_path,
                prefixes=prefixes,
                advance_frames=advance_frames,
                progress=progress,
            )
    ahead = render_prefixes(
        recipe.prefixes(), sources, prefixes, progress=lambda done: progress(_PREFIX_SHARE * done)
    )

    def reached(_: float) -> None:
        progress(_PREFIX_SHARE)

    section = ChainSection(recipe, sources, ahead)
    run = ChainRun(section, ahead or from_di(section, reached))
    response = run.response(reached)
    chain = run.chain("di")
    known = run.context_behind()
    has_space = any(isinstance(block, SpaceBlock) for block in recipe.blocks)
    meter = LoudnessMeter(OUTPUT_SAMPLE_RATE_HZ, chain.num_channels)
    outline = WaveformOutline()
    with replacing(out_path, is_lasting=False) as temporary, temporary.open("wb") as file:
        writer = WavF32Writer(file, OUTPUT_SAMPLE_RATE_HZ, chain.num_channels)
        for chunk in until_quiet(
            chain.play(lambda done: progress(_PREFIX_SHARE + (1.0 - _PREFIX_SHARE) * done)),
            chain.num_channels,
            num_frames=known.di_num_frames,
            advance_frames=advance_frames,
            has_fade=has_space,
        ):
            writer.write(chunk)
            meter.add(chunk)
            outline.add(chunk)
        writer.close()
        loudness = meter.result()
        if loudness.integrated_lufs is None:
            raise PipelineError(
                "SEGMENT_TOO_QUIET", "What comes out of the chain is too quiet to be measured."
            )
    is_faded = has_space and writer.num_frames - known.di_num_frames >= _MAX_TAIL_FRAMES
    tone = run.probe("tone", lambda _: progress(1.0))
    return SegmentRender(
        num_frames=writer.num_frames,
        num_channels=chain.num_channels,
        duration_s=writer.num_frames / OUTPUT_SAMPLE_RATE_HZ,
        loudness=loudness,
        staging=known.staging,
        blocks=known.blocks,
        warnings=tuple(dict.fromkeys([*known.warnings, *([_TAIL_FADED] if is_faded else [])])),
        waveform=outline.columns(),
        thd_pct=None if tone is None else thd_pct(tone.samples(), OUTPUT_SAMPLE_RATE_HZ),
        response=response,
        di_num_frames=known.di_num_frames,
    )


def until_quiet(
    chunks: Iterator[FloatArray],
    num_channels: int,
    *,
    num_frames: int,
    advance_frames: int = 0,
    has_fade: bool,
) -> Iterator[FloatArray]:
    """What is played: from the DI's first frame to the end of the tail, ``advance_frames`` less at
    its beginning; the silence behind the DI makes up for them."""
    to_drop, to_play = advance_frames, num_frames
    tail = [empty(num_channels)]
    for chunk in chunks:
        out = chunk[:, min(to_drop, chunk.shape[1]) :]
        to_drop -= chunk.shape[1] - out.shape[1]
        played, beyond = out[:, :to_play], out[:, to_play:]
        to_play -= played.shape[1]
        if played.shape[1]:
            yield played
        if beyond.shape[1]:
            tail.append(beyond)
    heard = np.concatenate(tail, axis=1)[:, :_MAX_TAIL_FRAMES]
    loud = np.flatnonzero(np.abs(heard).max(axis=0) >= db_to_gain(TAIL_END_DBFS))
    ended = heard[:, : int(loud[-1]) + 1] if len(loud) else heard[:, :0]
    yield _faded(ended) if has_fade and ended.shape[1] == _MAX_TAIL_FRAMES else ended


def _faded(tail: FloatArray) -> FloatArray:
    """Its end falls as half a cosine."""
    num_fade = round(TAIL_FADE_S * OUTPUT_SAMPLE_RATE_HZ)
    fade = 0.5 + 0.5 * np.cos(np.pi * (np.arange(num_fade) + 1.0) / (num_fade + 1.0))
    faded = tail.copy()
    faded[:, -num_fade:] *= fade.astype(np.float32)
    return faded


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
    its number of frames. Nothing is done to the level: no input gain, no DC blocker, no tail. The
    impulse response is convolved as it is in its file, neither trimmed nor scaled by energy; at
    another rate than the model's it is resampled so that its frequency response stays. Raises what
    reading the three files raises.
    """
    audio = open_audio(di_path)
    if audio.num_channels > 2:
        raise PipelineError("AUDIO_TOO_MANY_CHANNELS", "A DI track has one or two channels.")
    engine = build_engine(read_nam(capture_path), slim_size)
    rate_hz = engine.sample_rate_hz
    processors: list[Processor] = []
    if audio.sample_rate_hz != rate_hz:
        processors.append(Resampler(audio.sample_rate_hz, rate_hz, 1))
    processors.append(EvenChunks(engine.start(), CAPTURE_FRAMES, 1))
    if ir_path is not None:
        processors.append(CabProcessor(load_unscaled_impulse_response(ir_path, rate_hz), 1))

    def chunks() -> Iterator[FloatArray]:
        num_read, num_written = 0, 0
        for chunk in mono_chunks(audio, "mix"):
            num_read += chunk.shape[1]
            out = _process(processors, chunk)
            num_written += out.shape[1]
            yield out
            progress(min(1.0, num_read / audio.num_frames))
        num_wanted = num_frames_at(rate_hz, num_read, audio.sample_rate_hz)
        yield _finish(processors)[:, : num_wanted - num_written]

    return write_wav_f32(out_path, chunks(), rate_hz, 1)


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
