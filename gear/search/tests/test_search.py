"""Words find gear on either database; what is typed is never syntax."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from accounts.tests.needs import needs_postgresql
from gear.models import GearItem
from gear.search.index import GEAR_INDEX, words_refresh
from gear.search.text import MAX_WORDS, words_of

GEAR = [
    ("JCM800 2203", "Marshall"),
    ("5150 Block Letter", "Peavey"),
    ("5152 Mark II", "Peavey"),
    ("Twin Reverb", "Fender"),
    ("TS-9 Tube Screamer", "Ibanez"),
    ("AC30/6 Top Boost", "Vox"),
    ("Überschall", "Bogner"),
    ("100% Proof_Gain", ""),
    ("Plexi Super Lead", "Hiwatt"),
]


@pytest.fixture
def gear(alice: User) -> list[GearItem]:
    rows = [
        GearItem(owner=alice, kind="amp", name=name, make=make, creator="Nils", is_shared=True)
        for name, make in GEAR
    ]
    return GearItem.objects.bulk_create(rows)


def names(text: str) -> list[str]:
    return [item.name for item in GearItem.objects.matching(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("jcm800", {"JCM800 2203"}),
        ("JCM 800", {"JCM800 2203"}),
        ("800", {"JCM800 2203"}),
        ("jcm", {"JCM800 2203"}),
        ("marsh 220", {"JCM800 2203"}),
        ("2203 Marshall", {"JCM800 2203"}),
        ("5150", {"5150 Block Letter"}),
        ("515", {"5150 Block Letter", "5152 Mark II"}),
        ("twin", {"Twin Reverb"}),
        ("ts9", {"TS-9 Tube Screamer"}),
        ("TS-9", {"TS-9 Tube Screamer"}),
        ("ac30/6", {"AC30/6 Top Boost"}),
        ("AC30 6", {"AC30/6 Top Boost"}),
        ("überschall", {"Überschall"}),
        ("peavey marshall", set()),
        ("no such thing", set()),
        ("%", set()),
        ("_", set()),
        ('"', set()),
    ],
)
@pytest.mark.usefixtures("gear")
def test_words_find_gear(text: str, found: set[str]) -> None:
    assert set(names(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("marshal", "JCM800 2203"),
        ("marhsall", "JCM800 2203"),
        ("fendre", "Twin Reverb"),
        ("screemer", "TS-9 Tube Screamer"),
        ("reverv twin", "Twin Reverb"),
        ("cm800", "JCM800 2203"),
        ("marhsall 203", "JCM800 2203"),
        ("creamer", "TS-9 Tube Screamer"),
        ("plxi", "Plexi Super Lead"),
        ("plxi hiwat", "Plexi Super Lead"),
    ],
)
@pytest.mark.usefixtures("gear")
def test_typos_and_parts_of_words_find_gear_when_nothing_else_does(text: str, found: str) -> None:
    assert names(text) == [found]


@pytest.mark.usefixtures("gear")
def test_blank_text_narrows_nothing() -> None:
    assert len(names("")) == len(names("  ")) == len(GEAR)


def test_the_best_comes_first_and_then_the_newest(alice: User) -> None:
    for name, make in (
        ("Plexi", "Marshall"),
        ("Clone of a Marshall amp with a very long name indeed", "Someone"),
        ("Marshall", ""),
        ("Plexi", "Marshall"),
    ):
        GearItem.objects.create(owner=alice, kind="amp", name=name, make=make)
    first, second = GearItem.objects.filter(name="Plexi")
    found = list(GearItem.objects.matching("marshall"))
    assert found[0].name == "Marshall"
    assert found.index(first) < found.index(second)
    assert len(found) == 4


def test_what_changes_and_goes_is_found_as_it_is_now(alice: User) -> None:
    item = GearItem.objects.create(owner=alice, kind="amp", name="Plexi")
    item.name = "Bassman"
    item.save()
    assert names("plexi") == []
    assert names("bassman") == names("basman") == ["Bassman"]
    GearItem.objects.filter(pk=item.pk).update(make="Fender")
    assert names("fender") == names("fendre") == ["Bassman"]
    item.delete()
    assert names("bassman") == names("basman") == []


@needs_postgresql  # SQLite keeps no words by themselves
def test_words_that_no_gear_has_are_forgotten(alice: User) -> None:
    kept = GearItem.objects.create(owner=alice, kind="amp", name="Plexi 800 of Zyxgor's")
    GearItem.objects.create(owner=alice, kind="amp", name="Plexi Qwortle").delete()
    assert {"plexi", "800", "zyxgor", "qwortle"} <= known_words()
    assert words_refresh(GEAR_INDEX) >= 1
    assert {"plexi", "800", "zyxgor"} <= known_words()
    assert "qwortle" not in known_words()
    with connection.cursor() as cursor:  # as when it goes while a row with it is being written
        cursor.execute(f"DELETE FROM {GEAR_INDEX.words_table} WHERE word = 'zyxgor'")
    words_refresh(GEAR_INDEX)
    assert names("zyxgro") == [kept.name]


def known_words() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT word FROM {GEAR_INDEX.words_table}")
        return {word for (word,) in cursor.fetchall()}


def test_what_others_keep_is_not_found(alice: User, charlie: User) -> None:
    GearItem.objects.create(owner=alice, kind="amp", name="Secret amp")
    assert list(GearItem.objects.visible_to(charlie).matching("secret")) == []
    # Nor does it keep typos from being looked for.
    mine = GearItem.objects.create(owner=charlie, kind="amp", name="Secrets amp")
    GearItem.objects.filter(pk=mine.pk).update(name="Secreta amp")
    assert [item.pk for item in GearItem.objects.visible_to(charlie).matching("secretx")] == [
        mine.pk
    ]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(max_size=400))
@example("' OR 1=1 --")
@example('" AND NEAR(jcm NOT *) ^')
@example("jcm800\x00")
@example("name:jcm {a b}: c")
@example("jcm:* & !x | <-> \\'")
@example("🎸" * 200)
@example("a" * 10_000)
@example("%s %(x)s %%")
@example("\ud800")
@example("² ½ ⑨ ٣")
@pytest.mark.usefixtures("gear")
def test_any_text_is_safe(text: str) -> None:
    found = list(GearItem.objects.matching(text))
    assert len(found) <= len(GEAR)
    assert len(words_of(text)) <= MAX_WORDS
