"""The TOML file that describes a shootout together with the media beside it.

Format version 1. Paths are relative to the file and may not leave its folder.
"""

from jobs.pipeline.shootout_file.chains import (
    CAB_SWITCHES,
    SLOTS,
    SPACE_NUMBERS,
    FileBlock,
    FileChain,
    FileIR,
)
from jobs.pipeline.shootout_file.dis import CHANNEL_CHOICES, DI_SOURCE_KEYS, FileDI
from jobs.pipeline.shootout_file.file import (
    OPTION_KEYS,
    ShootoutFile,
    read_document,
    read_shootout_file,
    shootout_from_document,
)
from jobs.pipeline.shootout_file.gear import IR_KEYS, IR_KEYS_OF_KIND, KINDS, FileGear

__all__ = [
    "CAB_SWITCHES",
    "CHANNEL_CHOICES",
    "DI_SOURCE_KEYS",
    "IR_KEYS",
    "IR_KEYS_OF_KIND",
    "KINDS",
    "OPTION_KEYS",
    "SLOTS",
    "SPACE_NUMBERS",
    "FileBlock",
    "FileChain",
    "FileDI",
    "FileGear",
    "FileIR",
    "ShootoutFile",
    "read_document",
    "read_shootout_file",
    "shootout_from_document",
]
