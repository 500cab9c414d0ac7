"""The files of spaces: reverb impulse responses whose channels all sound.

One channel is heard alike from left and right; two are left and right; four are true stereo, in the
usual order: left to left, left to right, right to left, right to right.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.recipe import DEFAULT_IR_SETTINGS, IRSettings
from jobs.pipeline.render.ir_facts import (
    MAX_SPACE_DURATION_S,
    TRUE_STEREO_CHANNELS,
    IRProbe,
    space_channels_error,
    space_notes,
)
from jobs.pipeline.render.ir_file import (
    Heard,
    IRReading,
    cut_reading,
    facts_of,
    long_enough,
    loud_channels,
    name_of_channel,
    not_silent,
    open_ir,
)
from jobs.pipeline.signal.decode import AudioFile
from jobs.pipeline.signal.samples import FloatArray


def probe_space(path: Path, settings: IRSettings = DEFAULT_IR_SETTINGS) -> IRProbe:
    """Decode a whole space. Raises as ``probe_ir``, and SPACE_CHANNELS_UNSUPPORTED."""
    audio, heard = _heard_in(path)
    return long_enough(_probe(audio, heard, settings))


def read_space(path: Path, settings: IRSettings = DEFAULT_IR_SETTINGS) -> IRReading:
    """All channels of a space, as ``settings`` say, with one beginning and one end for all.

    Of one that lasts longer than 10 s what follows is left out, as of a cabinet after 2 s. Raises
    as ``probe_space``, except that it takes a response of any length above zero.
    """
    audio, heard = _heard_in(path)
    warnings = _probe(audio, heard, settings).warnings
    return cut_reading(audio, heard, settings, MAX_SPACE_DURATION_S, warnings)


def _probe(audio: AudioFile, heard: Heard, settings: IRSettings) -> IRProbe:
    probe = facts_of(audio, heard)
    return replace(probe, warnings=tuple(space_notes(probe.as_json(), settings)))


def _heard_in(path: Path) -> tuple[AudioFile, Heard]:
    audio = open_ir(path)
    wrong = space_channels_error(audio.num_channels)
    if wrong:
        raise PipelineError("SPACE_CHANNELS_UNSUPPORTED", wrong)
    loud, _ = loud_channels(audio)
    return audio, not_silent(_as_heard(audio, _samples(audio), loud))


def _samples(audio: AudioFile) -> FloatArray:
    """All of it, once: at most 30 s of four channels at 192 kHz, 92 MB."""
    samples = np.zeros((audio.num_channels, audio.num_frames), dtype=np.float32)
    start = 0
    for block in audio.blocks(num_frames=audio.num_frames):
        samples[:, start : start + block.shape[1]] = block
        start += block.shape[1]
    return samples


def _as_heard(audio: AudioFile, samples: FloatArray, loud: list[int]) -> Heard:
    """Two channels that are the same are one, as is one beside silence."""
    if audio.num_channels == 1:
        return Heard(samples, "mono")
    if audio.num_channels == TRUE_STEREO_CHANNELS:
        return Heard(samples, "true_stereo", has_choice=True)
    if len(loud) == 1:
        [only] = loud
        return Heard(samples[loud], "mono", only_channel=name_of_channel(audio, only))
    if bool((samples[0] == samples[1]).all()):
        return Heard(samples[:1], "mono")
    return Heard(samples, "stereo", has_choice=True)
