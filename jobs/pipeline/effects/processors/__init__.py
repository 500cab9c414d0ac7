"""The built-in processors as they sound, one module per family of ``blocks``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from jobs.pipeline.effects.blocks import block_type
from jobs.pipeline.effects.blocks.schema import Values
from jobs.pipeline.effects.processors.dynamics import (
    start_compressor,
    start_limiter,
    start_noise_gate,
)
from jobs.pipeline.effects.processors.equalizers import start_graphic, start_parametric
from jobs.pipeline.effects.processors.filters import start_high_pass, start_low_pass
from jobs.pipeline.effects.processors.gain import start_gain
from jobs.pipeline.effects.processors.modulation import start_chorus, start_flanger, start_phaser
from jobs.pipeline.effects.processors.space import start_delay, start_reverb
from jobs.pipeline.signal.samples import Processor

# Takes complete parameters, the sample rate in Hz, and the number of channels, which stays.
StartProcessor: TypeAlias = Callable[[Values, int, int], Processor]

STARTS: dict[str, StartProcessor] = {
    "gain": start_gain,
    "noise_gate": start_noise_gate,
    "compressor": start_compressor,
    "limiter": start_limiter,
    "parametric_eq": start_parametric,
    "graphic_eq": start_graphic,
    "high_pass": start_high_pass,
    "low_pass": start_low_pass,
    "chorus": start_chorus,
    "phaser": start_phaser,
    "flanger": start_flanger,
    "delay": start_delay,
    "reverb": start_reverb,
}


def start_processor(
    processor: str, parameters: Values, sample_rate_hz: int, num_channels: int
) -> Processor:
    """A processor for one signal. ``parameters``: complete, as ``validate_parameters`` gives them.

    Raises ``BLOCK_UNKNOWN`` for a processor that does not exist.
    """
    return STARTS[block_type(processor).name](parameters, sample_rate_hz, num_channels)
