"""The fake server's data: invented people with tones of every kind that once broke someone's code.

Nothing here is anybody's: names are made up, files are made by ``tools.tone3000_server.catalog`` or
come from the demo pack.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tools.tone3000_server.catalog import Catalog, FakeModel, FakeTone, FakeUser

NUM_FAVORITES: Final = 113  # of alice: more than any page holds

# Tones that tests ask for by name.
CRUNCH = 9001  # public NAM: three A1, two A2, one custom
CABINET = 9002  # four impulse responses, no sizes, no images
PRIVATE_OF_ALICE = 9003
ONLY_A2 = 9004
PRIVATE_FAVORITE = 9005  # bob's, private, but alice made it a favorite while she could
PRIVATE_OF_BOB = 9006
AIDA_X = 9007
NON_COMMERCIAL = 9008
NO_DERIVATIVES = 9009
EMOJI, QUOTES, PATH_LIKE, LONG_TITLE = 9010, 9011, 9012, 9013
FUTURE_GEAR = 9014
NO_FILE = 9015  # a model without a file beside one with
FULL_RIG = 9016
DELETED = 9099
DEMO_FIRST = 9020
_FILLER_FIRST = 9100

_NEWEST = datetime(2026, 10, 30, 18, 27, 37, 799064, tzinfo=UTC)
_STEP = timedelta(hours=7, minutes=11, microseconds=130_000)

# Name, size, architecture; a fourth entry False: no file.
_Models = Sequence[tuple[str, str | None, str | None] | tuple[str, str | None, str | None, bool]]

_IRS: Final[_Models] = [
    ("SM57 edge", None, None),
    ("SM57 cap", None, None),
    ("R121", None, None),
    ("Room", None, None),
]
_A1: Final[_Models] = [("Gain 5", "standard", "1")]
_A2: Final[_Models] = [("Gain 5", None, "2")]
_EVIL: Final[_Models] = [("../../evil\\..\\name", "standard", "1")]
_HALF: Final[_Models] = [("Done", "standard", "1"), ("Not there", "standard", "1", False)]


def catalog(demo_dir: Path | None = None) -> Catalog:
    """As at the start; ``demo_dir``: a folder with captures/*.nam and irs/*.wav to offer too."""
    seeding = _Seeding()
    _add_people(seeding.catalog)
    _add_particular_tones(seeding)
    if demo_dir is not None:
        _add_demo(seeding, demo_dir)
    _add_fillers(seeding)
    _add_libraries(seeding.catalog)
    return seeding.catalog


class _Seeding:
    """Adds tones, each a little older than the one before."""

    def __init__(self) -> None:
        self.catalog = Catalog()

    def add(
        self,
        tone_id: int,
        owner: str,
        title: str,
        gear: str,
        format: str,
        models: _Models,
        *,
        paths: Sequence[Path] = (),
        **more: Any,
    ) -> None:
        suffix = ".wav" if format == "ir" else ".nam"
        created_at = _NEWEST - len(self.catalog.tones) * _STEP
        self.catalog.tones[tone_id] = FakeTone(
            id=tone_id,
            owner=owner,
            title=title,
            gear=gear,
            format=format,
            created_at=_written(created_at, len(self.catalog.tones)),
            models=tuple(
                FakeModel(
                    id=tone_id * 100 + number,
                    tone_id=tone_id,
                    name=name,
                    size=size,
                    architecture=architecture,
                    suffix=suffix,
                    has_url=not is_missing,
                    path=paths[number - 1] if paths else None,
                )
                for number, (name, size, architecture, *is_missing) in enumerate(models, start=1)
            ),
            **more,
        )


def _written(moment: datetime, number: int) -> str:
    """One to six digits of fraction, as the real one writes times."""
    digits = f"{moment.microsecond:06}"[: 1 + number % 6]
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{digits}+00:00"


def _add_people(catalog: Catalog) -> None:
    people = [
        FakeUser("alice", "00000000-0000-4000-8000-000000000001", 101),
        FakeUser(
            "bob",
            "00000000-0000-4000-8000-000000000002",
            102,
            display_name="Bob’s Amp Repair",
            is_verified=True,
            has_avatar=True,
            bio="Valves, mostly.",
            links=("https://bob.example/",),
        ),
        FakeUser("carol", "00000000-0000-4000-8000-000000000003", 103, links=()),
        FakeUser("dora", "00000000-0000-4000-8000-000000000004", 104),
    ]
    catalog.users = {person.name: person for person in people}


def _add_particular_tones(seeding: _Seeding) -> None:
    add = seeding.add
    add(
        CRUNCH,
        "bob",
        "Crunch Head",
        "amp",
        "nam",
        [
            ("Gain 3", "standard", "1"),
            ("Gain 5", "lite", "1"),
            ("Gain 7", "feather", "1"),
            ("Gain 3", None, "2"),
            ("Gain 7", None, "2"),
            ("Gain 11", "custom", "custom"),
        ],
        description="One channel, no negative feedback. Line out, no cabinet.",
        makes=("Acme JX-1",),
        tags=("crunch", "rock"),
    )
    add(CABINET, "bob", "Four By Twelve", "cab", "ir", _IRS, has_image=False, makes=("Acme 412",))
    add(
        PRIVATE_OF_ALICE,
        "alice",
        "Secret Rig",
        "amp-cab",
        "nam",
        [("Live", None, "2")],
        is_public=False,
    )
    add(ONLY_A2, "bob", "Two Point Zero", "amp", "nam", [("Clean", None, "2"), ("Push", None, "2")])
    add(PRIVATE_FAVORITE, "bob", "Gone Private", "amp", "nam", _A1, is_public=False)
    add(PRIVATE_OF_BOB, "bob", "Not Yours", "amp", "nam", _A1, is_public=False)
    add(AIDA_X, "bob", "Other Engine", "amp", "aida-x", [("Drive", None, None)])
    add(NON_COMMERCIAL, "bob", "Hobby Amp", "amp", "nam", _A1, licence="cc-by-nc")
    add(NO_DERIVATIVES, "dora", "As It Is", "pedal", "nam", _A1, licence="cc-by-nd")
    add(EMOJI, "dora", "🔥 Face Melter 🔥", "amp-cab", "nam", _A1, licence="cc-by")
    add(QUOTES, "dora", "The \"Brown\" <b>Sound</b> & 'Friends'", "amp", "nam", _A1, licence="cco")
    add(
        PATH_LIKE,
        "dora",
        "../../../etc/passwd",
        "amp",
        "nam",
        [("../../evil\\..\\name", "standard", "1")],
    )
    add(
        LONG_TITLE, "dora", ("Endless Sustain " * 13)[:200], "pedal", "nam", _A1, licence="cc-by-sa"
    )
    add(FUTURE_GEAR, "bob", "Not Invented Yet", "future-gear", "nam", _A1)
    add(
        NO_FILE,
        "bob",
        "Half Uploaded",
        "amp",
        "nam",
        [("Done", "standard", "1"), ("Not there", "standard", "1", False)],
    )
    add(
        FULL_RIG,
        "alice",
        "Sunday Rig",
        "amp-cab",
        "nam",
        [("Mic 1", "standard", "1"), ("Mic 2", "standard", "1")],
        licence="cc-by",
    )


def _add_demo(seeding: _Seeding, folder: Path) -> None:
    """The demo pack, so that what is fetched from here can be heard."""
    captures = sorted(folder.glob("captures/*.nam"))
    for number, path in enumerate(captures):
        document = json.loads(path.read_text())
        metadata = document.get("metadata") or {}
        architecture = "2" if document["architecture"] == "SlimmableContainer" else "1"
        seeding.add(
            DEMO_FIRST + number,
            "bob",
            metadata.get("gear_model") or path.stem,
            "amp",
            "nam",
            [(metadata.get("tone_type") or "Model", None, architecture)],
            paths=[path],
            licence="cco",
            makes=(metadata.get("gear_make") or "GTS Demo",),
            description="From the demo pack of GTS.",
        )
    irs = sorted(folder.glob("irs/*.wav"))
    if irs:
        names: _Models = [(path.stem.replace("-", " "), None, None) for path in irs]
        seeding.add(
            DEMO_FIRST + len(captures),
            "bob",
            "Demo Cabinets",
            "cab",
            "ir",
            names,
            paths=irs,
            licence="cco",
            description="From the demo pack of GTS.",
        )


_COLORS = (
    "Copper",
    "Slate",
    "Amber",
    "Cobalt",
    "Ivory",
    "Umber",
    "Scarlet",
    "Moss",
    "Ash",
    "Ochre",
)
_THINGS = ("Lantern", "Harbour", "Anvil", "Comet", "Badger", "Foundry", "Meridian", "Thistle")
_GEAR = ("amp", "pedal", "amp-cab", "amp", "outboard")


def _add_fillers(seeding: _Seeding) -> None:
    for number in range(NUM_FAVORITES):
        color = _COLORS[number % len(_COLORS)]
        thing = _THINGS[number // len(_COLORS) % len(_THINGS)]
        owner = "bob" if number % 3 else "dora"
        title = f"{color} {thing} {10 + number}"
        is_cab = number % 6 == 5
        models: _Models = _IRS[:2] if is_cab else [*_A1, *_A2]
        seeding.add(
            _FILLER_FIRST + number,
            owner,
            title,
            "cab" if is_cab else _GEAR[number % len(_GEAR)],
            "ir" if is_cab else "nam",
            models,
            has_image=number % 4 != 3,
            makes=(f"{thing} Works",),
        )


def _add_libraries(catalog: Catalog) -> None:
    hidden = {PRIVATE_OF_ALICE, PRIVATE_OF_BOB, FULL_RIG}
    favorites = [tone_id for tone_id in catalog.tones if tone_id not in hidden]
    catalog.favorites = {
        "alice": favorites[:NUM_FAVORITES],
        "bob": [FULL_RIG],
        "carol": [],
        "dora": [],
    }
    catalog.downloads = {"alice": [CABINET, CRUNCH], "bob": [], "carol": [], "dora": []}
