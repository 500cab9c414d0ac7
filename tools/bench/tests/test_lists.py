"""What measures lists at size: it leaves databases alone that people use."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from accounts.models import User
from accounts.tests.factories import make_user
from accounts.tests.needs import needs_postgresql, needs_sqlite
from gear.models import Capture, GearItem, LibraryEntry
from jobs.models import Job
from shootouts.models import Shootout
from tools.bench import lists, seed


@pytest.mark.django_db
@needs_sqlite
@pytest.mark.parametrize("command", [seed.Command(), lists.Command()])
def test_it_says_what_it_needs(command: BaseCommand) -> None:
    with pytest.raises(CommandError, match="for PostgreSQL"):
        call_command(command)


@needs_postgresql
@pytest.mark.django_db
def test_it_refuses_a_database_that_someone_uses() -> None:
    make_user()
    with pytest.raises(CommandError, match="Someone uses"):
        call_command(seed.Command())
    assert not GearItem.objects.exists()


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_it_fills_every_table_once() -> None:
    out = io.StringIO()
    words = ["--gear=300", "--shootouts=10", "--jobs=1000"]
    call_command(seed.Command(), *words, stdout=out)
    assert (GearItem.objects.count(), Shootout.objects.count()) == (300, 10)
    assert (Job.objects.count(), Capture.objects.count()) == (1000, 390)
    assert LibraryEntry.objects.count() == 100
    assert "300 gear items" in out.getvalue()
    heaviest = User.objects.get(username="bench-1")
    assert heaviest.jobs.count() > 1000 / User.objects.count()
    assert GearItem.objects.matching("marshall").exists()
    assert Shootout.objects.exclude(contender_labels="").count() == 10
    GearItem.objects.create(owner=heaviest, kind="amp", name="One more")
    with pytest.raises(CommandError, match="filled already"):
        call_command(seed.Command())
