"""What migrations make of rows that were there before them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command

from accounts.tests.factories import make_user
from accounts.tests.migrating import migrate_back
from gear.models import Capture, LibraryEntry
from gear.services.library import library_save
from gear.tests.factories import make_capture

pytestmark = pytest.mark.django_db(transaction=True)

UNTIL_THEN = "Spaces cannot be played yet."


@pytest.fixture
def newest_again() -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.usefixtures("newest_again")
def test_own_captures_come_into_the_library() -> None:
    alice, charlie = make_user(), make_user("charlie")
    old, new = make_capture(alice, name="Old"), make_capture(alice, name="New")
    make_capture(alice, name="Pending", state="pending")
    make_capture(charlie, name="Shared", is_shared=True)
    library_save(user=alice, capture_id=new.uuid, nickname="N")
    migrate_back("gear", "0006_library")
    call_command("migrate", verbosity=0)
    found = LibraryEntry.objects.values_list("user", "capture", "nickname")
    assert set(found) == {(alice.pk, old.pk, ""), (alice.pk, new.pk, "N")}


@pytest.mark.usefixtures("newest_again")
def test_spaces_can_be_played_and_back() -> None:
    owner = make_user()
    hall = make_capture(owner, "space", name="Hall", info={"num_channels": 4})
    surround = make_capture(owner, "space", name="Surround", info={"num_channels": 6})
    cab = make_capture(owner, "cab")
    migrate_back("gear", "0014_ir_settings")
    reasons = dict(Capture.objects.values_list("pk", "unsupported_reason"))
    assert reasons == {hall.pk: UNTIL_THEN, surround.pk: UNTIL_THEN, cab.pk: ""}
    Capture.objects.filter(pk=hall.pk).update(channel_rule="left")
    call_command("migrate", verbosity=0)
    reasons = dict(Capture.objects.values_list("pk", "unsupported_reason"))
    assert (reasons[hall.pk], reasons[cab.pk]) == ("", "")
    assert "this file has 6" in reasons[surround.pk]
    hall.refresh_from_db()
    assert hall.channel_rule == "mix"
