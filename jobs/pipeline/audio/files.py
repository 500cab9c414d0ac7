"""Sound files: decode, probe, encode. The door that the rest of GTS comes through."""

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
from jobs.pipeline.audio.ir_file import (
    MAX_IR_DURATION_S,
    MAX_UNTOLD_LEAD_S,
    IRProbe,
    has_lead,
    ir_notes,
    probe_ir,
)
from jobs.pipeline.audio.probe import (
    MAX_DI_DURATION_S,
    DIProbe,
    probe_di,
)
from jobs.pipeline.audio.space_file import (
    MAX_SPACE_DURATION_S,
    MAX_UNTOLD_PRE_DELAY_S,
    TRUE_STEREO_CHANNELS,
    probe_space,
    space_channels_error,
    space_notes,
)
from jobs.pipeline.audio.wav_f32 import WavF32Writer

__all__ = [
    "MAX_DI_DURATION_S",
    "MAX_IR_DURATION_S",
    "MAX_SAMPLE_RATE_HZ",
    "MAX_SPACE_DURATION_S",
    "MAX_UNTOLD_LEAD_S",
    "MAX_UNTOLD_PRE_DELAY_S",
    "MIN_SAMPLE_RATE_HZ",
    "TRUE_STEREO_CHANNELS",
    "AudioFile",
    "DIProbe",
    "IRProbe",
    "PcmWritten",
    "WavF32Writer",
    "has_lead",
    "ir_notes",
    "mono_blocks",
    "open_audio",
    "probe_di",
    "probe_ir",
    "probe_space",
    "space_channels_error",
    "space_notes",
    "write_pcm_24",
    "write_wav_f32",
]
