"""The search comes and goes with its migrations, and finds what was there before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.tests.factories import make_user
from accounts.tests.migrating import migrate_back
from accounts.tests.needs import needs_sqlite
from gear.models import GearItem
from gear.search.index import GEAR_INDEX, SHOOTOUT_INDEX, sqlite_index_ensure
from shootouts.models import Shootout

pytestmark = pytest.mark.django_db(transaction=True)


def migrate() -> None:
    call_command("migrate", verbosity=0)


@pytest.fixture
def newest_again() -> Iterator[None]:
    yield
    migrate()


def names(text: str) -> list[str]:
    return [item.name for item in GearItem.objects.matching(text)]


@pytest.mark.usefixtures("newest_again")
def test_it_goes_and_comes_back_with_data_in_place() -> None:
    owner = make_user()
    GearItem.objects.create(owner=owner, kind="amp", name="Plexi 1959", make="Marshall")
    shootout = Shootout.objects.create(owner=owner, title="Two amps")
    chain = owner.signal_chains.create(name="Any")
    shootout.contenders.create(position=0, label="Bassman", chain=chain)
    migrate_back("shootouts", "0004_shootout_revision")
    migrate_back("gear", "0005_chain_group")
    GearItem.objects.filter(name="Plexi 1959").update(name="Plexi 1987")
    migrate()
    assert names("plexi 1987") == ["Plexi 1987"]
    assert names("1959") == []
    assert names("plexy") == ["Plexi 1987"]
    assert [row.title for row in Shootout.objects.matching("bassman")] == ["Two amps"]
    GearItem.objects.update(name="Bluesbreaker")
    assert names("bluesbreaker") == names("bluesbraeker") == ["Bluesbreaker"]


@needs_sqlite  # only it rebuilds tables
def test_triggers_that_a_rebuilt_table_has_lost_are_made_again() -> None:
    owner = make_user()
    GearItem.objects.create(owner=owner, kind="amp", name="Plexi")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER gear_gearitem_fts_update")
    GearItem.objects.update(name="Bassman")
    assert names("bassman") == []
    for index in (GEAR_INDEX, SHOOTOUT_INDEX):
        sqlite_index_ensure(index, using="default")
    assert names("bassman") == ["Bassman"]
    GearItem.objects.update(name="Twin")
    assert names("twin") == ["Twin"]
