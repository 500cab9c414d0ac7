"""Signals through a built-in processor alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.effects.blocks import validate_parameters
from jobs.pipeline.effects.processors import start_processor
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.signals import cut

RATE_HZ = 48_000


def play(
    processor: str,
    signal: FloatArray,
    parameters: Mapping[str, float] = MappingProxyType({}),
    *,
    chunk_frames: int = 4096,
    sample_rate_hz: int = RATE_HZ,
    **more: float,
) -> FloatArray:
    """``parameters`` may be given in a mapping or by name."""
    complete = validate_parameters(processor, {**parameters, **more})
    stage = start_processor(processor, complete, sample_rate_hz, signal.shape[0])
    parts = [stage.process(chunk) for chunk in cut(signal, chunk_frames)]
    return np.concatenate([*parts, stage.finish()], axis=1)


def impulse(num_frames: int, *, num_channels: int = 1) -> FloatArray:
    signal = np.zeros((num_channels, num_frames), dtype=np.float32)
    signal[:, 0] = 1.0
    return signal


def alternating(level_dbfs: float, num_frames: int) -> FloatArray:
    """+A, −A, +A …: every sample is at its peak, and so is the RMS."""
    signs = 1.0 - 2.0 * (np.arange(num_frames) % 2)
    return np.asarray(10.0 ** (level_dbfs / 20.0) * signs[np.newaxis], dtype=np.float32)


def levels_db(signal: FloatArray) -> NDArray[np.float64]:
    """Of every sample of the first channel, relative to full scale."""
    levels = 20.0 * np.log10(np.abs(signal[0].astype(np.float64)) + 1e-30)
    return np.asarray(levels, dtype=np.float64)


def response_db(
    processor: str,
    parameters: Mapping[str, float] = MappingProxyType({}),
    *,
    sample_rate_hz: int = RATE_HZ,
    **more: float,
) -> FloatArray:
    """Magnitude of the frequency response in steps of 1 Hz, from 0 to half the sample rate."""
    signal = impulse(sample_rate_hz)
    answer = play(processor, signal, {**parameters, **more}, sample_rate_hz=sample_rate_hz)
    return np.asarray(20.0 * np.log10(np.abs(np.fft.rfft(answer[0])) + 1e-30), dtype=np.float32)
