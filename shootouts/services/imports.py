"""Shootouts that come as an archive: taken in here, unpacked and looked into by a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, cast
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from accounts.quotas import storage_check
from gear.captures.inspection import CaptureFacts
from gear.models import Capture, SignalChain
from gear.services.captures import capture_known, capture_place, capture_record
from gear.services.chains import BlockInput, IRInput, chain_create
from gts.web.errors import (
    AppError,
    ErrorDetail,
    InvalidInputError,
    TooLargeError,
    UnsupportedMediaError,
)
from jobs.files.storage import (
    StoredFile,
    check_upload_size,
    delete_stored,
    store_local_file,
    store_upload,
)
from jobs.models import Job
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats import shootout_archive
from jobs.pipeline.formats.shootout_archive import ArchiveLimits, check_archive
from jobs.pipeline.formats.shootout_file import FileBlock, FileChain, FileDI, FileGear, ShootoutFile
from jobs.pipeline.measure.di_facts import DIProbe
from jobs.services import job_enqueue
from shootouts.job_kinds import IMPORT_SHOOTOUT
from shootouts.models import DITrack, Shootout
from shootouts.services.assembly import MIN_CONTENDERS, ContenderInput
from shootouts.services.di_tracks import di_track_record
from shootouts.services.shootouts import shootout_create

FOLDER: Final = "imports"

_ERRORS: Final[dict[str, type[AppError]]] = {
    shootout_archive.TOO_LARGE: TooLargeError,
    shootout_archive.NOT_AN_ARCHIVE: UnsupportedMediaError,
    shootout_archive.UNSUPPORTED: UnsupportedMediaError,
}


def archive_limits() -> ArchiveLimits:
    return ArchiveLimits(
        max_total_bytes=settings.GTS_IMPORT_MAX_UNPACKED_BYTES,
        max_file_bytes=max(settings.GTS_DI_MAX_BYTES, settings.GTS_CAPTURE_MAX_BYTES),
    )


def shootout_import(*, owner: User, upload: UploadedFile[bytes]) -> Job:
    """Take in an archive, and queue the job that makes a draft of it.

    What its directory tells is judged now. Raises ``TooLargeError``, ``UnsupportedMediaError`` or
    ``InvalidInputError`` with the codes of ``jobs.pipeline.formats.shootout_archive``;
    ``LimitError`` with too many imports waiting. Nothing is left behind then.
    """
    check_upload_size(upload, max_bytes=settings.GTS_IMPORT_MAX_BYTES)
    storage_check(user=owner, new_bytes=0)  # how much of it is new the job will find
    try:
        check_archive(cast(IO[bytes], upload.file), archive_limits())
    except PipelineError as error:
        kind = _ERRORS.get(error.code, InvalidInputError)
        details = [ErrorDetail("/file", error.code, error.message)]
        raise kind(error.message, code=error.code, details=details) from error
    upload.seek(0)
    stored = store_upload(
        upload,
        folder=f"{FOLDER}/{owner.uuid}",
        suffix=".zip",
        max_bytes=settings.GTS_IMPORT_MAX_BYTES,
    )
    try:
        return job_enqueue(
            kind=IMPORT_SHOOTOUT,
            owner=owner,
            payload={"archive": stored.name},
            label=(upload.name or "archive")[:200],
        )
    except BaseException:
        delete_stored(stored.name)
        raise


@dataclass(frozen=True, slots=True)
class Inspected:
    """A shootout file whose media were all looked into: recordings by their SHA-256, gear by its
    id."""

    file: ShootoutFile
    probes: Mapping[str, DIProbe]
    facts: Mapping[str, CaptureFacts]


@dataclass(frozen=True, slots=True)
class Imported:
    """``notes``: for people, what of the file was not taken over."""

    shootout: Shootout
    num_reused: int
    notes: tuple[str, ...]


def shootout_from_file(
    *, owner: User, inspected: Inspected, holding: Callable[[], AbstractContextManager[None]]
) -> Imported:
    """A private draft with all it is made of; tracks and gear that the owner has are used again.

    All or nothing: ``holding`` is the one transaction in which the rows are written, and files
    that were stored before it go when it fails. Raises ``PipelineError`` naming the place.
    """
    adder = _Adder(owner, inspected)
    try:
        adder.store()
        with holding():
            try:
                shootout = adder.create()
            except (AppError, ValidationError) as error:
                raise _as_pipeline_error(error) from error
    except BaseException:
        for stored in adder.stored:
            delete_stored(stored.name)
        raise
    return Imported(shootout, adder.num_reused, tuple(adder.notes))


class _Adder:
    """The files first, because they take long; then the rows, which hold the database."""

    def __init__(self, owner: User, inspected: Inspected) -> None:
        self._owner = owner
        self._inspected = inspected
        self._dis: list[tuple[FileDI, DITrack | StoredFile]] = []
        self._gear: dict[str, tuple[FileGear, Capture | tuple[UUID, StoredFile]]] = {}
        self.stored: list[StoredFile] = []
        self.num_reused = 0
        self.notes: list[str] = []

    def store(self) -> None:
        for di in self._inspected.file.dis:
            sha256 = di.source.sha256
            known = DITrack.objects.owned_by(self._owner).filter(sha256=sha256).first()
            name = f"di/{self._owner.uuid}/{sha256}{di.path.suffix.lower()}"
            self._dis.append((di, known or self._store(di.path, name)))
        for gear in used_gear(self._inspected.file):
            capture = capture_known(
                owner=self._owner,
                sha256=gear.sha256,
                kind=gear.kind,
                ir_settings=gear.ir_settings,
            )
            if capture is not None:
                self._gear[gear.id] = gear, capture
                continue
            uuid, folder = capture_place()
            name = f"{folder}/{gear.sha256}{gear.path.suffix.lower()}"
            self._gear[gear.id] = gear, (uuid, self._store(gear.path, name))

    def _store(self, path: Path, name: str) -> StoredFile:
        stored = store_local_file(path, name)
        self.stored.append(stored)
        return stored

    def create(self) -> Shootout:
        file = self._inspected.file
        # Two imports of one person take turns, so that both do not bring the same recording.
        User.objects.select_for_update().get(pk=self._owner.pk)
        new_bytes = sum(stored.size_bytes for stored in self.stored)
        storage_check(user=self._owner, new_bytes=new_bytes)
        tracks = [self._track(di, found) for di, found in self._dis]
        captures = {id: self._capture(gear, found) for id, (gear, found) in self._gear.items()}
        chains = [self._chain(chain, number, captures) for number, chain in enumerate(file.chains)]
        return shootout_create(
            owner=self._owner,
            title=file.title,
            description=file.description,
            di_track_ids=[track.uuid for track in tracks],
            contenders=[
                ContenderInput(made.uuid, chain.label)
                for made, chain in zip(chains, file.chains, strict=True)
            ],
            options=asdict(file.options),
        )

    def _track(self, di: FileDI, found: DITrack | StoredFile) -> DITrack:
        if isinstance(found, DITrack):
            self.num_reused += 1
            self.notes += _differences(di, found)
            return found
        info = di.info
        return di_track_record(
            owner=self._owner,
            stored=found,
            file_name=di.path.name,
            probe=self._inspected.probes[di.source.sha256],
            name=info.name,
            guitar=info.guitar,
            pickup=info.pickup,
            tuning=info.tuning,
            bpm=info.bpm,
            notes=info.notes,
            **_played(di),
        )

    def _capture(self, gear: FileGear, found: Capture | tuple[UUID, StoredFile]) -> Capture:
        if isinstance(found, Capture):
            self.num_reused += 1
            return found
        uuid, stored = found
        return capture_record(
            owner=self._owner,
            uuid=uuid,
            stored=stored,
            file_name=gear.path.name,
            facts=self._inspected.facts[gear.id],
            kind=gear.kind,
            name=gear.name,
            make=gear.make,
            creator=gear.creator,
            licence=gear.licence,
            url=gear.url,
            description=gear.description,
            ir_settings=gear.ir_settings,
        )

    def _chain(self, chain: FileChain, number: int, captures: Mapping[str, Capture]) -> SignalChain:
        try:
            return chain_create(
                owner=self._owner, name=chain.label, blocks=block_inputs(chain, captures)
            )
        except InvalidInputError as error:
            found = " ".join(detail.message for detail in error.details) or error.message
            message = f"[[chain]] {number + 1} {chain.label}: {found}"
            raise PipelineError("CHAIN_INVALID", message) from error


def _played(di: FileDI) -> dict[str, Any]:
    """What a shootout file says of the sound of a DI, by the columns of its row."""
    return {
        "input_level_dbu": di.source.input_level_dbu,
        "channel_rule": di.channel_rule,
        "start_s": di.source.start_s,
        "end_s": di.source.end_s,
    }


_PLAYED_LABELS: Final = {
    "input_level_dbu": "input level",
    "channel_rule": "channel",
    "start_s": "start",
    "end_s": "end",
}


def _differences(di: FileDI, track: DITrack) -> Iterator[str]:
    """A DI that is here already keeps its settings: other shootouts play it, too."""
    differing = [
        f"{_PLAYED_LABELS[name]} {_setting(name, getattr(track, name))} "
        f"instead of {_setting(name, value)}"
        for name, value in _played(di).items()
        if value != getattr(track, name)
    ]
    if differing:
        yield (
            f"“{track.name}” is here already and keeps its own settings: {', '.join(differing)}. "
            "Change them on its page if the shootout is to sound as the file says."
        )


def _setting(name: str, value: float | str | None) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "that of the file" if name == "end_s" else "unknown"
    return f"{value:g} {'dBu' if name == 'input_level_dbu' else 's'}"


def check_counts(file: ShootoutFile) -> None:
    """The same limits as in the browser. Raises ``PipelineError`` SHOOTOUT_FILE_INVALID."""
    for tables, least, most, what in (
        (file.dis, 1, settings.GTS_MAX_DI_TRACKS, "[[di]]"),
        (file.chains, MIN_CONTENDERS, settings.GTS_MAX_CONTENDERS, "[[chain]]"),
    ):
        if not least <= len(tables) <= most:
            raise PipelineError(
                "SHOOTOUT_FILE_INVALID",
                f"A shootout takes {least} to {most} {what}; the file has {len(tables)}.",
            )


def used_gear(file: ShootoutFile) -> list[FileGear]:
    """What the chains of a file play, each once."""
    found = [
        gear
        for chain in file.chains
        for block in chain.blocks
        for gear in (block.gear, *(ir.gear for ir in block.extra_irs))
        if gear is not None
    ]
    return list({gear.id: gear for gear in found}.values())


def block_inputs(chain: FileChain, captures: Mapping[str, Capture]) -> list[BlockInput]:
    """The blocks of a chain of a shootout file; ``captures``: by the ids of its gear."""
    return [_block_input(block, captures) for block in chain.blocks]


def _block_input(block: FileBlock, captures: Mapping[str, Capture]) -> BlockInput:
    return BlockInput(
        slot=block.slot,
        capture_id=captures[block.gear.id].uuid if block.gear else None,
        processor=block.processor,
        parameters=dict(block.parameters),
        extra_irs=[
            IRInput(captures[ir.gear.id].uuid, dict(ir.parameters)) for ir in block.extra_irs
        ],
    )


def _as_pipeline_error(error: AppError | ValidationError) -> PipelineError:
    if isinstance(error, AppError):
        found = " ".join(detail.message for detail in error.details) or error.message
        return PipelineError(error.code, found)
    found = " ".join(
        f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items()
    )
    return PipelineError("SHOOTOUT_FILE_INVALID", f"What the file says is not accepted. {found}")
