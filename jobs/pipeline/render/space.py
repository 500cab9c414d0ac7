"""Spaces: reverb impulse responses beside the dry signal."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import DEFAULT_IR_SETTINGS, IRSettings
from jobs.pipeline.render.cab import taps_at_rate
from jobs.pipeline.render.ir_file import envelope, num_sounding, read_space
from jobs.pipeline.signal.convolution import UNIT_FRAMES, PartitionedConvolution, PartitionedTaps
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, FloatArray, empty, gain_to_db

# Of one with nothing below 24 kHz; the softest file that is taken has ten times as much.
_SILENT_ENERGY = 1e-9

# Which channel each channel of a response is heard from, and where: of two, and of true stereo.
_WAYS = {2: ((0, 0), (1, 1)), 4: ((0, 0), (0, 1), (1, 0), (1, 1))}


@dataclass(frozen=True)
class SpaceResponse:
    """``taps``: ``(1, 2 or 4, n)`` at ``sample_rate_hz``; those at ``lead_frames`` are time zero
    (resampling rings a little ahead of it). ``facts``: what became of the file, JSON-safe.
    """

    taps: NDArray[np.float64]
    lead_frames: int
    sample_rate_hz: int
    warnings: tuple[str, ...]
    facts: Mapping[str, Any]

    @property
    def is_stereo(self) -> bool:
        return len(self.taps) > 1

    @property
    def tail_s(self) -> float:
        """How long a sound goes on after it has ended."""
        num_frames = int(self.taps.shape[1])
        return (num_frames - 1 - self.lead_frames) / self.sample_rate_hz

    def paths(self, num_channels: int) -> tuple[PartitionedTaps, ...]:
        """Laid out once for all signals of one channel, which hears the mean of both sides, or
        two."""
        return self._stereo if self.is_stereo and num_channels > 1 else self._alike[:num_channels]

    @functools.cached_property
    def _alike(self) -> tuple[PartitionedTaps, ...]:
        left = PartitionedTaps.of(self.taps.sum(axis=0) / min(len(self.taps), 2), 0, 0)
        return left, PartitionedTaps(1, 1, left.real, left.imaginary)

    @functools.cached_property
    def _stereo(self) -> tuple[PartitionedTaps, ...]:
        ways = _WAYS[len(self.taps)]
        return tuple(
            PartitionedTaps.of(taps, source, target)
            for taps, (source, target) in zip(self.taps, ways, strict=True)
            if taps.any()
        )


def load_space(
    path: Path, sample_rate_hz: int, settings: IRSettings = DEFAULT_IR_SETTINGS
) -> SpaceResponse:
    """Read a space for a chain at ``sample_rate_hz``, as ``settings`` say.

    Scaled by one factor for all channels so that white noise comes out as loud as it went in:
    Σh² = 1 at 48 kHz; of two and four channels on the mean of both sides, and of signals there that
    have nothing in common. So swapping spaces changes the room and not how much of it there is,
    and a mix means the same for all. Raises as ``read_space``.
    """
    reading = read_space(path, settings)
    rate_hz, samples = reading.audio.sample_rate_hz, reading.samples
    taps = samples[:, : num_sounding(envelope(samples))].astype(np.float64)
    resampled, lead_frames = taps_at_rate(taps, rate_hz, sample_rate_hz)
    measured, _ = taps_at_rate(taps, rate_hz, OUTPUT_SAMPLE_RATE_HZ)
    num_sides = min(len(taps), 2)
    energy = float(np.square(measured).sum())
    if energy < _SILENT_ENERGY:
        raise PipelineError("IR_SILENT", "Nothing in the impulse response can be heard.")
    scaling = math.sqrt(num_sides / energy)
    return SpaceResponse(
        taps=resampled * scaling,
        lead_frames=lead_frames,
        sample_rate_hz=sample_rate_hz,
        warnings=reading.warnings,
        facts={
            "source_sample_rate_hz": rate_hz,
            "source_num_frames": reading.num_source_frames,
            "scaling_db": gain_to_db(scaling),
            **reading.treatment(),
        },
    )


class SpaceProcessor:
    """A space beside the dry signal, which passes on the sample: dry·x + wet·(h ∗ x), linear.

    Units always have the same number of frames, so the result does not depend, to the bit, on how
    the signal is cut. As many frames out as in, without delay: the tail is what silence behind the
    signal becomes.
    """

    def __init__(self, response: SpaceResponse, num_channels: int, mix_pct: float) -> None:
        self._convolution = PartitionedConvolution(response.paths(num_channels), num_channels)
        self._wet_gain = np.float32(mix_pct / 100.0)
        self._dry_gain = np.float32(1.0 - mix_pct / 100.0)
        self._lead_frames = self._to_drop = response.lead_frames
        self._pending = empty(num_channels)  # too few for a unit yet
        self._dry = empty(num_channels)  # what waits for its wet part

    def process(self, chunk: FloatArray) -> FloatArray:
        """``(channels, n)`` to ``(channels, m)``: what whole units of the signal have answered."""
        self._dry = np.concatenate([self._dry, chunk], axis=1)
        pending = np.concatenate([self._pending, chunk], axis=1)
        num_ready = pending.shape[1] // UNIT_FRAMES * UNIT_FRAMES
        self._pending = pending[:, num_ready:].copy()
        units = [
            self._convolution.process(pending[:, start : start + UNIT_FRAMES])
            for start in range(0, num_ready, UNIT_FRAMES)
        ]
        wet = np.concatenate([empty(len(pending)), *units], axis=1)
        num_dropped = min(self._to_drop, wet.shape[1])
        self._to_drop -= num_dropped
        return self._mixed(wet[:, num_dropped:])

    def finish(self) -> FloatArray:
        """The frames that were kept back."""
        num_kept = self._dry.shape[1]
        silence = np.zeros((len(self._dry), self._lead_frames + UNIT_FRAMES), dtype=np.float32)
        return self.process(silence)[:, :num_kept]

    def _mixed(self, wet: FloatArray) -> FloatArray:
        num_frames = wet.shape[1]
        dry, self._dry = self._dry[:, :num_frames], self._dry[:, num_frames:].copy()
        out: FloatArray = self._dry_gain * dry + self._wet_gain * wet
        return out
