"""High-pass and low-pass, 6 dB per octave, which have lost 3.01 dB at their cutoff."""

from __future__ import annotations

from jobs.pipeline.effects.blocks.schema import BlockType, Parameter, Values


def _ringing_s(_parameters: Values) -> float:
    """The lowest cutoff, 20 Hz, rings down by 90 dB in under a tenth of a second."""
    return 0.1


HIGH_PASS = BlockType(
    name="high_pass",
    title="High-pass",
    parameters=(Parameter("cutoff_hz", "Cutoff", "Hz", 20.0, 2000.0, 80.0),),
    tail_s=_ringing_s,
)
LOW_PASS = BlockType(
    name="low_pass",
    title="Low-pass",
    parameters=(Parameter("cutoff_hz", "Cutoff", "Hz", 1000.0, 20_000.0, 12_000.0),),
    tail_s=_ringing_s,
)
