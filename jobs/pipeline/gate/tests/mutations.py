"""Spoilt files of every kind that strangers may send, the same for the same seed."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from jobs.pipeline.formats.shootout_archive import ArchiveLimits
from jobs.pipeline.gate.messages import (
    READ_AUDIO_KIND,
    READ_DI,
    READ_IR,
    READ_NAM,
    UNPACK_ARCHIVE,
    UNPACK_FILES,
    ReadTask,
)
from jobs.pipeline.nam.tests import own_models
from jobs.pipeline.tests.signals import plucks

_RATE_HZ: Final = 48_000
_DEMO: Final = Path(__file__).resolve().parents[4] / "shootouts" / "demo"
_LIMITS: Final = ArchiveLimits(max_file_bytes=4 * 1024 * 1024, max_total_bytes=64 * 1024 * 1024)
# What headers count in: sizes, rates, channels, frames.
_NUMBERS: Final = (0, 1, 2, 3, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 24)


@dataclass(frozen=True, slots=True)
class Spoilt:
    """``name``: kind and number, by which it is found again. ``arguments``: without the path."""

    name: str
    suffix: str
    data: bytes
    task: ReadTask
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    suffix: str
    files: tuple[bytes, ...]
    task: ReadTask
    arguments: Mapping[str, Any]


def good_files() -> Iterator[Spoilt]:
    """What is spoilt, as it was before: one of each kind."""
    for index, kind in enumerate(_kinds()):
        name = f"{kind.name}-good-{index}"
        yield Spoilt(name, kind.suffix, kind.files[0], kind.task, kind.arguments)


def spoilt_files(number: int, seed: int = 13) -> Iterator[Spoilt]:
    """So many, of each kind about as many."""
    kinds = _kinds()
    for index in range(number):
        kind = kinds[index % len(kinds)]
        chance = random.Random(f"{seed} {index}")
        data = bytearray(chance.choice(kind.files))
        for _ in range(chance.randint(1, 3)):
            data = bytearray(chance.choice(_MUTATIONS)(bytes(data), chance))
        yield Spoilt(f"{kind.name}-{index}", kind.suffix, bytes(data), kind.task, kind.arguments)


# Kinds --------------------------------------------------------------------------------------------


def _kinds() -> list[_Kind]:
    sound = np.ascontiguousarray(plucks().T[: 2 * _RATE_HZ])
    stereo = np.column_stack([sound[:, 0], sound[:, 0] * 0.5])
    noise = np.random.default_rng(1).normal(0.0, 0.2, (2400, 1))
    ir = noise * np.exp(-np.arange(2400) / 200.0)[:, np.newaxis]
    di: dict[str, Any] = {"max_duration_s": 600.0}
    kinds = [
        _Kind(f"di-{name}", suffix, (_sound(data, name, subtype),), READ_DI, di)
        for name, suffix, subtype, data in (
            ("WAV", ".wav", "PCM_16", sound),
            ("WAV", ".wav", "FLOAT", stereo),
            ("FLAC", ".flac", "PCM_24", stereo),
            ("AIFF", ".aiff", "PCM_24", sound),
            ("OGG", ".ogg", "VORBIS", sound),
            ("MP3", ".mp3", "MPEG_LAYER_III", sound),
            ("W64", ".wav", "PCM_16", sound),
            ("RF64", ".wav", "PCM_16", sound),
        )
    ]
    for name, suffix, subtype in (("WAV", ".wav", "PCM_24"), ("AIFF", ".aif", "PCM_16")):
        quad = np.column_stack([ir] * 4)
        files = (_sound(ir, name, subtype), _sound(quad, name, subtype))
        kinds.append(_Kind(f"ir-{name}", suffix, files, READ_IR, {"is_space": None}))
        kinds.append(_Kind(f"kind-{name}", suffix, files, READ_AUDIO_KIND, {}))
    small = tuple(own_models.model_path(name).read_bytes() for name in own_models.NAMES)
    large = tuple(path.read_bytes() for path in sorted(_DEMO.glob("captures/*.nam")))
    kinds += [_Kind("nam", ".nam", models, READ_NAM, {}) for models in (small, small, large)]
    archive = _archive(kinds[0].files[0], small[0])
    limits = {"limits": asdict(_LIMITS)}
    kinds += [_Kind("zip", ".zip", (archive,), UNPACK_ARCHIVE, limits)] * 3
    kinds += [_Kind("pack", ".zip", (archive,), UNPACK_FILES, limits)] * 2
    return kinds


def _sound(data: np.ndarray[Any, Any], container: str, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, data, _RATE_HZ, format=container, subtype=subtype)
    return file.getvalue()


_TOML: Final = """title = "x"
[[di]]
file = "di/riff.wav"
[[gear]]
id = "amp"
kind = "amp"
file = "gear/amp.nam"
[[chain]]
label = "A"
[[chain.block]]
slot = "amp"
gear = "amp"
"""


def _archive(sound: bytes, model: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("shootout.toml"), _TOML, zipfile.ZIP_STORED)
        archive.writestr(zipfile.ZipInfo("di/riff.wav"), sound, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("gear/amp.nam"), model, zipfile.ZIP_DEFLATED)
    return file.getvalue()


# Mutations ----------------------------------------------------------------------------------------


def _place(data: bytes, chance: random.Random) -> int:
    """Half of the time in the head of the file, where most of what it says of itself is."""
    end = min(len(data), 128) if chance.random() < 0.5 else len(data)
    return chance.randrange(end) if end else 0


def _flip_bits(data: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 16)):
        if spoilt:
            spoilt[_place(data, chance)] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: _place(data, chance)]


def _cut_out(data: bytes, chance: random.Random) -> bytes:
    start = _place(data, chance)
    return data[:start] + data[start + chance.randint(1, 4096) :]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    """A chunk again and again."""
    start = _place(data, chance)
    piece = data[start : start + chance.randint(1, 512)]
    return data[:start] + piece * chance.randint(2, 500) + data[start:]


def _lie_about_a_number(data: bytes, chance: random.Random) -> bytes:
    """A field of a header, in either byte order."""
    form = chance.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(form)
    start = _place(data, chance)
    number = chance.choice(_NUMBERS) & ((1 << 8 * size) - 1)
    return data[:start] + struct.pack(form, number) + data[start + size :]


def _insert_bytes(data: bytes, chance: random.Random) -> bytes:
    start = _place(data, chance)
    return data[:start] + chance.randbytes(chance.randint(1, 64)) + data[start:]


_PIECES: Final = (
    *(b"[" * 2000, b'{"a":' * 500, b'"', b"\\", b"-", b"1e999", b"NaN", b"9" * 5000, b"null"),
    *(b"a" + b".a" * 5000 + b"=1\n", b"[[di]]\n" * 300, b'"""', b"\xff\xfe", b"\x00" * 100),
    *(b"RIFF\xff\xff\xff\xffWAVE", b"data\x00\x00\x00\x00", b"fmt \x10\x00\x00\x00", b"PK\x05\x06"),
    *(b"fLaC", b"OggS", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"PK\x01\x02", b"PK\x03\x04", b"LIST"),
)


