"""A DI on its way through a chain, and two probes that go the same way.

The probes are what is measured of a chain: a tone for its distortion, a sweep for its lag and
polarity. They travel with the DI, so measuring costs no second pass through the captures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jobs.pipeline.audio.channels import mono_blocks
from jobs.pipeline.audio.decode import open_audio
from jobs.pipeline.audio.distortion import thd_tone
from jobs.pipeline.audio.passage import Passage, Signal
from jobs.pipeline.audio.probe import probe_di
from jobs.pipeline.audio.response import ChainResponse, alignment_sweep, part_response
from jobs.pipeline.audio.signal import OUTPUT_SAMPLE_RATE_HZ, FloatArray, num_frames_at, resample
from jobs.pipeline.audio.staging import Staging
from jobs.pipeline.audio.stretch import Entry, Laid, Stretch
from jobs.pipeline.audio.trim import Trim
from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.step_times import timed

# A chain that is silent or breaks under a probe may still sound with the DI, or fail there.
_SAYS_NOTHING = ("BLOCK_SILENT", "BLOCK_NOT_FINITE")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a DI on its way, JSON-safe.

    ``num_blocks``: how many it has passed; ``blocks`` describes them. ``di_num_frames``: of the DI
    itself, without tails, at 48 kHz. The last two are about the newest capture.
    """

    num_blocks: int
    di_num_frames: int
    staging: Staging
    blocks: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    has_capture: bool = False
    output_level_dbu: float | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    """The DI and its probes ahead of the next stretch. A probe that is lost is ``None``."""

    facts: Facts
    di: Signal
    tone: Signal | None
    sweep: Signal | None

    def lay(self, stretch: Stretch) -> Laid:
        """The next stretch for the DI."""
        return stretch.lay(self._entry(self.di), input_gain_db=self._input_gain_db())

    def tone_through(self, stretch: Stretch) -> Passage | None:
        """The tone, as loud as the DI, through the next stretch."""
        if self.tone is None:
            return None
        laid = stretch.lay(self._entry(self.tone), input_gain_db=self._input_gain_db())
        return Passage(laid.chain, self.tone)

    def sweep_through(self, stretch: Stretch) -> Passage | None:
        """The sweep, as loud as it was made, through the next stretch without its effects."""
        return None if self.sweep is None else self._without_effects(stretch, self.sweep)

    def response(self, last: Stretch, progress: Progress = no_progress) -> ChainResponse:
        """Of the whole chain: of what was passed, and of ``last`` by itself."""
        has_capture = self.facts.has_capture
        di = self.di
        sent = resample(alignment_sweep(), OUTPUT_SAMPLE_RATE_HZ, di.sample_rate_hz)
        fresh = Signal.of(np.repeat(sent, len(di.rest), axis=0), di.sample_rate_hz)
        heard = probe_samples(self._without_effects(last, fresh), progress)
        return ChainResponse(
            has_capture=has_capture,
            captured=part_response(_as_heard(self.sweep)) if has_capture else None,
            linear=part_response(heard),
        )

    def _without_effects(self, stretch: Stretch, sweep: Signal) -> Passage:
        laid = stretch.lay(
            self._entry(sweep),
            input_gain_db=None if self._input_gain_db() is None else 0.0,
            without_effects=True,
        )
        return Passage(laid.chain, sweep)

    def _entry(self, signal: Signal) -> Entry:
        return Entry(
            signal.sample_rate_hz,
            len(signal.rest),
            self.facts.has_capture,
            self.facts.output_level_dbu,
        )

    def _input_gain_db(self) -> float | None:
        return None if self.facts.num_blocks else self.facts.staging.gain_db


@timed("decode_stage")
def start_journey(
    stretch: Stretch, sources: Mapping[str, Path], progress: Progress = no_progress
) -> Journey:
    """At the beginning of a chain. Raises what ``probe_di`` raises."""
    source = stretch.recipe.di
    path = sources[source.sha256]
    trim = Trim(source.start_s, source.end_s)
    probe = probe_di(path, math.inf, source.channel_rule, trim, progress)
    staging = stretch.stage_input(probe.rms_dbfs)
    warnings = list(probe.warnings)
    if staging.requested == "calibrated" and staging.basis != "calibrated":
        warnings.append(
            "The level of the DI or of the capture is not known: "
            "the input was brought to −18 dBFS RMS."
        )
    audio = open_audio(path)
    return Journey(
        facts=Facts(
            num_blocks=0,
            di_num_frames=num_frames_at(
                OUTPUT_SAMPLE_RATE_HZ, probe.num_frames, probe.sample_rate_hz
            ),
            staging=staging,
            blocks=(),
            warnings=tuple(warnings),
        ),
        di=Signal(
            probe.sample_rate_hz,
            probe.num_frames,
            np.zeros((1, 1), dtype=np.float32),
            lambda: mono_blocks(audio, source.channel_rule, trim),
        ),
        tone=Signal.of(thd_tone(probe.rms_dbfs, OUTPUT_SAMPLE_RATE_HZ), OUTPUT_SAMPLE_RATE_HZ),
        sweep=Signal.of(alignment_sweep(), OUTPUT_SAMPLE_RATE_HZ),
    )


def probe_samples(passage: Passage | None, progress: Progress = no_progress) -> FloatArray | None:
    """What became of a probe; ``None`` when nothing that could be measured."""
    if passage is None:
        return None
    try:
        return passage.samples(progress)
    except PipelineError as error:
        if error.code not in _SAYS_NOTHING:
            raise
        return None


def _as_heard(sweep: Signal | None) -> FloatArray | None:
    """What a capture made of the sweep, at 48 kHz, without the constant it gives at silence."""
    if sweep is None:
        return None
    samples = np.concatenate(list(sweep.blocks()), axis=1) - sweep.rest
    return resample(samples.astype(np.float32), sweep.sample_rate_hz, OUTPUT_SAMPLE_RATE_HZ)
