"""Looking at uploads: is this file what it says it is, and fit to be used?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.measure.channels import STEP_S, ChannelMeter, sounding_bounds
from jobs.pipeline.measure.di_facts import (
    MAX_DI_DURATION_S,
    ChannelLevels,
    DIProbe,
    channel_finding,
    resolve_rule,
)
from jobs.pipeline.measure.di_report import ChannelInspector, judge
from jobs.pipeline.recipe import ChannelChoice, ChannelRule
from jobs.pipeline.signal.decode import open_audio, trimmed_chunks
from jobs.pipeline.signal.samples import FloatArray, WaveformOutline, gain_to_db
from jobs.pipeline.signal.trim import MIN_DI_DURATION_S, WHOLE, Trim

# Below this peak there is nothing but the noise of a converter or dither (16 bits: -87 dBFS).
SILENCE_DBFS = -80.0
_SILENCE_GAIN = 10.0 ** (SILENCE_DBFS / 20.0)


def probe_di(
    path: Path,
    max_duration_s: float = MAX_DI_DURATION_S,
    channel_rule: ChannelChoice = "auto",
    trim: Trim = WHOLE,
    progress: Progress = no_progress,
) -> DIProbe:
    """Decode a DI recording, or the part of it between the ends of ``trim``, and judge it.

    Raises what ``open_audio`` and ``AudioFile.chunks`` raise, and ``AUDIO_TOO_LONG``,
    ``AUDIO_TOO_MANY_CHANNELS``, ``DI_TOO_SHORT``, ``DI_NOT_FINITE`` (NaN or infinity in the file),
    ``DI_IMPLAUSIBLE_LEVEL`` (above +40 dBFS), ``DI_TRIM_INVALID``, ``DI_SILENT``,
    ``DI_CHANNELS_CANCEL`` (a mix was asked for of channels whose sum is silent).
    """
    audio = open_audio(path)
    if audio.num_channels > 2:
        raise PipelineError(
            "AUDIO_TOO_MANY_CHANNELS",
            f"The file has {audio.num_channels} channels; a DI track has one or two.",
        )
    if audio.duration_s > max_duration_s:
        raise _too_long("AUDIO_TOO_LONG", max_duration_s)
    outline = WaveformOutline()
    num_frames, peak = 0, 0.0
    meter = ChannelMeter(audio.sample_rate_hz, audio.num_channels)
    inspectors = [ChannelInspector(audio.sample_rate_hz) for _ in range(audio.num_channels)]
    for chunk in trimmed_chunks(audio, trim):
        num_frames += chunk.shape[1]
        if num_frames > max_duration_s * audio.sample_rate_hz:
            raise _too_long("AUDIO_TOO_LONG", max_duration_s)
        _refuse_not_finite(chunk, "DI_NOT_FINITE", "DI track")
        for inspector, samples in zip(inspectors, chunk, strict=True):
            inspector.push(samples)
        peak = max(peak, float(np.abs(chunk).max()))
        meter.push(chunk)
        outline.add(chunk)
        progress(min(1.0, num_frames / audio.num_frames))
    if num_frames < MIN_DI_DURATION_S * audio.sample_rate_hz:
        raise PipelineError(
            "DI_TOO_SHORT", f"The DI track is shorter than {MIN_DI_DURATION_S:g} s."
        )
    levels = meter.result()
    rule = resolve_rule(channel_rule, levels)
    rms_dbfs = _audible(levels, rule, peak)
    duration_s = num_frames / audio.sample_rate_hz
    used = _used(inspectors, rule)
    of_channels = channel_finding(levels, rule)
    report = judge(used, level_dbfs=rms_dbfs, sample_format=audio.format)
    if of_channels is not None:
        report = (of_channels, *report)
    bounds = sounding_bounds(meter.meter(rule).step_powers(), _SOUND_EDGE_DB)
    return DIProbe(
        sample_rate_hz=audio.sample_rate_hz,
        num_channels=audio.num_channels,
        num_frames=num_frames,
        duration_s=duration_s,
        format=audio.format,
        peak_dbfs=gain_to_db(peak),
        rms_dbfs=rms_dbfs,
        is_dual_mono=levels.layout == "identical",
        waveform=outline.columns(),
        warnings=tuple(found.message for found in report if found.severity == "warning"),
        channel_rule=rule,
        channels=levels,
        sound_start_s=bounds[0] * STEP_S,
        sound_end_s=min(duration_s, bounds[1] * STEP_S),
        report=report,
    )


# Sound that is this far below the loudest is not missed at the ends of a recording.
_SOUND_EDGE_DB = -55.0


def _audible(levels: ChannelLevels, rule: ChannelRule, peak: float) -> float:
    """The gated level of the one channel that goes into the amp."""
    level_dbfs = levels.level_dbfs(rule)
    if peak < _SILENCE_GAIN or levels.louder_dbfs() < SILENCE_DBFS - 40.0:
        raise PipelineError("DI_SILENT", "The DI track is silent.")
    if level_dbfs is not None and level_dbfs >= SILENCE_DBFS - 40.0:
        return level_dbfs
    if rule == "mix":
        raise PipelineError(
            "DI_CHANNELS_CANCEL",
            "The two channels are out of phase: mixed they are silent. Choose left or right.",
        )
    raise PipelineError("DI_SILENT", f"The {rule} channel of the DI track is silent.")


def _used(inspectors: list[ChannelInspector], rule: ChannelRule) -> list[ChannelInspector]:
    if len(inspectors) == 1 or rule == "mix":
        return inspectors
    return inspectors[:1] if rule == "left" else inspectors[1:]


def _too_long(code: str, max_duration_s: float) -> PipelineError:
    limit = f"{max_duration_s / 60:g} minutes" if max_duration_s >= 120 else f"{max_duration_s:g} s"
    return PipelineError(code, f"The sound is longer than {limit}.")


def _refuse_not_finite(chunk: FloatArray, code: str, name: str) -> None:
    if not np.isfinite(chunk).all():
        raise PipelineError(code, f"The {name} holds values that are not numbers (NaN, infinity).")
