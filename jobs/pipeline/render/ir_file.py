"""Impulse response files: which channel is heard, where the response begins and where it ends.

Of a cabinet one channel is heard; of a space, a reverb, all sound: one channel alike from left and
right; two are left and right; four are true stereo, in the usual order: left to left, left to
right, right to left, right to right.

A file is read as its settings say, and what was done to it is told: the same file with the same
settings gives the same samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import DEFAULT_IR_SETTINGS, IRSettings
from jobs.pipeline.render.ir_facts import (
    CUT_TAIL_END_DB,
    MAX_IR_DURATION_S,
    MAX_SPACE_DURATION_S,
    TRUE_STEREO_CHANNELS,
    IRProbe,
    ir_notes,
    space_channels_error,
    space_notes,
)
from jobs.pipeline.render.ir_picture import outline, response_db
from jobs.pipeline.signal.decode import AudioFile, open_audio
from jobs.pipeline.signal.samples import FloatArray, db_to_gain, gain_to_db

# Silence after the sound does not count, but a file of hours need not be looked through.
MAX_IR_FILE_DURATION_S: Final = 30.0
MIN_IR_FRAMES: Final = 32
IR_TAIL_END_DB: Final = -90.0  # below the peak: what follows the last sample above it is silence

# Over how long a time one fades that is cut.
FADE_S: Final = 0.050
# Below the peak: what comes before the first sample above it is silence in front.
LEAD_END_DB: Final = -60.0

# A channel so far below the loudest holds no sound of its own.
QUIET_CHANNEL_DB: Final = -40.0
_QUIET_ENERGY: Final = db_to_gain(QUIET_CHANNEL_DB) ** 2
_SILENCE_GAIN: Final = db_to_gain(-80.0)

ChannelFound: TypeAlias = Literal["mono", "left", "right", "mix", "stereo", "true_stereo"]


@dataclass(frozen=True, slots=True)
class IRReading:
    """An impulse response as it is heard.

    ``samples``: ``(channels, n)`` at the file's rate, one channel of a cabinet; trimmed in front
    and faded out as wanted, with the silence after it where nothing was cut. ``num_source_frames``:
    of the file. ``channel``: what was heard. ``num_trimmed_frames``: of silence left out in front.
    ``tail_end_db``: below the peak, where the response ends; ``num_cut_frames``: of sound left out
    there.
    """

    audio: AudioFile
    samples: FloatArray
    num_source_frames: int
    channel: ChannelFound
    num_trimmed_frames: int
    tail_end_db: float
    num_cut_frames: int
    warnings: tuple[str, ...]

    def treatment(self) -> dict[str, Any]:
        """JSON-safe: what was done to the file."""
        return {
            "channel": self.channel,
            "num_trimmed_frames": self.num_trimmed_frames,
            "tail_end_db": self.tail_end_db,
            "num_cut_frames": self.num_cut_frames,
        }


def probe_ir(path: Path, settings: IRSettings = DEFAULT_IR_SETTINGS) -> IRProbe:
    """Decode a whole impulse response of a cabinet.

    Raises what ``open_audio`` raises, and ``IR_FORMAT_UNSUPPORTED`` (lossy), ``IR_TOO_SHORT``
    (under 32 frames), ``IR_TOO_LONG`` (a file over 30 s), ``IR_NOT_FINITE``, ``IR_SILENT``.
    """
    audio, heard = _heard_in_cab(path, settings)
    return _drawn(_long_enough(_probe_of_cab(audio, heard, settings)), heard)


def read_ir(path: Path, settings: IRSettings = DEFAULT_IR_SETTINGS) -> IRReading:
    """One channel of an impulse response, as ``settings`` say. Raises as ``probe_ir``, except that
    it takes a response of any length above zero."""
    audio, heard = _heard_in_cab(path, settings)
    warnings = _probe_of_cab(audio, heard, settings).warnings
    return _cut_reading(audio, heard, settings, MAX_IR_DURATION_S, warnings)


def probe_space(path: Path, settings: IRSettings = DEFAULT_IR_SETTINGS) -> IRProbe:
    """Decode a whole space. Raises as ``probe_ir``, and SPACE_CHANNELS_UNSUPPORTED."""
    audio, heard = _heard_in_space(path)
    return _drawn(_long_enough(_probe_of_space(audio, heard, settings)), heard)


def read_space(path: Path, settings: IRSettings = DEFAULT_IR_SETTINGS) -> IRReading:
    """All channels of a space, as ``settings`` say, with one beginning and one end for all.

    Of one that lasts longer than 10 s what follows is left out, as of a cabinet after 2 s. Raises
    as ``probe_space``, except that it takes a response of any length above zero.
    """
    audio, heard = _heard_in_space(path)
    warnings = _probe_of_space(audio, heard, settings).warnings
    return _cut_reading(audio, heard, settings, MAX_SPACE_DURATION_S, warnings)


def _long_enough(probe: IRProbe) -> IRProbe:
    """``probe`` itself. Raises ``IR_TOO_SHORT``."""
    if probe.num_frames < MIN_IR_FRAMES:
        raise PipelineError(
            "IR_TOO_SHORT",
            f"The impulse response has {probe.num_frames} samples; "
            f"it needs at least {MIN_IR_FRAMES}.",
        )
    return probe


def _drawn(probe: IRProbe, heard: _Heard) -> IRProbe:
    """With what a page draws of it. Not for rendering, which would pay for it each time."""
    return replace(
        probe,
        waveform=outline(envelope(heard.samples)),
        response_db=response_db(heard.samples, probe.sample_rate_hz),
    )


def _cut_reading(
    audio: AudioFile,
    heard: _Heard,
    settings: IRSettings,
    max_duration_s: float,
    warnings: tuple[str, ...],
) -> IRReading:
    """What is heard from where it begins to where it ends, all channels alike."""
    samples = heard.samples
    num_trimmed = num_lead_frames(envelope(samples)) if settings.is_lead_trimmed else 0
    samples = samples[:, num_trimmed:]
    magnitudes = envelope(samples)
    num_heard = num_sounding(magnitudes)
    limit = round(max_duration_s * audio.sample_rate_hz)
    end_db, num_kept = _end(magnitudes, num_heard, limit, settings.tail_end_db)
    if num_kept < num_heard:
        samples = _faded(samples[:, :num_kept], audio.sample_rate_hz)
    return IRReading(
        audio=audio,
        samples=samples,
        num_source_frames=heard.samples.shape[1],
        channel=heard.channel,
        num_trimmed_frames=num_trimmed,
        tail_end_db=end_db,
        num_cut_frames=num_heard - num_kept,
        warnings=warnings,
    )


def _probe_of_cab(audio: AudioFile, heard: _Heard, settings: IRSettings) -> IRProbe:
    probe = _facts_of(audio, heard)
    return replace(probe, warnings=tuple(ir_notes(probe.as_json(), settings)))


def _probe_of_space(audio: AudioFile, heard: _Heard, settings: IRSettings) -> IRProbe:
    probe = _facts_of(audio, heard)
    return replace(probe, warnings=tuple(space_notes(probe.as_json(), settings)))


def _facts_of(audio: AudioFile, heard: _Heard) -> IRProbe:
    """Without warnings."""
    rate_hz, taps = audio.sample_rate_hz, envelope(heard.samples)
    return IRProbe(
        sample_rate_hz=rate_hz,
        num_channels=audio.num_channels,
        num_frames=len(taps),
        duration_s=len(taps) / rate_hz,
        sound_s=num_sounding(taps) / rate_hz,
        lead_s=num_lead_frames(taps) / rate_hz,
        only_channel=heard.only_channel,
        has_choice_of_channel=heard.has_choice,
        do_channels_cancel=heard.do_cancel,
        format=audio.format,
        peak_dbfs=gain_to_db(float(taps.max())),
        warnings=(),
    )


def envelope(samples: FloatArray) -> FloatArray:
    """The magnitude of the loudest channel, ``(channels, n)`` to ``(n,)``."""
    return reduce(np.maximum, (np.abs(channel) for channel in samples))


def num_sounding(taps: NDArray[Any], end_db: float = IR_TAIL_END_DB) -> int:
    """Frames of an impulse response ``(n,)`` up to its last one above ``end_db`` of its peak."""
    sounding = _above(taps, end_db)
    return int(sounding[-1]) + 1 if len(sounding) else 0


def num_lead_frames(taps: NDArray[Any]) -> int:
    """Frames of silence before an impulse response ``(n,)`` begins."""
    sounding = _above(taps, LEAD_END_DB)
    return int(sounding[0]) if len(sounding) else 0


def _above(taps: NDArray[Any], level_db: float) -> NDArray[np.intp]:
    magnitudes = np.abs(taps)
    return np.flatnonzero(magnitudes > magnitudes.max() * db_to_gain(level_db))


def _open_ir(path: Path) -> AudioFile:
    audio = open_audio(path)
    if audio.format not in ("WAV", "AIFF", "FLAC"):
        raise PipelineError(
            "IR_FORMAT_UNSUPPORTED", "An impulse response must be a WAV, AIFF or FLAC file."
        )
    if audio.duration_s > MAX_IR_FILE_DURATION_S:
        raise PipelineError(
            "IR_TOO_LONG",
            f"The file is longer than {MAX_IR_FILE_DURATION_S:g} s: is it a recording?",
        )
    return audio


@dataclass(frozen=True, slots=True)
class _Heard:
    """``samples``: ``(channels, n)`` of a whole file; the rest as in ``IRReading``, ``IRProbe``."""

    samples: FloatArray
    channel: ChannelFound
    only_channel: str = ""
    has_choice: bool = False
    do_cancel: bool = False


def _heard_in_cab(path: Path, settings: IRSettings) -> tuple[AudioFile, _Heard]:
    audio = _open_ir(path)
    return audio, _not_silent(_choose_channel(audio, settings))


def _heard_in_space(path: Path) -> tuple[AudioFile, _Heard]:
    audio = _open_ir(path)
    wrong = space_channels_error(audio.num_channels)
    if wrong:
        raise PipelineError("SPACE_CHANNELS_UNSUPPORTED", wrong)
    loud, _ = _loud_channels(audio)
    return audio, _not_silent(_as_heard(audio, _samples(audio), loud))


def _not_silent(heard: _Heard) -> _Heard:
    """``heard`` itself. Raises ``IR_SILENT``."""
    if float(np.abs(heard.samples).max()) < _SILENCE_GAIN:
        raise _silent()
    return heard


def _choose_channel(audio: AudioFile, settings: IRSettings) -> _Heard:
    """Where the sound is; ``settings`` decide only where several channels sound and differ."""
    sounding, loudest = _loud_channels(audio)
    if audio.num_channels == 1:
        return _Heard(_mean(audio, sounding), "mono")
    if len(sounding) == 1:
        name: ChannelFound = "left" if sounding[0] == 0 else "right"
        where = _name_of_channel(audio, sounding[0])
        return _Heard(_mean(audio, sounding), name, only_channel=where)
    if all(bool((chunk[sounding] == chunk[sounding[0]]).all()) for chunk in audio.chunks()):
        return _Heard(_mean(audio, sounding[:1]), "mono")
    mixed = _mean(audio, sounding)
    do_cancel = float(np.square(mixed, dtype=np.float64).sum()) <= loudest * _QUIET_ENERGY
    if settings.channel_rule == "mix" and not do_cancel:
        return _Heard(mixed, "mix", has_choice=True)
    side: ChannelFound = "right" if settings.channel_rule == "right" else "left"
    taken = sounding[1 if side == "right" else 0]
    return _Heard(_mean(audio, [taken]), side, has_choice=True, do_cancel=do_cancel)


def _samples(audio: AudioFile) -> FloatArray:
    """All of it, once: at most 30 s of four channels at 192 kHz, 92 MB."""
    samples = np.zeros((audio.num_channels, audio.num_frames), dtype=np.float32)
    start = 0
    for chunk in audio.chunks(num_frames=audio.num_frames):
        samples[:, start : start + chunk.shape[1]] = chunk
        start += chunk.shape[1]
    return samples


def _as_heard(audio: AudioFile, samples: FloatArray, loud: list[int]) -> _Heard:
    """Two channels that are the same are one, as is one beside silence."""
    if audio.num_channels == 1:
        return _Heard(samples, "mono")
    if audio.num_channels == TRUE_STEREO_CHANNELS:
        return _Heard(samples, "true_stereo", has_choice=True)
    if len(loud) == 1:
        [only] = loud
        return _Heard(samples[loud], "mono", only_channel=_name_of_channel(audio, only))
    if bool((samples[0] == samples[1]).all()):
        return _Heard(samples[:1], "mono")
    return _Heard(samples, "stereo", has_choice=True)


def _loud_channels(audio: AudioFile) -> tuple[list[int], float]:
    """Those within 40 dB of the loudest, and its energy. Raises IR_SILENT, IR_NOT_FINITE."""
    energies = _energies(audio)
    loudest = float(energies.max())
    loud = [int(i) for i in np.flatnonzero(energies > loudest * _QUIET_ENERGY)]
    if not loud:
        raise _silent()
    return loud, loudest


def _name_of_channel(audio: AudioFile, channel: int) -> str:
    if audio.num_channels == 2:
        return ("left", "right")[channel]
    return f"number {channel + 1} of {audio.num_channels}"


def _silent() -> PipelineError:
    return PipelineError("IR_SILENT", "The impulse response is silent.")


def _energies(audio: AudioFile) -> NDArray[np.float64]:
    """Of each channel, over the whole file."""
    energies = np.zeros(audio.num_channels)
    for chunk in audio.chunks():
        if not np.isfinite(chunk).all():
            raise PipelineError(
                "IR_NOT_FINITE",
                "The impulse response holds values that are not numbers (NaN, infinity).",
            )
        energies += np.square(chunk, dtype=np.float64).sum(axis=1)
    return energies


def _mean(audio: AudioFile, channels: Sequence[int]) -> FloatArray:
    """Of some channels, ``(1, n)``; of one it is that channel. At most 30 s at 192 kHz."""
    gain = np.float32(1.0 / len(channels))
    parts = [
        chunk[channels].sum(axis=0, dtype=np.float32, keepdims=True) * gain
        for chunk in audio.chunks()
    ]
    return np.concatenate(parts, axis=1)


def _end(
    magnitudes: NDArray[Any], num_heard: int, limit: int, tail_end_db: float | None
) -> tuple[float, int]:
    """Where a response ends, below its peak and in frames. Never after ``limit``: where it is
    louder than wanted there, that is where it ends."""
    if tail_end_db is None:
        tail_end_db = IR_TAIL_END_DB if num_heard <= limit else CUT_TAIL_END_DB
    num_kept = num_sounding(magnitudes, tail_end_db)
    if num_kept <= limit:
        return tail_end_db, num_kept
    return gain_to_db(float(magnitudes[limit:].max() / magnitudes.max())), limit


def _faded(samples: FloatArray, rate_hz: int) -> FloatArray:
    """The last 50 ms, or a quarter of it where that is shorter, fall as half a cosine."""
    num_frames = samples.shape[1]
    num_fade = min(round(FADE_S * rate_hz), num_frames // 4)
    faded = samples.copy()
    phase = np.pi * (np.arange(num_fade) + 1.0) / (num_fade + 1.0)
    faded[:, num_frames - num_fade :] *= (0.5 + 0.5 * np.cos(phase)).astype(np.float32)
    return faded
