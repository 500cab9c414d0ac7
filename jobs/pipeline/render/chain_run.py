"""The DI and two probes on their way through a chain.

The probes are what is measured of a chain: a tone for its distortion, a sweep for its lag and
polarity. They go the way of the DI, so measuring costs no second pass through the captures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np

from jobs.pipeline.errors import Progress, no_progress
from jobs.pipeline.files import replacing
from jobs.pipeline.measure.chain_probes import (
    ChainResponse,
    alignment_sweep,
    part_response,
    thd_tone,
)
from jobs.pipeline.measure.channels import mono_chunks
from jobs.pipeline.measure.probe import probe_di
from jobs.pipeline.recipe import PrefixRecipe
from jobs.pipeline.render.chain import Chain, Signal
from jobs.pipeline.render.input_gain import find_input_gain
from jobs.pipeline.render.prefix import (
    PROBES,
    Part,
    Prefix,
    PrefixStore,
    RenderContext,
    RenderState,
    SignalName,
)
from jobs.pipeline.render.section import ChainSection
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.encode import WavF32Writer
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, FloatArray, num_frames_at, resample
from jobs.pipeline.signal.trim import Trim
from jobs.pipeline.step_times import timed

# The signals at the beginning of a section that is the beginning of its chain.
Begin: TypeAlias = Callable[[ChainSection, Progress], RenderState]

# Share of the work that looking through the DI is, beside playing it.
_PROBE_SHARE = 0.05


class ChainRun:
    """Carries a list of signals through a section of a chain.

    ``context`` and ``signals``: as they come in, at the beginning of the chain or at a cut.
    """

    def __init__(self, section: ChainSection, ahead: RenderState) -> None:
        self._section = section
        self.context = ahead.context
        self.signals = ahead.signals

    def chain(self, name: SignalName) -> Chain:
        """What one of the signals goes through."""
        signal = self.signals[name]
        if name == "sweep":
            return self._chain_of_sweep(signal)
        return self._section.chain(signal, input_gain_db=self.context.staging.gain_db)

    def probe(self, name: SignalName, progress: Progress = no_progress) -> Signal | None:
        """What becomes of a probe; ``None`` when nothing that could be measured."""
        return self.chain(name).probe(progress) if name in self.signals else None

    def response(self, progress: Progress = no_progress) -> ChainResponse:
        """Of the whole chain: of the captures ahead, and of this section by itself."""
        has_capture = self.context.has_capture
        di, sweep = self.signals["di"], self.signals.get("sweep")
        fresh = resample(alignment_sweep(), OUTPUT_SAMPLE_RATE_HZ, di.sample_rate_hz)
        fresh = np.repeat(fresh, di.num_channels, axis=0)
        linear = self._chain_of_sweep(Signal.of(fresh, di.sample_rate_hz)).probe(progress)
        return ChainResponse(
            has_capture=has_capture,
            captured=part_response(_without_dc(sweep)) if has_capture and sweep else None,
            linear=part_response(linear.samples()) if linear else None,
        )

    def context_behind(self) -> RenderContext:
        """What is known at the end of the section."""
        context, section = self.context, self._section
        warnings = [warning for block in section.blocks for warning in block.warnings]
        return replace(
            context,
            num_blocks=len(section.recipe.blocks),
            blocks=(*context.blocks, *(block.described for block in section.blocks)),
            warnings=(*context.warnings, *dict.fromkeys(warnings)),
            has_capture=context.has_capture or section.has_capture,
            output_level_dbu=section.output_level_dbu,
        )

    def _chain_of_sweep(self, sweep: Signal) -> Chain:
        """It stays as loud as it was made, and effects let it pass."""
        return self._section.chain(sweep, input_gain_db=0.0, without_effects=True)


@timed("decode_stage")
def from_di(section: ChainSection, progress: Progress = no_progress) -> RenderState:
    """The signals at the beginning of a chain. Raises what ``probe_di`` raises."""
    di = section.recipe.di
    path = section.sources[di.sha256]
    trim = Trim(di.start_s, di.end_s)
    probe = probe_di(path, math.inf, di.channel_rule, trim, progress)
    rms_dbfs = probe.rms_dbfs if di.rms_dbfs is msgspec.UNSET else di.rms_dbfs
    context = context_of_di(
        section,
        rms_dbfs=rms_dbfs,
        num_frames=probe.num_frames,
        sample_rate_hz=probe.sample_rate_hz,
        warnings=probe.warnings,
    )
    audio = open_audio(path)
    tone = thd_tone(rms_dbfs, OUTPUT_SAMPLE_RATE_HZ)
    signals: dict[SignalName, Signal] = {
        "di": Signal(
            probe.sample_rate_hz,
            probe.num_frames,
            np.zeros((1, 1), dtype=np.float32),
            lambda: mono_chunks(audio, di.channel_rule, trim),
        ),
        "tone": Signal.of(tone, OUTPUT_SAMPLE_RATE_HZ),
        "sweep": Signal.of(alignment_sweep(), OUTPUT_SAMPLE_RATE_HZ),
    }
    return RenderState(context, signals)


def context_of_di(
    section: ChainSection,
    *,
    rms_dbfs: float,
    num_frames: int,
    sample_rate_hz: int,
    warnings: Sequence[str] = (),
) -> RenderContext:
    """What is known at the beginning of a chain. ``num_frames``: of what is played of the DI, at
    its own ``sample_rate_hz``."""
    di = section.recipe.di
    input_gain = find_input_gain(
        section.recipe.input_mode,
        di_rms_dbfs=rms_dbfs,
        di_level_dbu=di.input_level_dbu,
        capture_input_level_dbu=section.input_level_dbu,
    )
    all_warnings = list(warnings)
    if input_gain.requested == "calibrated" and input_gain.basis != "calibrated":
        all_warnings.append(
            "The level of the DI or of the capture is not known: "
            "the input was brought to −18 dBFS RMS."
        )
    return RenderContext(
        num_blocks=0,
        di_num_frames=num_frames_at(OUTPUT_SAMPLE_RATE_HZ, num_frames, sample_rate_hz),
        staging=input_gain,
        blocks=(),
        warnings=tuple(all_warnings),
    )


def _without_dc(sweep: Signal) -> FloatArray:
    """What captures made of the sweep, at 48 kHz, without the constant they give at silence."""
    samples = (sweep.samples() - sweep.dc_offset).astype(np.float32)
    return resample(samples, sweep.sample_rate_hz, OUTPUT_SAMPLE_RATE_HZ)


@timed("captures")
def render_prefixes(
    prefixes: Sequence[PrefixRecipe],
    sources: Mapping[str, Path],
    store: PrefixStore,
    *,
    begin: Begin | None = None,
    progress: Progress = no_progress,
) -> RenderState | None:
    """The signals at the end of the longest of ``prefixes``: of one chain, shortest first.

    They go on from the longest that ``store`` has; what is missing is rendered and kept. ``None``
    when there are no prefixes. ``sources``: the recipes' files by SHA-256. ``begin``: what goes
    into the chain, where nothing of it is kept (default: ``from_di``). Raises
    ``PipelineError`` as ``render_segment`` does; whatever ``progress`` raises leaves no file.
    """
    missing: list[PrefixRecipe] = []
    found = None
    for recipe in reversed(prefixes):
        found = store.find(recipe)
        if found is not None:
            break
        missing.insert(0, recipe)
    state = found.open() if found else None
    for number, recipe in enumerate(missing):
        share = partial(_share, progress, number, len(missing))
        path = store.new_path(recipe)
        rendered = _render_prefix(recipe, sources, state, path, begin or from_di, share)
        store.keep(recipe, rendered)
        state = rendered.open()
    return state


def _share(progress: Progress, number: int, count: int, fraction: float) -> None:
    progress((number + fraction) / count)


def _render_prefix(
    recipe: PrefixRecipe,
    sources: Mapping[str, Path],
    ahead: RenderState | None,
    path: Path,
    begin: Begin,
    progress: Progress,
) -> Prefix:
    section = ChainSection(recipe, sources, ahead)
    run = ChainRun(section, ahead or begin(section, lambda done: progress(_PROBE_SHARE * done)))
    chain = run.chain("di")
    with replacing(path, is_lasting=False) as temporary, temporary.open("wb") as file:
        writer = WavF32Writer(file, chain.sample_rate_hz, chain.num_channels)
        for chunk in chain.play(lambda done: progress(_PROBE_SHARE + (1.0 - _PROBE_SHARE) * done)):
            writer.write(chunk)
        parts: dict[SignalName, Part] = {"di": Part.of(0, writer.num_frames, chain.dc_offset)}
        for name in PROBES:
            probe = run.probe(name, lambda _: progress(1.0))
            if probe is not None:
                parts[name] = Part.of(writer.num_frames, probe.num_frames, probe.dc_offset)
                writer.write(probe.samples())
        writer.close()
    return Prefix(path, run.context_behind(), parts)
