"""Files that come piece by piece (docs/api.md, *Uploads that go on*): taking them in.

Each request's piece is a file of its own in the storage and a row; what has come of an upload is
written in its row, under a lock. So any process of any host may take the next piece, and a process
that dies leaves a whole piece or none. What becomes of a file that is complete a job decides
(``shootouts.jobs.uploads``), through the services that other uploads go through.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.signals import post_delete
from django.utils import timezone

from accounts.models import User
from accounts.quotas import storage_check
from gear.captures.files import FOREIGN_SUFFIXES
from gear.models.item import FileState
from gear.text import clean_text
from gts.web.errors import (
    AppError,
    ConflictError,
    ErrorDetail,
    InvalidInputError,
    LimitError,
    NotFoundError,
    TooLargeError,
    UnsupportedMediaError,
)
from jobs.files.storage import delete_stored, store_content
from jobs.models import JobState
from jobs.services import job_cancel, job_enqueue
from shootouts.job_kinds import SORT_UPLOAD
from shootouts.models import Upload, UploadPart
from shootouts.models.di_track import ChannelRuleChoice
from shootouts.models.upload import IN_WORK, UploadKind, UploadState
from shootouts.services.sorting import ARCHIVE_SUFFIX, SOUND_SUFFIXES

FOLDER: Final = "uploads"
KEPT: Final = timedelta(hours=24)
# What has become something is there a second time for so long, in case its kind is corrected.
_PARTS_KEPT: Final = timedelta(hours=1)
_TOO_MANY_RETRY_S: Final = 60.0
# The protocol demands the first; the second is what GTS itself counts with.
CHECKSUM_ALGORITHMS: Final = ("sha1", "sha256")
NO_UPLOAD: Final = "Upload not found. It may have expired: upload the file again."


class ChecksumError(AppError):
    """What has come is not what was sent (tus, *Checksum*)."""

    status = 460
    code = "CHECKSUM_MISMATCH"


@dataclass(frozen=True, slots=True)
class UploadWish:
    """What its owner says of a file before it comes. ``kind``: of ``UploadKind``."""

    file_name: str
    folder: str = ""
    kind: str = ""
    name: str = ""
    channel_rule: str = ""


def upload_wish(metadata: Mapping[str, str]) -> UploadWish:
    """From what came along with an upload, cleaned. Raises ``InvalidInputError``, and
    ``UnsupportedMediaError`` FILE_TYPE_UNSUPPORTED."""
    file_name = clean_text(PurePosixPath(metadata.get("filename", "").replace("\\", "/")).name)
    if not file_name:
        raise _invalid("/filename", "The file needs a name: send filename in Upload-Metadata.")
    suffix = _suffix(file_name)
    if suffix not in (".nam", ARCHIVE_SUFFIX, *SOUND_SUFFIXES, *FOREIGN_SUFFIXES):
        raise UnsupportedMediaError(
            f"{file_name[-80:]} is no DI track (WAV, FLAC, AIFF, OGG, MP3), no capture (.nam), no "
            "impulse response and no zip of them.",
            code="FILE_TYPE_UNSUPPORTED",
        )
    kind, channel_rule = metadata.get("kind", ""), metadata.get("channel_rule", "")
    if kind not in UploadKind.values:
        raise _invalid("/kind", "This is no kind of upload.")
    if channel_rule not in ("", *ChannelRuleChoice.values):
        raise _invalid("/channel_rule", "This is no rule for channels.")
    return UploadWish(
        file_name=_short_name(file_name),
        folder=clean_text(metadata.get("folder", ""))[:400],
        kind=kind,
        name=clean_text(metadata.get("name", ""))[:200],
        channel_rule=channel_rule,
    )


def upload_create(*, owner: User, length_bytes: int, wish: UploadWish) -> Upload:
    """A place for a file that is to come.

    Raises ``TooLargeError`` (also QUOTA_STORAGE), ``InvalidInputError`` EMPTY_FILE, and
    ``LimitError`` TOO_MANY_UPLOADS.
    """
    limit_bytes = max_bytes_of(wish.file_name)
    if length_bytes > limit_bytes:
        raise TooLargeError(
            f"{wish.file_name} is larger than the {limit_bytes // 1024**2} MB that such a file "
            "may have."
        )
    if length_bytes <= 0:
        raise InvalidInputError(f"{wish.file_name} is empty.", code="EMPTY_FILE")
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        num_open = Upload.objects.owned_by(owner).receiving().count()
        if num_open >= settings.GTS_MAX_OPEN_UPLOADS:
            raise LimitError(
                f"{num_open} of your uploads have not ended. Go on with them, or cancel some.",
                code="TOO_MANY_UPLOADS",
                wait=_TOO_MANY_RETRY_S,
            )
        storage_check(user=owner, new_bytes=length_bytes)
        return Upload.objects.create(
            owner=owner,
            length_bytes=length_bytes,
            expires_at=timezone.now() + KEPT,
            file_name=wish.file_name,
            folder=wish.folder,
            kind=wish.kind,
            name=wish.name,
            channel_rule=wish.channel_rule,
        )


def upload_append(
    *, upload: Upload, offset_bytes: int, content: File[bytes], checksum: str = ""
) -> Upload:
    """Add what a request has brought; with the last of it the file is on its way to be sorted.

    Of two requests at once for the same place one gets through. Raises ``ConflictError``
    UPLOAD_OFFSET for any other place than the next one, ``TooLargeError``, ``ChecksumError``,
    ``NotFoundError``, and ``UnavailableError`` as ``store_content``. Nothing is added then.
    """
    size_bytes = content.size
    _check_place(upload, offset_bytes, size_bytes)
    if checksum:
        _check_sum(content, checksum)
    if size_bytes == 0:
        return upload
    # Not inside the transaction: writing it must not hold a database lock.
    name = store_content(content, f"{FOLDER}/{upload.uuid}/{offset_bytes:012d}")
    try:
        return _append(upload, offset_bytes, size_bytes, name)
    except BaseException:
        delete_stored(name)
        raise


def upload_begin_with(*, upload: Upload, content: File[bytes], checksum: str = "") -> Upload:
    """Add the bytes that were announced and sent in one request; with them the upload is refused.

    Raises as ``upload_append``; then nothing is left of the upload, for no one was told its place.
    """
    try:
        return upload_append(upload=upload, offset_bytes=0, content=content, checksum=checksum)
    except AppError:
        upload_delete(upload=upload)
        raise


@transaction.atomic
def _append(upload: Upload, offset_bytes: int, size_bytes: int, name: str) -> Upload:
    row = _locked(upload)
    _check_place(row, offset_bytes, size_bytes)
    UploadPart.objects.create(
        upload=row, offset_bytes=offset_bytes, size_bytes=size_bytes, file=name
    )
    row.offset_bytes += size_bytes
    if row.offset_bytes == row.length_bytes:
        upload_sort(row)
    row.save()
    return row


def upload_sort(row: Upload) -> None:
    """Queue the job that decides what becomes of it. In a transaction, with the row locked or new;
    the caller saves it."""
    row.state = UploadState.ARRIVED
    row.error_code = row.error_message = ""
    row.job = job_enqueue(
        kind=SORT_UPLOAD, owner=row.owner, payload={"upload": str(row.uuid)}, label=row.file_name
    )


def upload_delete(*, upload: Upload) -> None:
    """Cancel it, wherever it is. What it has become already stays."""
    if upload.state in IN_WORK and upload.job is not None:
        with suppress(ConflictError):  # it has just ended
            job_cancel(job=upload.job)
    with transaction.atomic():
        Upload.objects.filter(pk=upload.pk).delete()  # and its parts, after the commit


def upload_locked(pk: int) -> Upload | None:
    return Upload.objects.select_for_update(of=("self",)).with_results().filter(pk=pk).first()


def uploads_expire() -> int:
    """Forget what is older than a day, and the parts of what has become something. Returns how many
    uploads went. Harmless to run twice, or at once on two hosts."""
    now = timezone.now()
    # Its parts are read while it is sorted, which ends some time.
    expired = Upload.objects.filter(expires_at__lt=now).exclude(state__in=IN_WORK)
    num_gone = 0
    for upload in expired.iterator():
        upload.delete()
        num_gone += 1
    is_good = Q(upload__di_track__state=FileState.READY) | Q(upload__capture__state=FileState.READY)
    # Of what its check has found bad they stay, to be corrected.
    is_deleted = Q(upload__in=Upload.objects.without_result()) & ~Q(
        upload__job__state=JobState.FAILED
    )
    placed = UploadPart.objects.filter(
        upload__state=UploadState.PLACED, upload__updated_at__lt=now - _PARTS_KEPT
    )
    for part in placed.filter(is_good | is_deleted).iterator():
        part.delete()
    return num_gone


def upload_bytes(user: User) -> int:
    """What counts as kept: all of what is announced, or many at once would find the same room."""
    own = Upload.objects.owned_by(user)
    announced = own.counted().aggregate(total=Sum("length_bytes"))["total"] or 0
    kept = UploadPart.objects.filter(upload__in=own.without_result())
    return announced + (kept.aggregate(total=Sum("size_bytes"))["total"] or 0)


def connect_file_deletion() -> None:
    """Parts go by cascades and the admin too, and their files with them."""
    post_delete.connect(_part_deleted, sender=UploadPart, dispatch_uid="shootouts.upload_part")


def _part_deleted(instance: UploadPart, **_: object) -> None:
    # The rows are gone whatever the storage answers.
    transaction.on_commit(partial(delete_stored, instance.file.name or ""), robust=True)


def max_bytes_of(file_name: str) -> int:
    suffix = _suffix(file_name)
    if suffix == ARCHIVE_SUFFIX:
        return int(settings.GTS_IMPORT_MAX_BYTES)
    of_sound = suffix in SOUND_SUFFIXES
    return int(settings.GTS_DI_MAX_BYTES if of_sound else settings.GTS_CAPTURE_MAX_BYTES)


def max_bytes() -> int:
    """Of any upload."""
    return max(
        settings.GTS_IMPORT_MAX_BYTES, settings.GTS_DI_MAX_BYTES, settings.GTS_CAPTURE_MAX_BYTES
    )


def _check_place(upload: Upload, offset_bytes: int, size_bytes: int) -> None:
    if offset_bytes != upload.offset_bytes:
        raise ConflictError(
            f"{upload.offset_bytes} bytes have come: go on there.", code="UPLOAD_OFFSET"
        )
    if offset_bytes + size_bytes > upload.length_bytes:
        raise TooLargeError("This is more than the file was said to have.")


def _check_sum(content: File[bytes], checksum: str) -> None:
    """``checksum``: as the header has it, a name and a digest in Base64."""
    algorithm, _, encoded = checksum.partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise AppError(
            f"A checksum is one of {', '.join(CHECKSUM_ALGORITHMS)}.", code="CHECKSUM_UNSUPPORTED"
        )
    digest = hashlib.new(algorithm, usedforsecurity=False)
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    try:
        expected = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        expected = b""
    if digest.digest() != expected:
        raise ChecksumError("These bytes did not come as they were sent: send them again.")


def _locked(upload: Upload) -> Upload:
    row = upload_locked(upload.pk)
    if row is None:
        raise NotFoundError(NO_UPLOAD)
    return row


def _suffix(file_name: str) -> str:
    return PurePosixPath(file_name.lower()).suffix


def _short_name(file_name: str) -> str:
    """With its suffix, which says what it is."""
    suffix = PurePosixPath(file_name).suffix
    return file_name.removesuffix(suffix)[: 200 - len(suffix)] + suffix


def _invalid(pointer: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, details=[ErrorDetail(pointer, "INVALID", message)])
