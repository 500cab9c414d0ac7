"""Looking at uploads: is this file what it says it is, and fit to be used?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jobs.pipeline.audio.decode import AudioFile, open_audio
from jobs.pipeline.audio.ir_file import probe_ir as probe_ir
from jobs.pipeline.audio.signal import (
    OUTPUT_SAMPLE_RATE_HZ,
    FloatArray,
    Resampler,
    gain_to_db,
)
from jobs.pipeline.audio.waveform import WaveformOutline
from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.recipe import ChannelRule
from jobs.pipeline.step_times import timed_items

MAX_DI_DURATION_S = 600.0
MIN_DI_DURATION_S = 0.4  # one gating block of the loudness meter

# Below this peak there is nothing but the noise of a converter or dither (16 bits: -87 dBFS).
SILENCE_DBFS = -80.0
_SILENCE_GAIN = 10.0 ** (SILENCE_DBFS / 20.0)


@dataclass(frozen=True, slots=True)
class DIProbe:
    """What a DI file is. ``rms_dbfs``: of the mono signal that the channel rule makes, at 48 kHz,
    so that versions of one recording at different rates are staged alike. ``peak_dbfs``: of the
    loudest channel. ``waveform``: peaks per column, linear."""

    sample_rate_hz: int
    num_channels: int
    num_frames: int
    duration_s: float
    format: str
    peak_dbfs: float
    rms_dbfs: float
    is_dual_mono: bool
    waveform: tuple[float, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON-safe, by the names of the fields."""
        return asdict(self)


def probe_di(
    path: Path,
    max_duration_s: float = MAX_DI_DURATION_S,
    channel_rule: ChannelRule = "mix",
    progress: Progress = no_progress,
) -> DIProbe:
    """Decode a whole DI recording.

    Raises what ``open_audio`` and ``AudioFile.blocks`` raise, and ``AUDIO_TOO_LONG``,
    ``AUDIO_TOO_MANY_CHANNELS``, ``DI_TOO_SHORT``, ``DI_NOT_FINITE`` (NaN or infinity in the file),
    ``DI_SILENT``.
    """
    audio = open_audio(path)
    if audio.num_channels > 2:
        raise PipelineError(
            "AUDIO_TOO_MANY_CHANNELS",
            f"The file has {audio.num_channels} channels; a DI recording has one or two.",
        )
    if audio.duration_s > max_duration_s:
        raise _too_long("AUDIO_TOO_LONG", max_duration_s)
    outline = WaveformOutline()
    num_frames, peak, is_dual_mono = 0, 0.0, True
    power = _MeanPower(audio.sample_rate_hz)
    for block in audio.blocks():
        num_frames += block.shape[1]
        if num_frames > max_duration_s * audio.sample_rate_hz:
            raise _too_long("AUDIO_TOO_LONG", max_duration_s)
        _refuse_not_finite(block, "DI_NOT_FINITE", "recording")
        peak = max(peak, float(np.abs(block).max()))
        is_dual_mono = is_dual_mono and bool(np.array_equal(block[0], block[-1]))
        power.add(to_mono(block, channel_rule))
        outline.add(block)
        progress(min(1.0, num_frames / audio.num_frames))
    if num_frames < MIN_DI_DURATION_S * audio.sample_rate_hz:
        raise PipelineError(
            "DI_TOO_SHORT", f"The recording is shorter than {MIN_DI_DURATION_S:g} s."
        )
    rms = power.rms()
    # Also of the mono signal: two channels out of phase add up to nothing.
    if peak < _SILENCE_GAIN or rms < _SILENCE_GAIN / 100.0:
        raise PipelineError("DI_SILENT", "The recording is silent.")
    warnings: tuple[str, ...] = ()
    if audio.num_channels == 2 and not is_dual_mono:
        warnings = (_CHANNEL_WARNINGS[channel_rule],)
    return DIProbe(
        sample_rate_hz=audio.sample_rate_hz,
        num_channels=audio.num_channels,
        num_frames=num_frames,
        duration_s=num_frames / audio.sample_rate_hz,
        format=audio.format,
        peak_dbfs=gain_to_db(peak),
        rms_dbfs=gain_to_db(rms),
        is_dual_mono=audio.num_channels == 2 and is_dual_mono,
        waveform=outline.columns(),
        warnings=warnings,
    )


class _MeanPower:
    """RMS of a mono stream, heard at 48 kHz."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._resampler = Resampler(sample_rate_hz, OUTPUT_SAMPLE_RATE_HZ, 1)
        self._energy = 0.0
        self._num_frames = 0

    def add(self, block: FloatArray) -> None:
        """Hear ``(1, n)``."""
        self._count(self._resampler.process(block))

    def rms(self) -> float:
        """Linear; ends the stream."""
        self._count(self._resampler.finish())
        return math.sqrt(self._energy / max(self._num_frames, 1))

    def _count(self, block: FloatArray) -> None:
        # Not a dot product: BLAS would wake its threads for it, which costs more than the sum
        # when other segments keep the cores busy.
        self._energy += float(np.square(block, dtype=np.float64).sum())
        self._num_frames += block.shape[1]


_CHANNEL_WARNINGS: dict[ChannelRule, str] = {
    "mix": "The two channels of the DI differ; they were mixed to one.",
    "left": "The two channels of the DI differ; the left one was used.",
    "right": "The two channels of the DI differ; the right one was used.",
}


def to_mono(block: FloatArray, channel_rule: ChannelRule) -> FloatArray:
    """One channel ``(1, n)`` of one or two. Identical channels pass unchanged, whatever the rule:
    half the sum of two equal numbers is exact.
    """
    if block.shape[0] == 1:
        return block
    match channel_rule:
        case "left":
            return block[:1]
        case "right":
            return block[1:2]
        case "mix":
            return (block[:1] + block[1:2]) * np.float32(0.5)


@timed_items("decode_stage")
def mono_blocks(audio: AudioFile, channel_rule: ChannelRule) -> Iterator[FloatArray]:
    """Decode a file as one channel, blocks ``(1, n)``."""
    for block in audio.blocks():
        yield to_mono(block, channel_rule)


def _too_long(code: str, max_duration_s: float) -> PipelineError:
    limit = f"{max_duration_s / 60:g} minutes" if max_duration_s >= 120 else f"{max_duration_s:g} s"
    return PipelineError(code, f"The sound is longer than {limit}.")


def _refuse_not_finite(block: FloatArray, code: str, name: str) -> None:
    if not np.isfinite(block).all():
        raise PipelineError(code, f"The {name} holds values that are not numbers (NaN, infinity).")
