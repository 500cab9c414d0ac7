"""Noise gate, compressor and limiter. Levels are decibels relative to full scale."""

from __future__ import annotations

from jobs.pipeline.effects.blocks.schema import NOT_BEFORE_AMP, BlockType, Parameter

NOISE_GATE = BlockType(
    name="noise_gate",
    title="Noise gate",
    parameters=(
        Parameter("threshold_db", "Threshold", "dB", -80.0, 0.0, -60.0),
        Parameter("ratio", "Ratio", ":1", 1.0, 20.0, 10.0),
        Parameter("attack_ms", "Attack", "ms", 0.1, 100.0, 1.0),
        Parameter("release_ms", "Release", "ms", 1.0, 1000.0, 100.0),
    ),
)
COMPRESSOR = BlockType(
    name="compressor",
    title="Compressor",
    parameters=(
        Parameter("threshold_db", "Threshold", "dB", -60.0, 0.0, -20.0),
        Parameter("ratio", "Ratio", ":1", 1.0, 20.0, 4.0),
        Parameter("attack_ms", "Attack", "ms", 0.1, 100.0, 5.0),
        Parameter("release_ms", "Release", "ms", 1.0, 1000.0, 50.0),
        Parameter("makeup_db", "Make-up", "dB", 0.0, 24.0, 0.0),
    ),
)
LIMITER = BlockType(
    name="limiter",
    title="Limiter",
    parameters=(
        Parameter("threshold_db", "Threshold", "dB", -24.0, 0.0, -1.0),
        Parameter("release_ms", "Release", "ms", 1.0, 1000.0, 100.0),
    ),
    places=NOT_BEFORE_AMP,
)
