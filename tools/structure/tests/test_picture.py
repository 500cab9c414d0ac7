"""The picture of the structure: drawn from imports, and as it is in the document."""

from __future__ import annotations

from graphlib import CycleError
from pathlib import Path

import pytest

from tools.structure.__main__ import DOCUMENT, ROOT
from tools.structure.picture import (
    APPS,
    GROUND,
    PictureError,
    draw,
    imports_between_rooms,
    replaced,
    room_of,
)

MARKS = (
    "<!-- structure: made by `python -m tools.structure` -->\nold\n<!-- structure: end -->\nrest\n"
)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Apps with nothing in them, and three rooms in two of them."""
    for room in (*APPS, GROUND, "gear.models", "gear.pages", "jobs.queue"):
        folder = tmp_path.joinpath(*room.split("."))
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(f'"""What {room} is for.\n\nMore of it.\n"""\n')
    return tmp_path


IMPORTS = {
    "gear.models": {"gts.web"},
    "gear.pages": {"gear.models", "gear.forms", "jobs.queue", "jobs.pipeline.render"},
    "gear.forms": {"gear.models"},
    "jobs.queue": set[str](),
}


@pytest.mark.parametrize(
    ("module", "room"),
    [
        ("gear.chains.grammar", "gear.chains"),
        ("gear.selectors", "gear.selectors"),
        ("jobs.pipeline.nam.wavenet.layers", "jobs.pipeline.nam"),
        ("jobs.pipeline", "jobs.pipeline"),
        ("gear", None),
        ("gear.chains.tests.test_grammar", None),
        ("gear.migrations.0001_initial", None),
    ],
)
def test_a_room_is_a_folder_of_an_app_or_of_the_pipeline(module: str, room: str | None) -> None:
    assert room_of(module) == room


def test_rooms_stand_above_what_they_import(house: Path) -> None:
    gear = draw(house, IMPORTS).split("\n\n")[2].splitlines()
    assert gear == [
        "gear                   What gear is for",
        "  pages/               What gear.pages is for",
        "                         → forms, jobs, jobs.pipeline, models",
        "  models/              What gear.models is for",
        "                         → gts.web",
    ]


def test_a_room_that_does_not_say_what_it_is_for_is_named(house: Path) -> None:
    (house / "gear" / "pages" / "__init__.py").write_text("")
    with pytest.raises(PictureError, match=r"gear/pages: its __init__\.py must say"):
        draw(house, IMPORTS)


def test_a_circle_of_rooms_is_refused(house: Path) -> None:
    with pytest.raises(CycleError) as caught:
        draw(house, {**IMPORTS, "gear.models": {"gear.pages"}})
    assert {"gear.models", "gear.pages"} <= set(caught.value.args[1])


def test_the_picture_takes_the_place_of_the_old_one() -> None:
    assert replaced(f"before\n{MARKS}", "new") == f"before\n{MARKS.replace('old', 'new')}"
    with pytest.raises(PictureError, match="needs one line"):
        replaced("a document without its marks", "new")


def test_the_document_has_it_as_it_is() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert replaced(document, draw(ROOT, imports_between_rooms())) == document
