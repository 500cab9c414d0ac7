"""The TOML file that describes a shootout together with the media beside it.

Format version 1. Paths are relative to the file and may not leave its folder.
"""

from jobs.pipeline.formats.shootout_file.chains import (
    GEAR_KEYS,
    IR_KEYS,
    IR_KEYS_OF_KIND,
    FileBlock,
    FileChain,
    FileGear,
    FileIR,
)
from jobs.pipeline.formats.shootout_file.file import (
    CHANNEL_CHOICES,
    DI_KEYS,
    DI_SOURCE_KEYS,
    FILE_KEYS,
    FileDI,
    ShootoutFile,
    read_document,
    read_shootout_file,
    shootout_from_document,
)

__all__ = [
    "CHANNEL_CHOICES",
    "DI_KEYS",
    "DI_SOURCE_KEYS",
    "FILE_KEYS",
    "GEAR_KEYS",
    "IR_KEYS",
    "IR_KEYS_OF_KIND",
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
