"""What becomes of a file that has come whole: a DI track or a capture, by the same services as of
any other upload; of an archive one upload for each file in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final
from uuid import UUID, uuid4

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.quotas import storage_check
from gear.captures.files import FORMAT_OF_KIND, kind_of_file
from gear.models import Capture
from gear.models.item import CaptureFormat, GearKind
from gear.services.captures import INSPECT_KIND, gear_delete, gear_upload
from gear.services.gear import IRSettingsChange, gear_update
from gear.text import clean_text
from gts.web.errors import (
    AppError,
    ConflictError,
    DuplicateError,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
)
from jobs.files.storage import append_stored, delete_stored, store_local_file, stored_name
from jobs.models import Job
from jobs.pipeline.errors import PipelineError
from jobs.selectors import job_about
from shootouts.job_kinds import INSPECT_DI
from shootouts.models import DITrack, Upload, UploadPart
from shootouts.models.di_track import ChannelRuleChoice
from shootouts.models.upload import DI, IN_WORK, ShownState, UploadKind, UploadState
from shootouts.services.di_tracks import di_track_delete, di_track_update, di_track_upload
from shootouts.services.uploads import FOLDER, KEPT, NO_UPLOAD, upload_locked, upload_sort
from shootouts.uses import uses_of_di_track, uses_of_gear

# A correction that finds the file gone with what it became.
_GONE: Final = "The file is no longer there: upload it again."
_BY_CHANNEL: Final = frozenset({ChannelRuleChoice.LEFT, ChannelRuleChoice.RIGHT})
CORRECTABLE: Final = ("kind", "name", "channel_rule")


@dataclass(frozen=True, slots=True)
class Placed:
    """``job``: the one that checks it; none where its owner has it already (``is_known``)."""

    di_track: DITrack | None = None
    capture: Capture | None = None
    job: Job | None = None
    is_known: bool = False


def upload_fetch(upload: Upload, target: Path) -> None:
    """Its content as one local file: from its parts, or from what it has become.

    Raises ``PipelineError`` UPLOAD_GONE, FILE_MISSING, STORAGE_UNAVAILABLE, and ``OSError``.
    """
    names = [stored_name(part.file) for part in upload.parts.all()]
    if not names:
        result = upload.di_track or upload.capture
        names = [stored_name(result.file)] if result is not None else []
    with open(target, "wb") as file:
        num_bytes = sum(append_stored(name, file) for name in names)
    if num_bytes != upload.length_bytes:
        raise PipelineError("UPLOAD_GONE", _GONE, detail=f"{num_bytes} of {upload.length_bytes}")
    if not upload.parts.exists():
        # What it has become goes when it is replaced, and the new one may turn out not to be good.
        stored = store_local_file(target, f"{FOLDER}/{upload.uuid}/{0:012d}")
        try:
            UploadPart.objects.create(
                upload=upload, offset_bytes=0, size_bytes=num_bytes, file=stored.name
            )
        except BaseException:  # of two at once, or cancelled meanwhile
            delete_stored(stored.name)
            raise


def upload_begin(upload: Upload) -> bool:
    """Whether it is still to be sorted; from now on it counts as what it is to become."""
    rows = Upload.objects.filter(pk=upload.pk, state__in=IN_WORK)
    return bool(rows.update(state=UploadState.SORTING))


def upload_place(*, upload: Upload, path: Path, kind: str) -> Placed:
    """Hand it to the service of its kind (``""``: a capture of whatever kind its file says). Doing
    it twice is harmless: the second time its owner has it. Raises as that service."""
    with open(path, "rb") as content:
        file = UploadedFile(content, name=upload.file_name, size=path.stat().st_size)
        try:
            if kind == DI:
                track, job = di_track_upload(
                    owner=upload.owner,
                    upload=file,
                    name=upload.name,
                    channel_rule=upload.channel_rule or ChannelRuleChoice.AUTO,
                )
                return Placed(di_track=track, job=job)
            settings = _ir_settings(upload, kind or kind_of_file(upload.file_name))
            capture, job = gear_upload(
                owner=upload.owner, upload=file, kind=kind, name=upload.name, ir_settings=settings
            )
            return Placed(capture=capture, job=job)
        except DuplicateError as error:
            return _known(upload, kind, error)


def _ir_settings(upload: Upload, kind: str) -> IRSettingsChange | None:
    is_cab = kind == GearKind.CAB
    rule = upload.channel_rule
    return {"channel_rule": rule} if is_cab and rule in _BY_CHANNEL else None


def _known(upload: Upload, kind: str, error: DuplicateError) -> Placed:
    """The same file is here: from an earlier try of this job, or because they had it."""
    own = {"owner": upload.owner, "uuid": error.existing.id}
    if kind == DI:
        track = DITrack.objects.filter(**own).first()
        if track is not None:
            job = job_about(upload.owner, INSPECT_DI, di_track=track.uuid)
            return Placed(di_track=track, job=job, is_known=True)
    else:
        captures = Capture.objects.owned_by(upload.owner).filter(gear__uuid=error.existing.id)
        capture = captures.order_by("pk").first()
        if capture is not None:
            job = job_about(upload.owner, INSPECT_KIND, capture_id=capture.uuid)
            return Placed(capture=capture, job=job, is_known=True)
    raise error  # it was deleted in between


def upload_set_placed(*, upload: Upload, placed: Placed) -> None:
    """In the transaction of the job (``context.holding``). What it was before a correction goes;
    what was corrected meanwhile is done to what it has become."""
    row = upload_locked(upload.pk)
    if row is None:  # cancelled: what it has become stays
        return
    before = row.di_track, row.capture
    row.state = UploadState.PLACED
    row.di_track, row.capture = placed.di_track, placed.capture
    row.job, row.is_known = placed.job, placed.is_known
    row.save()
    _delete_replaced(row, *before)
    changes = {
        name: getattr(row, name)
        for name in CORRECTABLE
        if getattr(row, name) != getattr(upload, name)
    }
    if changes:
        try:
            upload_correct(upload=row, **changes)
        except AppError as error:  # it is there, only not as they wished last
            row.error_code, row.error_message = error.code, error.message
            row.save(update_fields=["error_code", "error_message", "updated_at"])


def _delete_replaced(row: Upload, track: DITrack | None, capture: Capture | None) -> None:
    """What is used in a chain, group or shootout stays beside its replacement."""
    if track is not None and track != row.di_track and not uses_of_di_track(track):
        di_track_delete(track=track)
    if capture is not None and capture != row.capture:
        item = capture.gear
        if not uses_of_gear(row.owner, item):
            gear_delete(item=item)


def upload_set_failed(*, upload_id: UUID, code: str, message: str) -> None:
    """In the transaction that ends its job. Its parts stay, so that it can be corrected."""
    row = Upload.objects.select_for_update(of=("self",)).filter(uuid=upload_id).first()
    if row is None or row.state not in IN_WORK:
        return
    row.state, row.error_code, row.error_message = UploadState.FAILED, code, message[:1000]
    row.save(update_fields=["state", "error_code", "error_message", "updated_at"])


# Correcting


@transaction.atomic
def upload_correct(*, upload: Upload, **changes: str) -> Upload:
    """Change its ``kind``, ``name`` or ``channel_rule``, whatever has become of it: what it became
    is changed, or replaced where it is to be of another kind; what has failed is tried again.

    Raises ``NotFoundError``, ``ConflictError`` UPLOAD_GONE where the file is no longer there or
    UPLOAD_UNPACKED, and as ``di_track_update`` and ``gear_update``.
    """
    row = upload_locked(upload.pk)
    if row is None:
        raise NotFoundError(NO_UPLOAD)
    if row.state == UploadState.UNPACKED:
        raise ConflictError("Its files are uploads of their own.", code="UPLOAD_UNPACKED")
    for name, value in changes.items():
        if name not in CORRECTABLE:
            raise TypeError(f"upload_correct does not change {name}")
        setattr(row, name, clean_text(value)[:200] if name == "name" else value)
    if row.kind not in UploadKind.values:
        raise InvalidInputError("This is no kind of upload.")
    if row.state in (UploadState.PLACED, UploadState.FAILED):
        _apply(row, changes)
    row.save()
    return row


def _apply(row: Upload, changes: dict[str, str]) -> None:
    shown = row.shown_state
    if shown == ShownState.DELETED:
        raise ConflictError(_GONE, code="UPLOAD_GONE")
    if shown != ShownState.FAILED and _stays_what_it_is(row):
        _update_result(row, changes)
        return
    has_result = row.di_track is not None or row.capture is not None
    if not has_result and not row.parts.exists():
        raise ConflictError(_GONE, code="UPLOAD_GONE")
    row.expires_at = timezone.now() + KEPT
    upload_sort(row)


def _stays_what_it_is(row: Upload) -> bool:
    if not row.kind:
        return True
    if row.di_track is not None:
        return row.kind == DI
    is_capture = row.capture is not None and row.kind != DI
    return is_capture and FORMAT_OF_KIND[GearKind(row.kind)] == row.capture.format  # type: ignore[union-attr]


def _update_result(row: Upload, changes: dict[str, str]) -> None:
    name, rule = changes.get("name", ""), changes.get("channel_rule", "")
    if row.di_track is not None:
        values = {"name": name, "channel_rule": rule}
        found = {key: value for key, value in values.items() if value}
        if found:
            di_track_update(track=row.di_track, **found)
    elif row.capture is not None:
        values = {"name": name, "kind": changes.get("kind", "")}
        more: dict[str, Any] = {key: value for key, value in values.items() if value}
        if rule and row.capture.format == CaptureFormat.IR:
            more["ir_settings"] = {"channel_rule": rule.replace("auto", "mix")}
        if more:
            gear_update(item=row.capture.gear, **more)


# Archives


def upload_unpacked(*, upload: Upload, folder: Path, names: Sequence[str]) -> None:
    """An upload of its own for each file of an archive, on its way to be sorted. Those that an
    earlier try has made stay."""
    for name in names:
        path = PurePosixPath(name)
        file_name, inside = clean_text(path.name)[:200], str(path.parent).strip(".")
        of_file = {"file_name": file_name, "folder": clean_text(inside)[:400]}
        if upload.unpacked.filter(**of_file).exists():
            continue
        row = Upload(
            uuid=uuid4(),
            owner=upload.owner,
            archive=upload,
            expires_at=timezone.now() + timedelta(hours=24),
            kind=upload.kind,
            **of_file,
        )
        local = folder / name
        size_bytes = local.stat().st_size
        row.length_bytes = row.offset_bytes = size_bytes
        stored = store_local_file(local, f"{FOLDER}/{row.uuid}/{0:012d}") if size_bytes else None
        try:
            with transaction.atomic():
                _record(row, stored.name if stored else "")
        except BaseException:
            if stored:
                delete_stored(stored.name)
            raise


def _record(row: Upload, name: str) -> None:
    try:
        storage_check(user=row.owner, new_bytes=row.length_bytes)
    except TooLargeError as error:
        row.state, row.error_code, row.error_message = UploadState.FAILED, error.code, error.message
        row.length_bytes = row.offset_bytes = 0  # nothing of it is kept, or counts
        row.save()
        if name:
            transaction.on_commit(lambda: delete_stored(name), robust=True)
        return
    row.save()
    UploadPart.objects.create(upload=row, offset_bytes=0, size_bytes=row.length_bytes, file=name)
    upload_sort(row)
    row.save()


def upload_set_unpacked(*, upload: Upload, too_large: Sequence[str], num_skipped: int) -> None:
    """In the transaction of the job. The archive itself is needed no longer."""
    row = upload_locked(upload.pk)
    if row is None:
        return
    for name in too_large:
        Upload.objects.create(
            owner=row.owner,
            archive=row,
            expires_at=row.expires_at,
            file_name=clean_text(PurePosixPath(name).name)[:200],
            length_bytes=0,
            state=UploadState.FAILED,
            error_code="TOO_LARGE",
            error_message="It is larger than such a file may be.",
        )
    row.state, row.num_skipped = UploadState.UNPACKED, num_skipped
    row.save()
    for part in row.parts.all():
        part.delete()
