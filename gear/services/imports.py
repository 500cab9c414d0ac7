"""Captures that come with something larger, a whole shootout, and were looked into on the way."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import User
from accounts.quotas import storage_check
from gear.captures.files import FORMAT_OF_KIND, folder_of
from gear.captures.inspection import CaptureFacts
from gear.models import Capture, GearItem
from gear.services.captures import capture_accept
from gear.services.naming import free_name
from jobs.files.storage import StoredFile
from jobs.pipeline.recipe import DEFAULT_IR_SETTINGS, IRSettings


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
