"""A short piece of a DI as an amp would get it, to hear which channel is the guitar."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from jobs.pipeline.measure.channels import mono_chunks
from jobs.pipeline.recipe import ChannelRule
from jobs.pipeline.signal.decode import open_audio
from jobs.pipeline.signal.samples import FloatArray, empty
from jobs.pipeline.signal.trim import Trim

MAX_PREVIEW_S = 15.0


def di_preview_wav(path: Path, channel_rule: ChannelRule, trim: Trim) -> bytes:
    """A 16-bit mono WAV of the first 15 s of what is played, as loud as it is in the file.

    Raises what ``played_passage`` raises.
    """
    return wav_16(*played_passage(path, channel_rule, trim, MAX_PREVIEW_S))


def played_passage(
    path: Path, channel_rule: ChannelRule, trim: Trim, max_duration_s: float
) -> tuple[FloatArray, int]:
    """The beginning of what is played, ``(1, n)``, and its rate in Hz.

    Raises what ``open_audio``, ``AudioFile.chunks`` and ``trimmed_chunks`` raise.
    """
    audio = open_audio(path)
    num_wanted = round(max_duration_s * audio.sample_rate_hz)
    chunks: list[FloatArray] = [empty(1)]
    num_frames = 0
    for chunk in mono_chunks(audio, channel_rule, trim):
        chunks.append(chunk[:, : num_wanted - num_frames])
        num_frames += chunks[-1].shape[1]
        if num_frames >= num_wanted:
            break
    return np.concatenate(chunks, axis=1), audio.sample_rate_hz


def wav_16(signal: FloatArray, sample_rate_hz: int) -> bytes:
    """A 16-bit WAV of one channel ``(1, n)``; what is above full scale is clipped."""
    file = io.BytesIO()
    samples = signal[0].clip(-1.0, 1.0)
    soundfile.write(file, samples, sample_rate_hz, format="WAV", subtype="PCM_16")
    return file.getvalue()
