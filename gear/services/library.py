"""Saving captures to one's library."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from accounts.models import User
from gear.models import Capture, LibraryEntry
from gear.selectors import NO_CAPTURE, NO_ENTRY
from gts.web.errors import DuplicateError, ErrorDetail, Existing, InvalidInputError, NotFoundError

ALREADY_SAVED = "This capture is in your library already."


@transaction.atomic
def library_save(
    *, user: User, capture_id: UUID, nickname: str = "", is_favorite: bool = False
) -> LibraryEntry:
    """Raises ``InvalidInputError`` NOT_FOUND for a capture that the user may not see, and
    ``DuplicateError``."""
    capture = Capture.objects.visible_to(user).filter(uuid=capture_id).first()
    if capture is None:
        detail = ErrorDetail("/capture_id", "NOT_FOUND", NO_CAPTURE)
        raise InvalidInputError(NO_CAPTURE, details=[detail])
    values = {"nickname": nickname.strip(), "is_favorite": is_favorite}
    entry, is_new = LibraryEntry.objects.get_or_create(user=user, capture=capture, defaults=values)
    if not is_new:
        existing = Existing("library-entry", entry.uuid)
        raise DuplicateError(ALREADY_SAVED, pointer="/capture_id", existing=existing)
    return entry


@transaction.atomic
def library_keep_own(*, capture: Capture) -> None:
    """What someone has brought here is in their library, unless it was brought for everybody."""
    if not capture.gear.is_shared:
        LibraryEntry.objects.get_or_create(user=capture.gear.owner, capture=capture)


@transaction.atomic
def library_update(
    *, entry: LibraryEntry, nickname: str | None = None, is_favorite: bool | None = None
) -> LibraryEntry:
    """Change what is given."""
    row = LibraryEntry.objects.select_for_update().filter(pk=entry.pk).first()
    if row is None:  # removed since it was looked up
        raise NotFoundError(NO_ENTRY)
    entry = row
    entry.nickname = entry.nickname if nickname is None else nickname.strip()
    entry.is_favorite = entry.is_favorite if is_favorite is None else is_favorite
    entry.save(update_fields=["nickname", "is_favorite", "updated_at"])
    return entry


@transaction.atomic
def library_remove(*, entry: LibraryEntry) -> None:
    """The capture itself stays, and can be saved again."""
    entry.delete()
