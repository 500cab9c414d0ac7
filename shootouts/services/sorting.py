"""What a sound file is taken for, until its owner says otherwise: its content says it, and where
that leaves a doubt its name and the names of its folders."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from gear.models.item import GearKind
from jobs.files.reading import AudioKindFound
from jobs.pipeline.render.ir_facts import MAX_IR_DURATION_S, TRUE_STEREO_CHANNELS
from shootouts.models.upload import DI

ARCHIVE_SUFFIX: Final = ".zip"
# Kinds of files in which only DI tracks come.
ONLY_DI_SUFFIXES: Final = (".ogg", ".mp3")
SOUND_SUFFIXES: Final = (".wav", ".flac", ".aif", ".aiff", *ONLY_DI_SUFFIXES)

# Shorter than this nothing was played.
_MIN_PLAYED_S: Final = 1.0
# From here on the energy is spread as in a room, and not as in front of a loudspeaker.
_MIN_ROOM_CENTER_S: Final = 0.05


def words_of(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))


_IR_WORDS: Final = words_of(
    "ir irs impulse impulses cab cabs cabinet cabinets speaker 1x12 2x12 4x12 1x10 2x10 4x10 1x15 "
    "sm57 sm7b md421 r121 m160 e906 e609 i5 u87 u47 c414 v30 greenback g12m g12h"
)
_SPACE_WORDS: Final = words_of("reverb reverbs room rooms hall halls plate spring space")
_DI_WORDS: Final = words_of("di dis dry direct riff riffs take takes")


def sorted_kind(found: AudioKindFound, folder: str, file_name: str) -> str:
    """``di``, ``cab`` or ``space``."""
    if PurePosixPath(file_name.lower()).suffix in ONLY_DI_SUFFIXES:
        return DI
    words = words_of(f"{folder}/{PurePosixPath(file_name).stem}")
    # A DI of a cabinet's name is one of that folder's impulse responses.
    says_ir = bool(words & (_IR_WORDS | _SPACE_WORDS))
    says_di = bool(words & _DI_WORDS) and not says_ir
    match found.likeness:
        case "impulse":
            is_ir = not says_di or found.duration_s < _MIN_PLAYED_S
        case "unsure":
            is_ir = not says_di and (says_ir or found.duration_s < _MIN_PLAYED_S)
        case _:
            is_ir = says_ir and found.duration_s <= MAX_IR_DURATION_S
    if not is_ir:
        return DI
    is_space = (
        found.num_channels == TRUE_STEREO_CHANNELS
        or bool(words & _SPACE_WORDS)
        or (found.center_s >= _MIN_ROOM_CENTER_S and not words & _IR_WORDS)
    )
    return GearKind.SPACE if is_space else GearKind.CAB
