"""DI tracks: uploading, editing, deleting, and judging recordings.

They are judged when they arrive; those that came before there were reports get one later.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.quotas import storage_check
from gear.models.item import FileState
from gts.web.errors import (
    ConflictError,
    DuplicateError,
    ErrorDetail,
    Existing,
    InvalidInputError,
    UnsupportedMediaError,
)
from jobs.files.reading import di_read
from jobs.files.storage import (
    StoredFile,
    check_upload_size,
    delete_stored,
    fetch_file,
    scratch_folder,
    store_upload,
    stored_name,
)
from jobs.models import Job
from jobs.pipeline.errors import PipelineError, Progress, no_progress
from jobs.pipeline.measure.di_facts import DIProbe, Finding
from jobs.pipeline.signal.trim import MIN_DI_DURATION_S, Trim, check_part
from jobs.services import job_enqueue
from shootouts import rendering
from shootouts.job_kinds import INSPECT_DI
from shootouts.models import DITrack

logger = logging.getLogger(__name__)


# What may come, by extension, and the bytes such files begin with (offset, magic).
_AUDIO_MAGIC: dict[str, tuple[tuple[int, bytes], ...]] = {
    ".wav": ((0, b"RIFF"), (0, b"RF64"), (0, b"RIFX")),
    ".flac": ((0, b"fLaC"), (0, b"ID3")),
    ".aif": ((0, b"FORM"),),
    ".aiff": ((0, b"FORM"),),
    ".ogg": ((0, b"OggS"),),
    ".mp3": ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2"), (0, b"\xff\xfa")),
}
# Left where silence is cut: a pick is heard before its note, and a note dies away.
_ROOM_BEFORE_S = 0.05
_ROOM_AFTER_S = 0.25
_MIN_SILENCE_S = 0.25  # not worth a cut

# Of the file or of its storage, not of the recording: there may be a report another time.
_NOT_THE_RECORDING = ("FILE_MISSING", "FILE_DAMAGED")

EDITABLE = (
    *("name", "guitar", "pickup", "tuning", "bpm", "notes"),
    *("input_level_dbu", "channel_rule", "start_s", "end_s"),
)


def di_track_upload(
    *, owner: User, upload: UploadedFile[bytes], name: str = "", **metadata: Any
) -> tuple[DITrack, Job]:
    """Store an upload and queue its inspection; it may be used once that has found it good.

    Raises ``UnsupportedMediaError``, ``TooLargeError`` (also
    QUOTA_STORAGE), ``InvalidInputError`` (empty), or
    ``ConflictError`` naming the track that already has this file. Nothing is left behind then.
    """
    file_name = PurePath(upload.name or "recording").name
    suffix = PurePath(file_name).suffix.lower()
    check_magic(upload, suffix)
    check_upload_size(upload, max_bytes=settings.GTS_DI_MAX_BYTES)
    storage_check(user=owner, new_bytes=upload.size or 0)
    # Not inside the transaction: writing 100 MB must not hold a database lock.
    stored = store_upload(
        upload, folder=f"di/{owner.uuid}", suffix=suffix, max_bytes=settings.GTS_DI_MAX_BYTES
    )
    existing = DITrack.objects.filter(owner=owner, sha256=stored.sha256).first()
    if existing is not None:
        _forget(stored)
        raise _already_there(existing)
    try:
        return _create(owner, stored, file_name, name, metadata)
    except IntegrityError as error:  # the same file in two uploads at once: one is first
        _forget(stored)
        raise ConflictError("This DI track is being uploaded already.") from error
    except BaseException:
        _forget(stored)
        raise


def di_track_update(*, track: DITrack, **changes: Any) -> DITrack:
    """Change what people wrote about a track, and what of it is played. The recording itself never
    changes, nor does what was rendered from it.

    Raises ``InvalidInputError`` DI_TRIM_INVALID.
    """
    for field in changes:
        if field not in EDITABLE:
            raise TypeError(f"di_track_update does not change {field}")
    with transaction.atomic():
        for field, value in changes.items():
            setattr(track, field, value)
        _check_trim(track)
        track.save(update_fields=[*changes, "updated_at"])
    return track


def silence_cut(track: DITrack) -> Trim | None:
    """What is played when the silence at both ends is cut; ``None`` where there is hardly any, or
    it is not played anyway."""
    sound_start_s, sound_end_s = track.info.get("sound_start_s"), track.info.get("sound_end_s")
    if track.duration_s is None or sound_start_s is None or sound_end_s is None:
        return None
    start_s, end_s = track.start_s, track.end_s
    lead_end_s = round(sound_start_s - _ROOM_BEFORE_S, 2)
    trail_start_s = round(sound_end_s + _ROOM_AFTER_S, 2)
    if lead_end_s >= _MIN_SILENCE_S:
        start_s = max(start_s, lead_end_s)
    if track.duration_s - trail_start_s >= _MIN_SILENCE_S:
        end_s = trail_start_s if end_s is None else min(end_s, trail_start_s)
    is_cut = (start_s, end_s) == (track.start_s, track.end_s)
    length_s = (track.duration_s if end_s is None else end_s) - start_s
    return None if is_cut or length_s < MIN_DI_DURATION_S else Trim(start_s, end_s)


def _check_trim(track: DITrack) -> None:
    """Of one that is still being inspected the length is not known; its inspection checks then."""
    if track.duration_s is None:
        return
    try:
        info = track.info  # of those from before there were reports it does not tell
        sound_s = info.get("sound_start_s", 0.0), info.get("sound_end_s", track.duration_s)
        check_part(Trim(track.start_s, track.end_s), track.duration_s, sound_s)
    except PipelineError as error:
        detail = ErrorDetail("/start_s", error.code, error.message)
        raise InvalidInputError(error.message, code=error.code, details=[detail]) from error


def di_track_delete(*, track: DITrack) -> None:
    """Delete a track and its file. What was rendered from it stays."""
    with transaction.atomic():
        track.delete()  # and its file, after the commit


def di_track_record(
    *,
    owner: User,
    stored: StoredFile,
    file_name: str,
    name: str,
    probe: DIProbe,
    **metadata: Any,
) -> DITrack:
    """A track whose file is in the storage and was found good (``probe``: by its inspection).

    Raises Django's ``ValidationError``, and ``TooLargeError`` QUOTA_STORAGE. The file stays the
    caller's until its transaction ends.
    """
    track = DITrack(
        owner=owner,
        name=name,
        file=stored.name,
        file_name=file_name[:200],
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        state=FileState.READY,
        **metadata,
        **rendering.di_found(probe),
    )
    track.clean_fields(exclude=["owner"])
    with transaction.atomic():
        storage_check(user=owner, new_bytes=stored.size_bytes)
        track.save()
    return track


def _create(
    owner: User, stored: StoredFile, file_name: str, name: str, metadata: dict[str, Any]
) -> tuple[DITrack, Job]:
    with transaction.atomic():
        storage_check(user=owner, new_bytes=stored.size_bytes)
        track = DITrack.objects.create(
            owner=owner,
            name=(name.strip() or PurePath(file_name).stem)[:200],
            file=stored.name,
            file_name=file_name[:200],
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            **metadata,
        )
        job = job_enqueue(
            kind=INSPECT_DI,
            owner=owner,
            payload={"di_track": str(track.uuid)},
            label=track.name,
        )
    return track, job


def _forget(stored: StoredFile) -> None:
    """Delete a file that is not needed; a track that has the same recording may use this one."""
    if not DITrack.objects.filter(file=stored.name).exists():
        delete_stored(stored.name)


def _already_there(track: DITrack) -> DuplicateError:
    message = f"You already have this DI track: {track.name}."
    return DuplicateError(message, pointer="/file", existing=Existing("di-track", track.uuid))


def check_magic(upload: File[bytes], suffix: str) -> None:
    """Raises ``UnsupportedMediaError`` for what does not begin like a recording of that suffix."""
    magics = _AUDIO_MAGIC.get(suffix)
    if magics is None:
        raise UnsupportedMediaError(
            "A DI track must be a WAV, FLAC, AIFF, OGG or MP3 file.",
            details=[ErrorDetail("/file", "UNSUPPORTED_MEDIA_TYPE", f"not one of them: {suffix}")],
        )
    head = upload.read(16)
    upload.seek(0)
    # An empty file is named as such by ``store_upload``.
    if head and not any(head[at : at + len(magic)] == magic for at, magic in magics):
        raise UnsupportedMediaError(
            f"This is not a {suffix[1:].upper()} file, whatever its name says.",
            code="NOT_AUDIO",
            details=[ErrorDetail("/file", "NOT_AUDIO", "the content does not match the name")],
        )


# Reports of recordings.


@dataclass(frozen=True, slots=True)
class Judged:
    """``num_failed``: their files could not be read now; they are tried again the next time."""

    num_judged: int
    num_failed: int


def di_track_probe(track: DITrack, progress: Progress = no_progress) -> DIProbe:
    """The whole recording, by the limits of uploads. Raises as ``fetch_file`` and
    ``jobs.files.reading``."""
    with scratch_folder() as folder:
        return di_read(
            fetch_file(stored_name(track.file), folder, sha256=track.sha256),
            max_duration_s=settings.GTS_DI_MAX_DURATION_S,
            progress=progress,
        )


def di_reports_add() -> Judged:
    """A report for every usable recording that has none, one after the other. Doing it twice, or
    in two processes at once, is harmless.

    One that would be refused as an upload today stays, and its report says why it would be.
    """
    num_judged = num_failed = 0
    for track in DITrack.objects.usable().without_report().order_by("pk").iterator(chunk_size=20):
        try:
            found = _report_found(track)
        except (PipelineError, OSError) as error:
            logger.warning("DI track %s could not be judged: %s", track.uuid, error)
            num_failed += 1
        else:
            num_judged += _report_add(track, found)
    return Judged(num_judged, num_failed)


def _report_found(track: DITrack) -> Mapping[str, Any]:
    try:
        return rendering.di_found(di_track_probe(track))
    except PipelineError as error:
        if not error.is_permanent or error.code in _NOT_THE_RECORDING:
            raise
        finding = Finding(error.code, "warning", None, "", error.message)
        return {"info": {**track.info, "report": [asdict(finding)]}}


def _report_add(track: DITrack, found: Mapping[str, Any]) -> bool:
    """Whether it did: not where the row is gone, or has got its report meanwhile."""
    with transaction.atomic():
        rows = DITrack.objects.usable().without_report().select_for_update(of=("self",))
        row = rows.filter(pk=track.pk).first()
        if row is None:
            return False
        for field, value in found.items():
            setattr(row, field, value)
        row.save(update_fields=[*found, "updated_at"])
    return True
