"""A passage of a DI through a chain, to be heard while the chain is being built.

The signal is that of a segment with the same trim, and as loud as a shootout of it alone would be.
What only a comparison needs is left out, for the sake of the time: no probes go along, so neither
distortion nor lag is measured, and the passage stays in memory until it is published.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.files import sha256_of
from jobs.pipeline.measure.channels import InputLevelMeter, mono_chunks
from jobs.pipeline.measure.loudness import LoudnessMeter
from jobs.pipeline.recipe import (
    CabBlock,
    DISource,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
    SpaceBlock,
    passage_key,
)
from jobs.pipeline.render.chain import Signal
from jobs.pipeline.render.chain_run import ChainRun, context_of_di, render_prefixes
from jobs.pipeline.render.prefix import FolderPrefixes, PrefixStore, RenderState
from jobs.pipeline.render.publishing import match_levels
from jobs.pipeline.render.section import ChainSection
from jobs.pipeline.render.segment import until_quiet
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import write_pcm_24
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, FloatArray, db_to_gain
from jobs.pipeline.signal.trim import Trim

# Share of the work that lies ahead of the last capture, and that with the rest of the chain.
_PREFIX_SHARE: Final = 0.7
_CHAIN_SHARE: Final = 0.9

# Below this peak there is nothing but the noise of a converter.
_SILENCE_DBFS: Final = -80.0


@dataclass(frozen=True, slots=True)
class PassageRender:
    """``gain_db``: of the level match, by which it became ``loudness_lufs`` loud."""

    duration_s: float
    loudness_lufs: float
    gain_db: float


def render_passage(
    recipe: SegmentRecipe,
    sources: Mapping[str, Path],
    out_path: Path,
    *,
    prefixes: PrefixStore,
    progress: Progress = no_progress,
) -> PassageRender:
    """Write ``out_path``: FLAC at 48 kHz, 24 bits, level-matched; as long as the passage plus the
    chain's tail.

    ``sources``: the recipe's files by SHA-256; asked only for those that are needed, so they may
    be fetched one by one. ``prefixes``: of passages, none of segments, which have probes. Raises
    as ``render_segment``, and DI_SILENT for a passage without a sound.
    """
    ahead = render_prefixes(
        recipe.prefixes(),
        sources,
        prefixes,
        begin=_from_passage,
        progress=lambda done: progress(_PREFIX_SHARE * done),
    )
    section = ChainSection(recipe, sources, ahead)
    run = ChainRun(section, ahead or _from_passage(section))
    chain = run.chain("di")
    meter = LoudnessMeter(OUTPUT_SAMPLE_RATE_HZ, chain.num_channels)
    heard: list[FloatArray] = []
    for chunk in until_quiet(
        chain.play(lambda done: progress(_PREFIX_SHARE + (_CHAIN_SHARE - _PREFIX_SHARE) * done)),
        chain.num_channels,
        num_frames=run.context.di_num_frames,
        has_fade=any(isinstance(block, SpaceBlock) for block in recipe.blocks),
    ):
        meter.add(chunk)
        heard.append(chunk)
    loudness = meter.gated_result()
    if loudness.integrated_lufs is None:
        raise PipelineError(
            "SEGMENT_TOO_QUIET", "What comes out of the chain is too quiet to be measured."
        )
    match = match_levels([loudness])
    [gain_db] = match.gains_db
    gain = np.float32(db_to_gain(gain_db))
    written = write_pcm_24(
        out_path,
        (chunk * gain for chunk in heard),
        OUTPUT_SAMPLE_RATE_HZ,
        chain.num_channels,
        dither_key=passage_key(recipe),
    )
    progress(1.0)
    duration_s = written.num_frames / OUTPUT_SAMPLE_RATE_HZ
    return PassageRender(duration_s, match.common_target_lufs, gain_db)


def warm_up(di: Path, capture: Path, cab: Path) -> None:
    """Load all that a passage needs, and compile what is compiled: half a second of ``di`` is
    played through the others, and forgotten."""
    sources = {sha256_of(path): path for path in (di, capture, cab)}
    di_sha256, capture_sha256, cab_sha256 = sources
    recipe = SegmentRecipe(
        DISource(di_sha256, start_s=1.0, end_s=1.5),
        (NamBlock(capture_sha256), CabBlock.of(cab_sha256), ProcessorBlock("high_pass")),
    )
    with tempfile.TemporaryDirectory(prefix="gts-") as name:
        prefixes = FolderPrefixes(Path(name))
        render_passage(recipe, sources, Path(name, "passage.flac"), prefixes=prefixes)


def _from_passage(section: ChainSection, progress: Progress = no_progress) -> RenderState:
    """The DI alone, decoded once. The recording itself was judged when it came."""
    di = section.recipe.di
    audio = open_audio(section.sources[di.sha256])
    chunks = list(mono_chunks(audio, di.channel_rule, Trim(di.start_s, di.end_s)))
    peak = max((float(np.abs(chunk).max(initial=0.0)) for chunk in chunks), default=0.0)
    if not peak >= db_to_gain(_SILENCE_DBFS):
        raise PipelineError(
            "DI_SILENT", "There is only silence in this passage of the DI track. Choose another."
        )
    progress(1.0)
    num_frames = sum(chunk.shape[1] for chunk in chunks)
    rms_dbfs = di.rms_dbfs
    context = context_of_di(
        section,
        rms_dbfs=_level_dbfs(chunks, audio.sample_rate_hz)
        if rms_dbfs is msgspec.UNSET
        else rms_dbfs,
        num_frames=num_frames,
        sample_rate_hz=audio.sample_rate_hz,
    )
    no_offset = np.zeros((1, 1), dtype=np.float32)
    signal = Signal(audio.sample_rate_hz, num_frames, no_offset, lambda: iter(chunks))
    return RenderState(context, {"di": signal})


def _level_dbfs(chunks: list[FloatArray], sample_rate_hz: int) -> float:
    meter = InputLevelMeter(sample_rate_hz)
    for chunk in chunks:
        meter.push(chunk)
    meter.finish()
    return 10.0 * math.log10(max(meter.power(), 1e-12))
