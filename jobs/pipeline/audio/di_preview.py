"""A short piece of a DI as an amp would get it, to hear which channel is the guitar."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from jobs.pipeline.audio.channels import mono_blocks
from jobs.pipeline.audio.decode import open_audio
from jobs.pipeline.audio.signal import FloatArray, empty
from jobs.pipeline.audio.trim import Trim
from jobs.pipeline.recipe import ChannelRule

MAX_PREVIEW_S = 15.0


def di_preview_wav(path: Path, channel_rule: ChannelRule, trim: Trim) -> bytes:
    """A 16-bit mono WAV of the first 15 s of what is played, as loud as it is in the file.

    Raises what ``open_audio``, ``AudioFile.blocks`` and ``trimmed_blocks`` raise.
    """
    audio = open_audio(path)
    num_wanted = round(MAX_PREVIEW_S * audio.sample_rate_hz)
    blocks: list[FloatArray] = [empty(1)]
    num_frames = 0
    for block in mono_blocks(audio, channel_rule, trim):
        blocks.append(block[:, : num_wanted - num_frames])
        num_frames += blocks[-1].shape[1]
        if num_frames >= num_wanted:
            break
    file = io.BytesIO()
    samples = np.concatenate(blocks, axis=1)[0].clip(-1.0, 1.0)
    soundfile.write(file, samples, audio.sample_rate_hz, format="WAV", subtype="PCM_16")
    return file.getvalue()
