"""A shootout file with its media in one zip archive, as anybody may have made it.

Nothing of an archive is believed: names may not leave the folder or fall together, sizes are
bounded as they are announced and again as they come, and what the shootout file does not name is
not unpacked. The archive is judged by its directory before a byte is unpacked.
"""

from __future__ import annotations

import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.formats.toml_text import MAX_TOML_BYTES, TomlError, read_toml

SHOOTOUT_FILE: Final = "shootout.toml"
# What may be taken out, by suffix. Nothing in an archive is an archive.
MEDIA_SUFFIXES: Final = frozenset({".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3", ".nam"})

NOT_AN_ARCHIVE: Final = "ARCHIVE_INVALID"
UNSAFE: Final = "ARCHIVE_UNSAFE"
TOO_LARGE: Final = "ARCHIVE_TOO_LARGE"
UNSUPPORTED: Final = "ARCHIVE_UNSUPPORTED"
NO_SHOOTOUT_FILE: Final = "SHOOTOUT_FILE_MISSING"

_MAX_NAME_CHARS: Final = 240
_MAX_DEPTH: Final = 6
_COPY_BYTES: Final = 256 * 1024
# Silence is compressed that far and no .nam file or recording is.
_MAX_RATIO: Final = 200
_RATIO_FROM_BYTES: Final = 1024 * 1024
# The record at the end of an archive (APPNOTE.TXT, 4.3.16) and what may precede it (4.3.15).
_END_SIGNATURE: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_MAX_COMMENT_BYTES: Final = 65_535
_ZIP64_LOCATOR: Final = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES: Final = 20
_LOCAL_HEADER_BYTES: Final = 30
_ENCRYPTED: Final = 0x1
_RESERVED_MARKS: Final = frozenset('\\:*?"<>|')


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """``max_total_bytes``: of everything that the directory announces, unpacked."""

    max_entries: int = 2000
    max_directory_bytes: int = 1024 * 1024
    max_total_bytes: int = 2 * 1024**3
    max_file_bytes: int = 100 * 1024**2
    max_shootout_file_bytes: int = MAX_TOML_BYTES


def check_archive(file: IO[bytes], limits: ArchiveLimits) -> None:
    """Looks at the directory alone. Raises ``PipelineError``: ARCHIVE_INVALID, ARCHIVE_UNSAFE,
    ARCHIVE_TOO_LARGE, ARCHIVE_UNSUPPORTED, SHOOTOUT_FILE_MISSING; all permanent."""
    archive, _ = _open(file, limits)
    archive.close()


def unpack_archive(
    file: IO[bytes],
    folder: Path,
    limits: ArchiveLimits,
    progress: Progress = no_progress,
) -> Path:
    """Unpacks the shootout file and what it names into the empty ``folder``; returns the path of
    the former. ``progress`` is told of each file; it may raise. Raises as ``check_archive``, and
    SHOOTOUT_FILE_INVALID."""
    archive, entries = _open(file, limits)
    top = _top(entries)
    with archive:
        root = _unpack(
            archive, entries[top + SHOOTOUT_FILE], folder, limits.max_shootout_file_bytes, progress
        )
        for name in dict.fromkeys(_named_files(root)):
            entry = entries.get(top + name)
            if entry is None:
                raise PipelineError("SHOOTOUT_FILE_INVALID", f"There is no file {name[:200]}.")
            if PurePosixPath(name).suffix.lower() not in MEDIA_SUFFIXES:
                message = f"{name} is neither a DI track nor a capture."
                raise PipelineError(UNSUPPORTED, message)
            _unpack(archive, entry, folder, limits.max_file_bytes, progress)
    return root


