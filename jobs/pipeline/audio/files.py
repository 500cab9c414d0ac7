"""Sound files: decode, probe, encode. The door that the rest of GTS comes through.

What there is to say of them without reading them is in ``ir_facts``, ``di_facts`` and ``trim``.
"""

from jobs.pipeline.audio.channels import mono_blocks
from jobs.pipeline.audio.decode import (
    MAX_SAMPLE_RATE_HZ,
    MIN_SAMPLE_RATE_HZ,
    AudioFile,
    open_audio,
)
from jobs.pipeline.audio.encode import (
    PcmWritten,
    write_pcm_24,
    write_wav_f32,
)
from jobs.pipeline.audio.ir_file import probe_ir
from jobs.pipeline.audio.probe import probe_di
from jobs.pipeline.audio.space_file import probe_space
from jobs.pipeline.audio.wav_f32 import WavF32Writer

__all__ = [
    "MAX_SAMPLE_RATE_HZ",
    "MIN_SAMPLE_RATE_HZ",
    "AudioFile",
    "PcmWritten",
    "WavF32Writer",
    "mono_blocks",
    "open_audio",
    "probe_di",
    "probe_ir",
    "probe_space",
    "write_pcm_24",
    "write_wav_f32",
]
