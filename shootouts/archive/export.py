"""A shootout as one archive: the file that ``render_shootout`` reads, and the media beside it."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from django.core.files.storage import default_storage
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from gear.models import Block, Capture, SignalChain
from gear.models.item import GearSource
from gts.web.errors import ConflictError, ErrorDetail, InvalidInputError
from jobs.files.storage import stored_name
from jobs.pipeline.formats.shootout_archive import SHOOTOUT_FILE
from jobs.pipeline.formats.shootout_file import (
    FileBlock,
    FileChain,
    FileDI,
    FileGear,
    FileIR,
    ShootoutFile,
)
from jobs.pipeline.formats.shootout_info import DIInfo
from jobs.pipeline.formats.shootout_toml import shootout_toml
from jobs.pipeline.formats.toml_text import MAX_TOML_BYTES
from jobs.pipeline.recipe import ChannelChoice
from shootouts import rendering
from shootouts.models import DITrack, Manifest, RenderedFile, Shootout
from shootouts.selectors import manifest_get, rendered_file_list
from shootouts.services.shootouts import shootout_parts

_COPY_BYTES: Final = 256 * 1024
_FLUSH_BYTES: Final = 64 * 1024
# What is compressed already is only packed.
_PACKED_SUFFIXES: Final = frozenset({".flac", ".ogg", ".mp3", ".mp4", ".png"})
# How much of the description of gear is tried, one after the other.
_DESCRIPTION_CHARS: Final = (4000, 1000, 200, 0)
_REMARK: Final = """\
A shootout of GTS, with its media beside this file.
Import it with POST /api/v1/shootouts/import/, or render it without a server:
manage.py render_shootout shootout.toml --out FOLDER
Every capture keeps the licence that is written here: look before you pass it on."""
_TONE3000_REMARK: Final = """\
What was fetched from Tone 3000 (see url) is for anyone who exported this, and for no one else."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """``storage_name``: what it is here; ``name``: what it is in the archive."""

    storage_name: str
    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ShootoutExport:
    """What goes into the archive. ``texts``: whole files by name."""

    texts: Sequence[tuple[str, str]]
    files: Sequence[ExportFile]
    date_time: tuple[int, int, int, int, int, int]


def shootout_export(shootout: Shootout, *, with_media: bool = False) -> ShootoutExport:
    """All that is needed to render it again as it stands, and the manifest that is published;
    ``with_media``: what was rendered too, below ``media/`` by the ids of the manifest.

    For its owner alone. Raises ``ConflictError`` INCOMPLETE with every part that is missing, and
    EXPORT_TOO_LARGE.
    """
    try:
        tracks, contenders = shootout_parts(shootout)
    except InvalidInputError as error:
        raise _incomplete(error.details) from error
    collected = _Collected(shootout)
    dis = tuple(collected.di(track) for track in tracks)
    chains = tuple(collected.chain(label, chain) for label, chain in contenders)
    collected.check()
    file = ShootoutFile(
        title=shootout.title,
        description=shootout.description,
        options=shootout.options,
        dis=dis,
        gear=collected.gear,
        chains=chains,
    )
    remark = _REMARK + (f"\n{_TONE3000_REMARK}" if collected.has_tone3000 else "")
    texts = [(SHOOTOUT_FILE, _readable_toml(file, remark))]
    files = list(collected.files)
    manifest = manifest_get(shootout)
    if manifest is not None:
        texts.append(("manifest.json", _manifest_text(manifest)))
        if with_media:
            files += [_media_file(file) for file in rendered_file_list(shootout)]
    changed = shootout.updated_at
    return ShootoutExport(
        texts,
        files,
        (changed.year, changed.month, changed.day, changed.hour, changed.minute, changed.second),
    )


def export_name(shootout: Shootout) -> str:
    return f"{slugify(shootout.title)[:80] or 'shootout'}.gts.zip"


def export_response(shootout: Shootout, export: ShootoutExport) -> StreamingHttpResponse:
    name = content_disposition_header(True, export_name(shootout)) or "attachment"
    return StreamingHttpResponse(
        export_chunks(export),
        content_type="application/zip",
        headers={
            "Content-Disposition": name,
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def export_chunks(export: ShootoutExport) -> AsyncIterator[bytes]:
    """The archive as it is made, beside the event loop; never more of it in memory than a chunk."""
    chunks = _zip_chunks(export)
    try:
        while chunk := await asyncio.to_thread(next, chunks, b""):
            yield chunk
    finally:
        await asyncio.to_thread(chunks.close)


class _Collected:
    """The files of an export, each once, under names that tell what they are."""

    def __init__(self, shootout: Shootout) -> None:
        self.files: list[ExportFile] = []
        self.has_tone3000 = False
        self._gear: dict[int, FileGear] = {}
        self._owner = shootout.owner
        self._num_dis = 0

    @property
    def gear(self) -> tuple[FileGear, ...]:
        return tuple(self._gear.values())

    def di(self, track: DITrack) -> FileDI:
        self._num_dis += 1
        name = self._add(stored_name(track.file), "di", self._num_dis, track.name, track.size_bytes)
        info = DIInfo(
            name=track.name,
            sha256=track.sha256,
            guitar=track.guitar,
            pickup=track.pickup,
            tuning=track.tuning,
            bpm=track.bpm,
            notes=track.notes,
        )
        choice: ChannelChoice = track.channel_rule  # type: ignore[assignment]  # the same words
        return FileDI(info, rendering.di_source(track), Path(name), choice)

    def chain(self, label: str, chain: SignalChain) -> FileChain:
        return FileChain(label, tuple(self._block(block) for block in chain.blocks.all()))

    def check(self) -> None:
        """Raises ``ConflictError`` for gear that is no longer shared, or files that are gone."""
        visible = Capture.objects.visible_to(self._owner).filter(pk__in=self._gear)
        details = []
        if visible.count() != len(self._gear):
            message = "A capture of another person is not shared any more."
            details.append(ErrorDetail("/contenders", "NOT_SHARED", message))
        details += [
            ErrorDetail("", "FILE_MISSING", f"{file.name} is no longer there.")
            for file in self.files
            if not default_storage.exists(file.storage_name)
        ]
        if details:
            raise _incomplete(details)

    def _block(self, block: Block) -> FileBlock:
        gear = self._capture(block.capture) if block.capture is not None else None
        extra = tuple(
            FileIR(self._capture(ir.capture), ir.parameters)
            for ir in block.extra_irs.all()
            if ir.capture is not None
        )
        return FileBlock(block.slot, gear, block.processor, block.parameters, extra)

    def _capture(self, capture: Capture) -> FileGear:
        known = self._gear.get(capture.pk)
        if known is not None:
            return known
        item, number = capture.gear, len(self._gear) + 1
        name = self._add(stored_name(capture.file), "gear", number, str(item), capture.size_bytes)
        self.has_tone3000 |= item.source == GearSource.TONE3000
        gear = FileGear(
            id=f"gear-{number:02d}",
            kind=item.kind,
            name=capture.title,
            make=item.make,
            creator=item.creator,
            licence=item.licence,
            url=item.source_url,
            description=item.description,
            path=Path(name),
            sha256=capture.sha256,
            ir_settings=capture.ir_settings,
        )
        self._gear[capture.pk] = gear
        return gear

    def _add(self, stored: str, folder: str, number: int, title: str, size_bytes: int) -> str:
        suffix = PurePosixPath(stored).suffix.lower()
        name = f"{folder}/{number:02d}-{slugify(title)[:60] or 'file'}{suffix}"
        self.files.append(ExportFile(stored, name, size_bytes))
        return name


def _readable_toml(file: ShootoutFile, remark: str) -> str:
    """No longer than what is read again: descriptions of gear are cut where it would be."""
    for most in _DESCRIPTION_CHARS:
        gear = tuple(replace(item, description=item.description[:most]) for item in file.gear)
        text = shootout_toml(replace(file, gear=gear), remark=remark)
        if len(text.encode()) <= MAX_TOML_BYTES:
            return text
    raise ConflictError(
        "This shootout has too much text for one file. Shorten its notes and the names in it.",
        code="EXPORT_TOO_LARGE",
    )


def _media_file(file: RenderedFile) -> ExportFile:
    stored = stored_name(file.file)
    name = f"media/{file.uuid}{PurePosixPath(stored).suffix}"
    return ExportFile(stored, name, file.size_bytes)


def _manifest_text(manifest: Manifest) -> str:
    return json.dumps(manifest.data, indent=1, ensure_ascii=False, allow_nan=False)


def _incomplete(details: Sequence[ErrorDetail]) -> ConflictError:
    message = "Parts of this shootout are missing: it cannot be exported as it is."
    return ConflictError(message, code="INCOMPLETE", details=details)


def _zip_chunks(export: ShootoutExport) -> Generator[bytes, None, None]:
    out = _Outlet()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in export.texts:
            archive.writestr(_info(export, name, len(text)), text.encode())
        yield out.take()
        for file in export.files:
            info = _info(export, file.name, file.size_bytes)
            with (
                default_storage.open(file.storage_name, "rb") as source,
                archive.open(info, "w") as target,
            ):
                while chunk := source.read(_COPY_BYTES):
                    target.write(chunk)
                    if out.num_bytes >= _FLUSH_BYTES:
                        yield out.take()
    yield out.take()


def _info(export: ShootoutExport, name: str, size_bytes: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=export.date_time)
    is_packed = PurePosixPath(name).suffix in _PACKED_SUFFIXES
    info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.file_size = size_bytes  # decides whether it needs the large form
    return info


class _Outlet(io.RawIOBase):
    """Takes what is written in order and hands it on; there is no way back in it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.num_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        piece = bytes(data)
        self._pieces.append(piece)
        self.num_bytes += len(piece)
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.num_bytes = 0
        return taken
