"""A clean boost or cut: every sample times 10^(gain_db/20)."""

from __future__ import annotations

from jobs.pipeline.effects.blocks.schema import BlockType, Parameter

GAIN = BlockType(
    name="gain",
    title="Gain",
    parameters=(Parameter("gain_db", "Gain", "dB", -24.0, 24.0, 0.0),),
)
