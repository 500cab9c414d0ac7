"""Saving captures to one's library."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from accounts.errors import ConflictError, ErrorDetail, InvalidInputError, NotFoundError
from accounts.models import User
from gear.models import Capture, LibraryEntry
from gear.selectors import NO_CAPTURE, NO_ENTRY

ALREADY_SAVED = "This capture is in your library already."


@transaction.atomic
def library_save(
    *, user: User, capture_id: UUID, nickname: str = "", is_favourite: bool = False
) -> LibraryEntry:
    """Raises ``InvalidInputError`` NOT_FOUND for a capture that the user may not see, and
    ``ConflictError`` ALREADY_SAVED."""
    capture = Capture.objects.visible_to(user).filter(uuid=capture_id).first()
    if capture is None:
        detail = ErrorDetail("/capture_id", "NOT_FOUND", NO_CAPTURE)
        raise InvalidInputError(NO_CAPTURE, details=[detail])
    values = {"nickname": nickname.strip(), "is_favourite": is_favourite}
    entry, is_new = LibraryEntry.objects.get_or_create(user=user, capture=capture, defaults=values)
    if not is_new:
        detail = ErrorDetail("/capture_id", "ALREADY_SAVED", ALREADY_SAVED, str(entry.uuid))
        raise ConflictError(ALREADY_SAVED, code="ALREADY_SAVED", details=[detail])
    return entry


@transaction.atomic
def library_keep_own(*, capture: Capture) -> None:
    """What somebody has brought here is in their library, unless it was brought for everybody."""
    if not capture.gear.is_shared:
        LibraryEntry.objects.get_or_create(user=capture.gear.owner, capture=capture)


@transaction.atomic
def library_update(
    *, entry: LibraryEntry, nickname: str | None = None, is_favourite: bool | None = None
) -> LibraryEntry:
    """Change what is given."""
    row = LibraryEntry.objects.select_for_update().filter(pk=entry.pk).first()
    if row is None:  # removed since it was looked up
        raise NotFoundError(NO_ENTRY)
    entry = row
    entry.nickname = entry.nickname if nickname is None else nickname.strip()
    entry.is_favourite = entry.is_favourite if is_favourite is None else is_favourite
    entry.save(update_fields=["nickname", "is_favourite", "updated_at"])
    return entry


@transaction.atomic
def library_remove(*, entry: LibraryEntry) -> None:
    """The capture itself stays, and can be saved again."""
    entry.delete()
