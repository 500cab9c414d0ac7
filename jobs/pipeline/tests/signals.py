"""Synthetic signals for tests: float32 ``(channels, frames)``, full scale 1.0."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from jobs.pipeline.signal.samples import FloatArray


def sine(
    level_dbfs: float,
    duration_s: float,
    *,
    frequency_hz: float = 1000.0,
    sample_rate_hz: int = 48_000,
    num_channels: int = 1,
) -> FloatArray:
    """A sine of peak level ``level_dbfs``, in phase in all channels."""
    time_s = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    one = 10.0 ** (level_dbfs / 20.0) * np.sin(2.0 * np.pi * frequency_hz * time_s)
    return np.tile(one.astype(np.float32), (num_channels, 1))


def silence(
    duration_s: float, *, sample_rate_hz: int = 48_000, num_channels: int = 1
) -> FloatArray:
    return np.zeros((num_channels, round(duration_s * sample_rate_hz)), dtype=np.float32)


def noise(
    num_frames: int, *, num_channels: int = 1, level: float = 0.1, seed: int = 1
) -> FloatArray:
    """White Gaussian noise with a standard deviation of ``level``."""
    random = np.random.default_rng(seed)
    return (level * random.standard_normal((num_channels, num_frames))).astype(np.float32)


def plucks(duration_s: float = 2.0, *, sample_rate_hz: int = 48_000) -> FloatArray:
    """Something like a DI guitar: decaying tones of a few partials, twice a second."""
    time_s = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    since_s = time_s % 0.5
    note = np.floor(time_s / 0.5)
    frequency_hz = 110.0 * 2.0 ** (note * 3.0 / 12.0)
    tone = sum(
        np.sin(2.0 * np.pi * partial * frequency_hz * since_s) / partial for partial in range(1, 6)
    )
    attack = 1.0 - np.exp(-since_s / 0.002)
    return (0.2 * tone * attack * np.exp(-since_s / 0.15))[np.newaxis].astype(np.float32)


def cut(signal: FloatArray, chunk_frames: int) -> Iterator[FloatArray]:
    """The signal in chunks."""
    for start in range(0, signal.shape[1], chunk_frames):
        yield signal[:, start : start + chunk_frames]


def level_db(signal: FloatArray) -> float:
    """RMS in decibels relative to full scale; silence gives -400."""
    return float(10.0 * np.log10(np.mean(np.square(signal, dtype=np.float64)) + 1e-40))
