"""What users keep for themselves about gear: captures in their library, and their tags on gear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from accounts.models import User
from gear.models import Capture, GearItem, GearTag, LibraryEntry, Tag
from gear.selectors import NO_CAPTURE, NO_ENTRY, NO_TAG
from gear.text import (
    MAX_TAG_CHARS,
    MAX_TAGS_PER_GEAR,
    distinct_tags,
    tag_key,
    tag_name,
)
from gts.web.errors import DuplicateError, ErrorDetail, Existing, InvalidInputError, NotFoundError

ALREADY_SAVED = "This capture is in your library already."
NOT_A_TAG = f"A tag has 1 to {MAX_TAG_CHARS} printable characters."
TOO_MANY_TAGS = f"A piece of gear has at most {MAX_TAGS_PER_GEAR} of your tags."
TAG_EXISTS = "You have this tag already."


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


@dataclass(frozen=True, slots=True)
class CaptureNote:
    """What someone keeps about a capture for themselves."""

    nickname: str = ""
    is_favorite: bool = False


@transaction.atomic
def gear_note(
    *, user: User, item: GearItem, tags: Sequence[str], notes: Mapping[UUID, CaptureNote]
) -> None:
    """All that ``user`` keeps for themselves about a piece of gear, at once: their tags on it, and
    of its captures (by id) what is said of each. One that says something is in their library then.

    Raises as ``gear_tags_set``.
    """
    gear_tags_set(user=user, item=item, names=tags)
    captures = item.captures.filter(uuid__in=notes)
    saved = {
        entry.capture_id: entry
        for entry in LibraryEntry.objects.filter(user=user, capture__gear=item)
    }
    for capture in captures:
        note = notes[capture.uuid]
        if capture.pk in saved:
            entry = saved[capture.pk]
            library_update(entry=entry, nickname=note.nickname, is_favorite=note.is_favorite)
        elif note.nickname.strip() or note.is_favorite:
            library_save(
                user=user,
                capture_id=capture.uuid,
                nickname=note.nickname,
                is_favorite=note.is_favorite,
            )


@transaction.atomic
def tag_create(*, owner: User, name: str) -> Tag:
    """Raises ``InvalidInputError``, and ``DuplicateError``: case does not matter."""
    values = {"name": _checked_name(name, "/name")}
    tag, is_new = Tag.objects.get_or_create(owner=owner, key=tag_key(name), defaults=values)
    if not is_new:
        raise _duplicate_tag(tag)
    return tag


@transaction.atomic
def tag_rename(*, tag: Tag, name: str) -> Tag:
    """On all gear that it is on. Raises as ``tag_create``."""
    # Anyone who renames two tags to the same word at once takes turns here.
    User.objects.select_for_update().get(pk=tag.owner_id)
    row = Tag.objects.filter(pk=tag.pk).first()
    if row is None:  # deleted since it was looked up
        raise NotFoundError(NO_TAG)
    row.name, row.key = _checked_name(name, "/name"), tag_key(name)
    other = Tag.objects.filter(owner=row.owner_id, key=row.key).exclude(pk=row.pk).first()
    if other is not None:
        raise _duplicate_tag(other)
    row.save(update_fields=["name", "key", "updated_at"])
    return row


@transaction.atomic
def tag_delete(*, tag: Tag) -> None:
    """From all gear. The gear stays."""
    tag.delete()


@transaction.atomic
def gear_tags_set(*, user: User, item: GearItem, names: Sequence[str]) -> None:
    """From now on these are all tags of ``user`` on ``item``; new words become tags of theirs.

    Tags of others on it stay. Raises ``InvalidInputError`` with everything that is wrong.
    """
    details = [
        ErrorDetail(f"/tags/{index}", "INVALID", NOT_A_TAG)
        for index, name in enumerate(names)
        if not 0 < len(tag_name(name)) <= MAX_TAG_CHARS
    ]
    wanted = distinct_tags(names)
    if len(wanted) > MAX_TAGS_PER_GEAR:
        details.append(ErrorDetail("/tags", "COUNT", TOO_MANY_TAGS))
    if details:
        raise InvalidInputError(details[0].message, details=details)
    tags = _tags_named(user, wanted)
    GearTag.objects.filter(gear=item, tag__owner=user).exclude(tag__in=tags).delete()
    GearTag.objects.bulk_create(
        [GearTag(gear=item, tag=tag) for tag in tags], ignore_conflicts=True
    )


@transaction.atomic
def gear_tags_import(*, item: GearItem, names: Sequence[str]) -> None:
    """Tags that gear comes with, as tags of its owner. What cannot be one is left out."""
    fitting = [name for name in distinct_tags(names) if len(name) <= MAX_TAG_CHARS]
    tags = _tags_named(item.owner, fitting[:MAX_TAGS_PER_GEAR])
    GearTag.objects.bulk_create(
        [GearTag(gear=item, tag=tag) for tag in tags], ignore_conflicts=True
    )


def _tags_named(owner: User, names: Sequence[str]) -> list[Tag]:
    """The owner's tags of these names, made where they are missing. Two queries at most."""
    wanted = {tag_key(name): name for name in names}
    known = {tag.key for tag in Tag.objects.filter(owner=owner, key__in=wanted)}
    missing = [
        Tag(owner=owner, name=name, key=key) for key, name in wanted.items() if key not in known
    ]
    Tag.objects.bulk_create(missing, ignore_conflicts=True)
    return list(Tag.objects.filter(owner=owner, key__in=wanted))


def _checked_name(name: str, pointer: str) -> str:
    shown = tag_name(name)
    if not 0 < len(shown) <= MAX_TAG_CHARS:
        raise InvalidInputError(NOT_A_TAG, details=[ErrorDetail(pointer, "INVALID", NOT_A_TAG)])
    return shown


def _duplicate_tag(tag: Tag) -> DuplicateError:
    return DuplicateError(TAG_EXISTS, pointer="/name", existing=Existing("tag", tag.uuid))
