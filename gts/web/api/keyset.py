"""Pages that begin beside a row: as fast at any depth, and new rows move nothing.

Where a page begins is written into a cursor: the number of rows before it and, beyond those that
may be counted off, what the row beside it is sorted by.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Field, Model, Q, QuerySet
from django.utils.timezone import is_aware

from gts.web.paging import MAX_RANKED, RANK_ORDER

_MAX_WHOLE: Final = 2**63 - 1
_YEARS: Final = range(1900, 9999)


@dataclass(frozen=True, slots=True)
class Place:
    """``num_before``: rows before the page. ``beside``: what the row before it, or ``is_before``
    after it, is sorted by; empty: the rows before it are counted off."""

    num_before: int
    beside: tuple[Any, ...] = ()
    is_before: bool = False

    def as_text(self) -> str:
        values = [_plain(value) for value in self.beside]
        return json.dumps([self.num_before, values, self.is_before], separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of a page; where the ones before and after begin, if there are any."""

    rows: list[Any]
    previous: Place | None
    following: Place | None


def place_of(text: str, rows: QuerySet[Any]) -> Place:
    """Raises ``ValueError`` for what is no place in ``rows``: GTS may have been another then."""
    content = json.loads(text)
    if not (isinstance(content, list) and len(content) == 3):
        raise ValueError("not a cursor")
    num_before, values, is_before = content
    if type(num_before) is not int or not 0 <= num_before <= _MAX_WHOLE:
        raise ValueError("not a number of rows")
    if not isinstance(values, list) or type(is_before) is not bool:
        raise ValueError("not a place")
    if not values:
        if num_before > MAX_RANKED or is_before:
            raise ValueError("so many rows are not counted off")
        return Place(num_before)
    names = order_of(rows)
    if len(values) != len(names):
        raise ValueError("a place in another order")
    read = tuple(
        _value(_field_of(rows.model, name), value)
        for name, value in zip(names, values, strict=True)
    )
    return Place(num_before, read, is_before)


def order_of(rows: QuerySet[Any]) -> tuple[str, ...]:
    """Names, with ``-`` where the greatest comes first; without the rank of a search, which is
    only for the first rows. A key is at the end, so no two rows are equal."""
    order: Sequence[Any] = rows.query.order_by or rows.model._meta.ordering
    return tuple(str(name) for name in order if name != RANK_ORDER)


def place_after(rows: QuerySet[Any], row: Model, num_before: int) -> Place:
    """Of the page that follows on ``row``, the last of ``num_before``."""
    return Place(num_before, _sorted_by(row, order_of(rows)))


def stretch_at(rows: QuerySet[Any], place: Place, size: int) -> Stretch:
    """``size`` rows beside the row of ``place``. One query."""
    order = order_of(rows)
    turned = tuple(map(_opposite, order)) if place.is_before else order
    found = list(rows.filter(_beyond(turned, place.beside)).order_by(*turned)[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if place.is_before:
        found.reverse()
    num_before, num_through = place.num_before, place.num_before + len(found)
    has_following = bool(found) and (place.is_before or has_more)
    has_previous = bool(found) and num_before > 0 and (not place.is_before or has_more)
    previous = Place(
        max(num_before - size, 0), _sorted_by(found[0], order) if found else (), is_before=True
    )
    return Stretch(
        found,
        previous if has_previous else None,
        place_after(rows, found[-1], num_through) if has_following else None,
    )


def _beyond(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Of rows in that order, those after the one with these values."""
    found, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        field, compared = name.removeprefix("-"), "lt" if name.startswith("-") else "gt"
        found |= equal & Q(**{f"{field}__{compared}": value})
        equal &= Q(**{field: value})
    # The same once more for the first column alone, so that an index leads there.
    first, compared = order[0].removeprefix("-"), "lte" if order[0].startswith("-") else "gte"
    return found & Q(**{f"{first}__{compared}": values[0]})


def _opposite(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _sorted_by(row: Model, order: Sequence[str]) -> tuple[Any, ...]:
    values = []
    for name in order:
        value: Any = row
        for step in name.removeprefix("-").split("__"):
            value = getattr(value, step)
        values.append(value)
    return tuple(values)


def _field_of(model: type[Model], name: str) -> Field[Any, Any]:
    *path, last = name.removeprefix("-").split("__")
    for step in path:
        related = model._meta.get_field(step).related_model
        assert isinstance(related, type)
        model = related
    found = model._meta.pk if last == "pk" else model._meta.get_field(last)
    assert isinstance(found, Field)
    return found


def _plain(value: Any) -> str | int:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if isinstance(value, int) else str(value)


def _value(field: Field[Any, Any], value: Any) -> Any:
    """Raises ``ValueError`` for what no row can have."""
    if type(value) is int:
        if abs(value) > _MAX_WHOLE:
            raise ValueError("not a whole number of the database")
    elif not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a text of the database")
    else:
        value.encode()
    try:
        read = field.to_python(value)
    except (ValidationError, TypeError, OverflowError) as error:
        raise ValueError("not a value of that column") from error
    if isinstance(field, DateTimeField) and not _is_moment(read):
        raise ValueError("not a moment")
    return read


def _is_moment(value: Any) -> bool:
    return isinstance(value, datetime) and is_aware(value) and value.year in _YEARS