@dataclass(frozen=True, slots=True)
class UnpackedMedia:
    """``names``: of the files that are in the folder now; ``too_large``: of those that are larger
    than one may be; ``num_skipped``: files of other kinds, archives among them."""

    names: list[str]
    too_large: list[str]
    num_skipped: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def unpack_media(
    file: IO[bytes], folder: Path, limits: ArchiveLimits, progress: Progress = no_progress
) -> UnpackedMedia:
    """Unpacks every DI track and capture into the empty ``folder``, whatever else is there.

    Hidden files and what macOS packs beside each file are not looked at. Raises as
    ``check_archive``, but for SHOOTOUT_FILE_MISSING; ARCHIVE_INVALID where there is nothing.
    """
    archive, entries = _open_any(file, limits)
    names: list[str] = []
    too_large: list[str] = []
    num_skipped = 0
    with archive:
        for name, entry in entries.items():
            if any(part.startswith((".", "__MACOSX")) for part in name.split("/")):
                continue
            if PurePosixPath(name).suffix.lower() not in MEDIA_SUFFIXES:
                num_skipped += 1
            elif entry.file_size > limits.max_file_bytes:
                too_large.append(name)
            else:
                _unpack(archive, entry, folder, limits.max_file_bytes, progress)
                names.append(name)
    if not names and not too_large:
        message = "There is no DI track and no capture in the archive."
        raise PipelineError(NOT_AN_ARCHIVE, message)
    return UnpackedMedia(names, too_large, num_skipped)


def _open_any(
    file: IO[bytes], limits: ArchiveLimits
) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """The archive with its files by name, when its directory is as it should be."""
    _check_end_record(file, limits)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _broken(error) from error
    return archive, _judge(archive.infolist(), limits)


def _open(
    file: IO[bytes], limits: ArchiveLimits
) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """One with a shootout file."""
    archive, entries = _open_any(file, limits)
    root = entries[_top(entries) + SHOOTOUT_FILE]
    if root.file_size > limits.max_shootout_file_bytes:
        raise _too_large(SHOOTOUT_FILE, limits.max_shootout_file_bytes)
    return archive, entries


def _top(entries: Mapping[str, zipfile.ZipInfo]) -> str:
    """The folder in which everything is: none, or the one that some programs pack with it."""
    found = [name for name in entries if name.split("/")[-1] == SHOOTOUT_FILE]
    tops = [name.removesuffix(SHOOTOUT_FILE) for name in found if name.count("/") < 2]
    if "" in tops:
        return ""
    if len(tops) != 1:
        raise PipelineError(NO_SHOOTOUT_FILE, f"The archive has no {SHOOTOUT_FILE} in it.")
    return tops[0]


def _check_end_record(file: IO[bytes], limits: ArchiveLimits) -> None:
    """How large the directory is, before anybody reads it into memory."""
    size = file.seek(0, 2)
    tail_bytes = min(size, _END_BYTES + _MAX_COMMENT_BYTES + _ZIP64_LOCATOR_BYTES)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    file.seek(0)
    # As the reader of the standard library looks for it: one without a comment first.
    at = len(tail) - _END_BYTES
    if at < 0 or tail[at : at + 4] != _END_SIGNATURE or tail[-2:] != b"\0\0":
        at = tail.rfind(_END_SIGNATURE)
    record = tail[at : at + _END_BYTES] if at >= 0 else b""
    if len(record) < _END_BYTES:
        raise PipelineError(NOT_AN_ARCHIVE, "This is not a zip archive.")
    if tail[max(at - _ZIP64_LOCATOR_BYTES, 0) : at].startswith(_ZIP64_LOCATOR):
        raise PipelineError(TOO_LARGE, "Archives of more than 4 GB are not taken.")
    num_entries = int.from_bytes(record[10:12], "little")
    directory_bytes = int.from_bytes(record[12:16], "little")
    if num_entries > limits.max_entries or directory_bytes > limits.max_directory_bytes:
        raise _too_many(limits)


def _judge(infos: Iterable[zipfile.ZipInfo], limits: ArchiveLimits) -> dict[str, zipfile.ZipInfo]:
    """Every file by its name. One bad entry is enough to take nothing."""
    entries: dict[str, zipfile.ZipInfo] = {}
    taken: dict[str, bool] = {}  # folded name: whether it is a folder
    total_bytes = 0
    for number, info in enumerate(infos):
        if number >= limits.max_entries:
            raise _too_many(limits)
        name = _checked_name(info)
        _check_kind(info, name)
        total_bytes += info.file_size
        if total_bytes > limits.max_total_bytes:
            megabytes = limits.max_total_bytes // 1024**2
            message = f"Unpacked the archive would have more than {megabytes} MB."
            raise PipelineError(TOO_LARGE, message)
        _take(taken, name, is_folder=info.is_dir())
        if not info.is_dir():
            entries[name] = info
    _check_places(entries.values())
    return entries


