"""Is the whole file there? A look at the chunks of WAV and AIFF and the last page of OGG.

libsndfile plays such a file up to where it is cut off, without a word.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

# Writers that cannot seek (pipes) leave a size near 2^31 or 2^32, or zero, in the header.
_UNKNOWN_SIZE = 0x7FFF_0000
_MAX_CHUNKS = 4096

# An OGG page: 27 bytes of header, up to 255 lengths, up to 255 × 255 bytes.
_OGG_HEADER_BYTES = 27
_MAX_OGG_PAGE_BYTES = _OGG_HEADER_BYTES + 255 + 255 * 255


def is_cut_off(path: Path) -> bool:
    """Whether a WAV or AIFF ends before the sound that its header announces, an OGG inside a page.

    Files of any other kind, and headers without a size, give ``False``.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12:
            return False
        match head[:4], head[8:]:
            case b"RIFF", b"WAVE":
                return _sound_is_cut(file, size_bytes, b"data", "<I")
            case b"RIFX", b"WAVE":
                return _sound_is_cut(file, size_bytes, b"data", ">I")
            case b"FORM", b"AIFF" | b"AIFC":
                return _sound_is_cut(file, size_bytes, b"SSND", ">I")
            case b"OggS", _:
                return _last_page_is_cut(file, size_bytes)
            case _:
                return False


def _sound_is_cut(file: BinaryIO, size_bytes: int, wanted: bytes, size_format: str) -> bool:
    position = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            return False  # no chunk of sound at all: for the decoder to refuse
        (chunk_bytes,) = struct.unpack(size_format, header[4:])
        if header[:4] == wanted:
            return bool(chunk_bytes < _UNKNOWN_SIZE and position + 8 + chunk_bytes > size_bytes)
        position += 8 + chunk_bytes + chunk_bytes % 2
    return False


def _last_page_is_cut(file: BinaryIO, size_bytes: int) -> bool:
    file.seek(max(0, size_bytes - _MAX_OGG_PAGE_BYTES))
    end = file.read()
    page = end[max(0, end.rfind(b"OggS")) :]
    if len(page) < _OGG_HEADER_BYTES:
        return True
    num_lengths = page[_OGG_HEADER_BYTES - 1]
    lengths = page[_OGG_HEADER_BYTES : _OGG_HEADER_BYTES + num_lengths]
    return len(page) < _OGG_HEADER_BYTES + num_lengths + sum(lengths)