def _insert_piece(data: bytes, chance: random.Random) -> bytes:
    start = _place(data, chance)
    return data[:start] + chance.choice(_PIECES) + data[start:]


def _respell(data: bytes, chance: random.Random) -> bytes:
    """A number of a JSON file becomes another one; of any other file, some bytes."""
    try:
        document = json.loads(data)
    except ValueError:
        return _flip_bits(data, chance)
    places = _number_places(document)
    if not places:
        return _flip_bits(data, chance)
    holder, key = chance.choice(places)
    holder[key] = chance.choice((*_NUMBERS, -1, 0.5, 1e308, "x", None, [], {}, True))
    return json.dumps(document).encode()


def _number_places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, dict | list):
            found += _number_places(item)
        elif isinstance(item, int | float) and (isinstance(value, dict) or len(value) < 64):
            found.append((value, key))
    return found


_MUTATIONS: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    *(_flip_bits, _cut, _cut_out, _repeat, _lie_about_a_number, _lie_about_a_number),
    *(_insert_bytes, _insert_piece, _respell),
)


def arguments_for(spoilt: Spoilt, folder: Path) -> dict[str, Any]:
    """The file in ``folder``, and what the task is to be asked."""
    path = folder / f"{spoilt.name}{spoilt.suffix}"
    path.write_bytes(spoilt.data)
    arguments = {**spoilt.arguments, "path": str(path)}
    if spoilt.task in (UNPACK_ARCHIVE, UNPACK_FILES):
        unpacked = folder / spoilt.name
        unpacked.mkdir()
        arguments["folder"] = str(unpacked)
    return arguments