def _checked_name(info: zipfile.ZipInfo) -> str:
    name = info.orig_filename  # what the reader has not tidied up
    parts = name.removesuffix("/").split("/")
    is_plain = (
        name == info.filename
        and 0 < len(name) <= _MAX_NAME_CHARS
        and len(parts) <= _MAX_DEPTH
        and all(_is_plain(part) for part in parts)
    )
    if not is_plain:
        shown = "".join(mark if mark.isprintable() else "?" for mark in name[:80])
        raise PipelineError(UNSAFE, f"“{shown}” is not a name that can be unpacked.")
    return name.removesuffix("/")


def _is_plain(part: str) -> bool:
    """A name of a file or folder on every system, and no way to another folder."""
    return (
        part not in ("", ".", "..")
        and part == part.strip()
        and not part.endswith(".")
        and part.isprintable()
        and not _RESERVED_MARKS & set(part)
    )


def _check_kind(info: zipfile.ZipInfo, name: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise PipelineError(UNSUPPORTED, "The archive is encrypted.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise PipelineError(UNSUPPORTED, f"{name} is compressed in a way that is not taken.")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise PipelineError(UNSAFE, f"{name} is a link or a device and not a file.")
    is_bomb = (
        info.file_size > _RATIO_FROM_BYTES and info.file_size > info.compress_size * _MAX_RATIO
    )
    if is_bomb:
        raise PipelineError(TOO_LARGE, f"{name} is compressed too well to be what it says.")


def _take(taken: dict[str, bool], name: str, *, is_folder: bool) -> None:
    """No two entries are one file anywhere, however a file system folds names."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    parents = [str(parent) for parent in PurePosixPath(folded).parents][:-1]
    if any(taken.get(parent) is False for parent in parents):
        raise PipelineError(UNSAFE, f"{name} is in a folder that is a file too.")
    if folded in taken and not (is_folder and taken[folded]):
        raise PipelineError(UNSAFE, f"{name} is in the archive twice.")
    taken.update(dict.fromkeys(parents, True))
    taken[folded] = is_folder


def _check_places(infos: Iterable[zipfile.ZipInfo]) -> None:
    """Entries that lie over each other are how a small archive becomes a large one."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise PipelineError(UNSAFE, "Files in the archive lie over each other.")
        end = info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size


def _unpack(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    folder: Path,
    max_bytes: int,
    progress: Progress,
) -> Path:
    name = info.filename
    if info.file_size > max_bytes:
        raise _too_large(name, max_bytes)
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    num_bytes = 0
    try:
        with archive.open(info) as source, open(target, "xb") as copy:
            while chunk := source.read(_COPY_BYTES):
                num_bytes += len(chunk)
                if num_bytes > max_bytes:
                    raise _too_large(name, max_bytes)
                copy.write(chunk)
                progress(num_bytes / info.file_size if info.file_size else 1.0)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise _broken(error) from error
    if num_bytes != info.file_size:
        raise _broken(f"{name}: {num_bytes} of {info.file_size} bytes")
    return target


def _named_files(path: Path) -> list[str]:
    """What the shootout file names. Anyone who reads it next says what else is wrong with it."""
    try:
        data = read_toml(path.read_bytes())
    except TomlError as error:
        message = f"{SHOOTOUT_FILE} cannot be read: {error}"
        raise PipelineError("SHOOTOUT_FILE_INVALID", message) from error
    return [*_files_of(data.get("di")), *_files_of(data.get("gear"))]


def _files_of(tables: Any) -> list[str]:
    rows = tables if isinstance(tables, list) else []
    names = [row.get("file") for row in rows if isinstance(row, dict)]
    return [name.strip() for name in names if isinstance(name, str)]


def _too_many(limits: ArchiveLimits) -> PipelineError:
    return PipelineError(TOO_LARGE, f"An archive may have {limits.max_entries} files at most.")


def _too_large(name: str, max_bytes: int) -> PipelineError:
    size = f"{max_bytes // 1024**2} MB" if max_bytes >= 1024**2 else f"{max_bytes // 1024} KiB"
    return PipelineError(TOO_LARGE, f"{name} is larger than {size}.")


def _broken(error: object) -> PipelineError:
    return PipelineError(
        NOT_AN_ARCHIVE, "The archive is damaged, or not a zip archive.", detail=repr(error)
    )
