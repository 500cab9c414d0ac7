"""Taking in captures, and what becomes of them when they have been looked into.

They come as uploads (a worker looks inside), as files of this machine (looked into at once), or
with a whole shootout (looked into on the way).
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from accounts.quotas import storage_check
from gear.captures.files import (
    FORMAT_OF_KIND,
    delete_unused,
    folder_of,
    kind_of_file,
    upload_name,
    upload_suffix,
)
from gear.captures.inspection import CaptureFacts, inspect_capture, name_of_file
from gear.models import Capture, GearItem
from gear.models.item import CaptureFormat, FileState, GearKind, GearSource, IRChannelRule
from gear.services.gear import IRSettingsChange, free_name, name_from_file, space_problems
from gear.services.library import library_keep_own
from gts.web.errors import DuplicateError, Existing, InvalidInputError
from jobs.files.storage import (
    StoredFile,
    check_upload_size,
    store_local_file,
    store_upload,
)
from jobs.models import Job
from jobs.pipeline.files import sha256_of
from jobs.pipeline.recipe import DEFAULT_IR_SETTINGS, IRSettings
from jobs.services import job_enqueue

INSPECT_KIND = "gear.inspect_capture"


def gear_upload(
    *,
    owner: User,
    upload: UploadedFile[bytes],
    kind: str = "",
    name: str = "",
    make: str = "",
    creator: str = "",
    licence: str = "",
    description: str = "",
    ir_settings: IRSettingsChange | None = None,
) -> tuple[Capture, Job]:
    """A new piece of gear with the uploaded file as its capture, and the job that looks inside.

    An empty ``name`` becomes what the file says, or the name it came with; an empty ``kind`` what
    the file says, or an amp, and for an impulse response a cab. No owner has two of the same name.
    On any error nothing is left behind. Raises ``TooLargeError`` (also QUOTA_STORAGE),
    ``UnsupportedMediaError``, ``InvalidInputError`` (EMPTY_FILE, NOT_OF_A_SPACE, or fields),
    ``DuplicateError``, Django's ``ValidationError``.
    """
    file_name = upload_name(upload)
    item = GearItem(
        owner=owner,
        kind=kind or kind_of_file(file_name),
        is_kind_chosen=bool(kind),
        name=name.strip() or name_of_file(file_name),
        is_name_chosen=bool(name.strip()),
        make=make.strip(),
        creator=creator.strip(),
        licence=licence.strip(),
        description=description.strip(),
    )
    item.clean_fields(exclude=["owner"])
    problems = space_problems(item.kind, ir_settings or {})
    if problems:
        raise InvalidInputError(problems[0].message, details=problems)
    max_bytes = settings.GTS_CAPTURE_MAX_BYTES
    check_upload_size(upload, max_bytes=max_bytes)
    storage_check(user=owner, new_bytes=upload.size or 0)
    capture_format = FORMAT_OF_KIND[item.kind]
    suffix = upload_suffix(upload, capture_format)
    capture = Capture(uuid=uuid4(), gear=item, format=capture_format, name=file_name)
    if capture_format == CaptureFormat.IR:  # to a model they mean nothing
        for name_of_setting, value in (ir_settings or {}).items():
            setattr(capture, name_of_setting, value)
    stored = store_upload(
        upload, folder=folder_of(capture.uuid), suffix=suffix, max_bytes=max_bytes
    )
    try:
        job = _record(item, capture, stored)
    except BaseException:
        delete_unused(stored.name)
        raise
    return capture, job


@transaction.atomic
def _record(item: GearItem, capture: Capture, stored: StoredFile) -> Job:
    # Two uploads of the same file at once take turns here, and the second one is refused.
    User.objects.select_for_update().get(pk=item.owner_id)
    known = _known_copy(item.owner, stored.sha256)
    if known is None:
        storage_check(user=item.owner, new_bytes=stored.size_bytes)
    if known is not None:
        message = f"You have this file already: “{known.gear}”."
        existing = Existing("gear", known.gear.uuid)
        raise DuplicateError(message, pointer="/file", existing=existing)
    item.name = free_name(item, item.name)
    _save(item, capture, stored)
    return job_enqueue(
        kind=INSPECT_KIND,
        owner=item.owner,
        payload={"capture_id": str(capture.uuid)},
        label=str(item),
    )


def _known_copy(owner: User, sha256: str) -> Capture | None:
    return Capture.objects.owned_by(owner).select_related("gear").filter(sha256=sha256).first()


def _save(item: GearItem, capture: Capture, stored: StoredFile) -> None:
    item.save()
    capture.gear = item
    capture.file.name = stored.name
    capture.sha256 = stored.sha256
    capture.size_bytes = stored.size_bytes
    capture.save()


def gear_import(
    *,
    owner: User,
    path: Path,
    kind: str = "",
    name: str = "",
    make: str = "",
    creator: str = "",
    licence: str = "",
    description: str = "",
    source: str = GearSource.UPLOAD,
    source_url: str = "",
    is_shared: bool = False,
) -> Capture:
    """A capture from a file on this machine, looked into at once: for commands, not for requests.

    One that ``owner`` has already is left as it is and returned. Raises ``PipelineError`` when
    the file cannot be used, and Django's ``ValidationError``.
    """
    item = GearItem(
        owner=owner,
        kind=kind or kind_of_file(path.name),
        is_kind_chosen=bool(kind),
        name=name or name_of_file(path.name)[:200],
        is_name_chosen=bool(name),
        make=make,
        creator=creator,
        licence=licence,
        description=description,
        source=source,
        source_url=source_url,
        is_shared=is_shared,
    )
    item.clean_fields(exclude=["owner"])
    sha256 = sha256_of(path)
    known = _known_copy(owner, sha256)
    if known is not None:
        return known
    capture = Capture(
        uuid=uuid4(), gear=item, format=FORMAT_OF_KIND[item.kind], name=path.name[:200]
    )
    facts = inspect_capture(path, capture.format, kind=kind)
    stored = store_local_file(path, f"{folder_of(capture.uuid)}/{sha256}{path.suffix.lower()}")
    try:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=owner.pk)
            item.name = free_name(item, item.name)
            _save(item, capture, stored)
            return capture_accept(capture=capture, facts=facts)
    except BaseException:
        delete_unused(stored.name)
        raise


@transaction.atomic
def capture_accept(*, capture: Capture, facts: CaptureFacts) -> Capture:
    """The file is what it says it is: it may be used from now on. Doing it twice is harmless.

    What its owner has not chosen becomes what the file says.
    """
    # Captures of one pack take turns: their names depend on each other.
    User.objects.select_for_update().get(pk=capture.gear.owner_id)
    item = GearItem.objects.get(pk=capture.gear_id)  # it may have been renamed meanwhile
    capture.gear = item
    if not item.is_kind_chosen:
        item.kind = facts.kind or item.kind
    if item.kind == GearKind.SPACE:
        capture.channel_rule = IRChannelRule.MIX
    capture.state = FileState.READY
    capture.architecture = facts.architecture[:32]
    capture.format_version = facts.format_version[:16]
    capture.sample_rate_hz = facts.sample_rate_hz
    capture.duration_s = facts.duration_s
    capture.input_level_dbu = facts.input_level_dbu
    capture.output_level_dbu = facts.output_level_dbu
    capture.unsupported_reason = ""
    capture.info = dict(facts.info)
    capture.save()
    item.make = item.make or facts.make[:100]
    item.creator = item.creator or facts.creator[:200]
    if not item.is_name_chosen:
        name_from_file(item, capture, facts)
    item.save(update_fields=["name", "kind", "make", "creator", "updated_at"])
    library_keep_own(capture=capture)
    return capture


@transaction.atomic
def capture_reject(*, capture_id: UUID) -> None:
    """The file cannot be used: nothing of it stays. One that was accepted is left alone."""
    capture = Capture.objects.pending().filter(uuid=capture_id).first()
    if capture is None:
        return
    item_id = capture.gear_id
    capture.delete()  # and its file, after the commit
    GearItem.objects.filter(pk=item_id, captures__isnull=True).delete()


@transaction.atomic
def gear_delete(*, item: GearItem) -> None:
    """The gear, its captures and their files. Chains keep a block that says what is missing."""
    item.delete()


def gear_unshare(*, item: GearItem) -> None:
    """Only its owner sees it from now on. Chains of others that play it already keep it."""
    item.is_shared = False
    item.save(update_fields=["is_shared", "updated_at"])


def capture_known(
    *, owner: User, sha256: str, kind: str, ir_settings: IRSettings
) -> Capture | None:
    """The same file as the same kind of gear and read alike, of ``owner`` or shared with them;
    their own first."""
    same = {"sha256": sha256, "gear__kind": kind, **asdict(ir_settings)}
    found = Capture.objects.visible_to(owner).usable().filter(**same)
    captures = list(found.select_related("gear").order_by("pk"))
    own = [capture for capture in captures if capture.gear.owner_id == owner.pk]
    return next(iter([*own, *captures]), None)


def capture_place() -> tuple[UUID, str]:
    """The id of a capture to be, and the folder for its file."""
    uuid = uuid4()
    return uuid, folder_of(uuid)


@transaction.atomic
def capture_record(
    *,
    owner: User,
    uuid: UUID,
    stored: StoredFile,
    file_name: str,
    facts: CaptureFacts,
    kind: str,
    name: str,
    make: str = "",
    creator: str = "",
    licence: str = "",
    url: str = "",
    description: str = "",
    ir_settings: IRSettings = DEFAULT_IR_SETTINGS,
) -> Capture:
    """A capture of ``owner`` whose file is in the storage and was found good.

    Raises Django's ``ValidationError``, and ``TooLargeError`` QUOTA_STORAGE. The file stays the
    caller's until its transaction ends.
    """
    item = GearItem(
        owner=owner,
        kind=kind,
        name=name,
        make=make,
        creator=creator,
        licence=licence,
        source_url=url,
        description=description,
    )
    item.clean_fields(exclude=["owner"])
    User.objects.select_for_update().get(pk=owner.pk)
    storage_check(user=owner, new_bytes=stored.size_bytes)
    item.name = free_name(item, name)
    item.save()
    capture = Capture(
        uuid=uuid,
        gear=item,
        format=FORMAT_OF_KIND[kind],
        name=file_name[:200],
        file=stored.name,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        **asdict(ir_settings),
    )
    return capture_accept(capture=capture, facts=facts)
