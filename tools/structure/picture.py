"""From imports to text."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import grimp

# From the top; each may import what stands below it.
APPS: Final = ("gts", "shootouts", "gear", "jobs", "accounts")
# Folders that are so large that their own folders are the rooms.
WITH_ROOMS: Final = ("jobs.pipeline",)
# The ground floor, below the apps though it is a folder of the top one.
GROUND: Final = "gts.web"
_NOT_ROOMS: Final = {"tests", "migrations", "conftest", "templatetags", "apps"}
_BEGIN: Final = "<!-- structure: made by `python -m tools.structure` -->"
_END: Final = "<!-- structure: end -->"


class PictureError(Exception):
    """What keeps the picture from being drawn; its text says what to do."""


def room_of(module: str) -> str | None:
    """The room in which ``module`` (dotted) stands; None for tests, migrations and the like."""
    names = module.split(".")
    if _NOT_ROOMS & set(names):
        return None
    size = 3 if ".".join(names[:2]) in WITH_ROOMS else 2
    return ".".join(names[:size]) if len(names) >= 2 else None


def imports_between_rooms() -> dict[str, set[str]]:
    """Of each room the rooms that it imports."""
    graph = grimp.build_graph(*APPS, cache_dir=None)
    found: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        room = room_of(module)
        if room is None:
            continue
        found[room]  # also one that imports nothing
        for imported in graph.find_modules_directly_imported_by(module):
            other = room_of(imported)
            if other not in (None, room):
                found[room].add(other)
    return dict(found)


def draw(root: Path, imports: Mapping[str, Set[str]]) -> str:
    """The picture as text. Raises ``PictureError`` for a folder that does not say what it is for,
    and ``graphlib.CycleError`` where rooms import each other in a circle."""
    # Sorted first: the same imports are drawn the same way each time.
    below = {room: sorted(imports[room]) for room in sorted(imports)}
    order = list(TopologicalSorter(below).static_order())[::-1]
    lines = ["```"]
    for app in (*APPS, GROUND):
        rooms = [room for room in order if _app_of(room) == app]
        lines.append(f"{app:<22} {_purpose(root.joinpath(*app.split('.')))}")
        lines += [line for room in rooms if room != app for line in _lines_of(root, room, imports)]
        lines.append("")
    return "\n".join([*lines[:-1], "```"])


def replaced(document: str, picture: str) -> str:
    """``document`` with ``picture`` between its two marks. Raises ``PictureError`` without them."""
    if document.count(_BEGIN) != 1 or document.count(_END) != 1:
        raise PictureError(f"the document needs one line “{_BEGIN}” and one “{_END}”")
    before, _, rest = document.partition(_BEGIN)
    return f"{before}{_BEGIN}\n{picture}\n{_END}{rest.partition(_END)[2]}"


def _app_of(room: str) -> str:
    return GROUND if room == GROUND else room.split(".")[0]


def _lines_of(root: Path, room: str, imports: Mapping[str, Set[str]]) -> Iterator[str]:
    """Two lines of a folder: what it is for, and what it imports. A module right in an app is not
    drawn."""
    folder = root.joinpath(*room.split("."))
    if folder.is_dir():
        yield f"  {room.partition('.')[2] + '/':<20} {_purpose(folder)}"
        if below := sorted({_seen_from(room, other) for other in imports[room]}):
            yield f"  {'':<20}   → {', '.join(below)}"


def _purpose(folder: Path) -> str:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    if not text:
        raise PictureError(f"{folder}: its __init__.py must say in one line what the room is for")
    return text.splitlines()[0].rstrip(".")


def _seen_from(room: str, other: str) -> str:
    """Rooms of the same app by their own names, those of others by the app's."""
    app = _app_of(room)
    if _app_of(other) == app:
        return other.removeprefix(f"{app}.")
    return next((large for large in WITH_ROOMS if other.startswith(f"{large}.")), _app_of(other))
