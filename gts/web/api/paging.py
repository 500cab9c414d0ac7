"""How lists of the API are paged: by cursor, all of them, with the way on in body and header.

Pages begin beside a row: as fast at any depth, and new rows move nothing. Where a page begins is
written into the cursor: the number of rows before it and, beyond those that may be counted off,
what the row beside it is sorted by.

A cursor is encrypted, and valid only for the list that it came from, with the same filters and the
same order. The key is derived from ``GTS_SECRET_KEY``: when that changes, older ones are refused.
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Field, Model, Q, QuerySet
from django.utils.crypto import salted_hmac
from django.utils.timezone import is_aware
from rest_framework import pagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from gts.web.errors import ErrorDetail, InvalidInputError
from gts.web.paging import MAX_RANKED, RANK_ORDER, is_ranked, rows_between

PAGE_SIZE: Final = 24
MAX_PAGE_SIZE: Final = 100

CURSOR: Final = "cursor"
_SIZE: Final = "page_size"
MAX_CURSOR_CHARS: Final = 4_000
# Parameters that say which part of a list is shown, and not which list it is.
_OF_A_PART: Final = frozenset({CURSOR, _SIZE})
_NONCE_BYTES: Final = 12

# What columns of the database hold.
_MAX_WHOLE: Final = 2**63 - 1
_YEARS: Final = range(1900, 9999)

CURSOR_HELP: Final = "From next or previous of an answer; nothing to read in it."
_BAD_CURSOR: Final = "Unknown cursor: take it from next or previous of an answer."


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
class RowWindow:
    """The rows of a page; where the ones before and after begin, if there are any."""

    rows: list[Any]
    previous: Place | None
    following: Place | None


class CursorPagination(pagination.BasePagination):
    """``?cursor=…&page_size=50``: as fast at any depth, and new rows move nothing.

    In the order that the rows come in. What a search has found is ranked each time; there the
    cursor counts rows, as far as they are ranked.
    """

    parameter_names: ClassVar[frozenset[str]] = frozenset({CURSOR, _SIZE})

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        self._request = request
        self._is_ranked = is_ranked(queryset)
        size = _page_size(request)
        place = self._place(queryset)
        if place.beside:
            self.window = window_at(queryset, place, size)
        else:
            self.window = self._counted_off(queryset, place.num_before, size)
        return self.window.rows

    def get_paginated_response(self, data: Any) -> Response:
        previous, following = self.window.previous, self.window.following
        if self._is_ranked and previous is not None and previous.num_before <= MAX_RANKED:
            previous = Place(previous.num_before)
        return page_response(data, following=self._url(following), previous=self._url(previous))

    def _url(self, place: Place | None) -> str | None:
        return None if place is None else cursor_url(self._request, place.as_text())

    def _place(self, rows: QuerySet[Any]) -> Place:
        text = cursor_text(self._request)
        if text is None:
            return Place(0)
        try:
            place = place_of(text, rows)
        except ValueError as error:
            raise bad_cursor() from error
        if not place.beside and not self._is_ranked:
            raise bad_cursor()
        return place

    def _counted_off(self, rows: QuerySet[Any], num_before: int, size: int) -> RowWindow:
        """From the beginning; of a search, from where it may still be ranked."""
        found = rows_between(rows, num_before, num_before + size + 1)
        has_more, found = len(found) > size, found[:size]
        num_through = num_before + len(found)
        is_counted_on = self._is_ranked and num_through <= MAX_RANKED
        following = None
        if has_more:
            following = (
                Place(num_through) if is_counted_on else place_after(rows, found[-1], num_through)
            )
        previous = Place(max(num_before - size, 0)) if num_before else None
        return RowWindow(found, previous, following)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        return [
            _parameter(CURSOR, CURSOR_HELP, {"type": "string"}),
            _parameter(_SIZE, "How many at a time.", size),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "null: this is the end"},
                "previous": {**link, "description": "null: this is the beginning"},
                "results": schema,
            },
        }


def page_response(data: Any, *, following: str | None, previous: str | None) -> Response:
    """Of a list: its rows, and where it goes on, in the body and as ``Link`` (RFC 8288)."""
    links = {"next": following, "prev": previous}
    told = ", ".join(f'<{url}>; rel="{name}"' for name, url in links.items() if url)
    body = {"next": following, "previous": previous, "results": data}
    return Response(body, headers={"Link": told} if told else {})


def cursor_url(request: Request, content: str) -> str:
    """The list that ``request`` asks for, at the place that ``content`` says."""
    cursor = encrypted(content, list_name(request))
    return str(replace_query_param(request.build_absolute_uri(), CURSOR, cursor))


def cursor_text(request: Request) -> str | None:
    """What ``cursor_url`` was given; ``None`` at the beginning. Raises ``InvalidInputError``."""
    cursor = request.query_params.get(CURSOR)
    if cursor is None:
        return None
    try:
        return decrypted(cursor, list_name(request))
    except ValueError as error:
        raise bad_cursor() from error


def bad_cursor() -> InvalidInputError:
    return InvalidInputError(
        _BAD_CURSOR, details=[ErrorDetail(f"/{CURSOR}", "INVALID", _BAD_CURSOR)]
    )


def _page_size(request: Request) -> int:
    text = request.query_params.get(_SIZE)
    if text is None:
        return PAGE_SIZE
    # isdecimal() alone would let through digits of other scripts; len() bounds int().
    if text.isascii() and text.isdecimal() and len(text) < 11 and 1 <= int(text) <= MAX_PAGE_SIZE:
        return int(text)
    message = f"A whole number from 1 to {MAX_PAGE_SIZE} is needed."
    raise InvalidInputError(message, details=[ErrorDetail(f"/{_SIZE}", "INVALID", message)])


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


# Pages that begin beside a row


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


def window_at(rows: QuerySet[Any], place: Place, size: int) -> RowWindow:
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
    return RowWindow(
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


# Encrypted cursors


def list_name(request: Request) -> str:
    """Of a list as it is asked for: which one, with which filters, in which order."""
    asked = [row for row in request.query_params.lists() if row[0] not in _OF_A_PART]
    return json.dumps([request.path, sorted(asked)])


def encrypted(content: str, of_list: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    box = AESGCM(_key()).encrypt(nonce, content.encode(), of_list.encode())
    return urlsafe_b64encode(nonce + box).decode().rstrip("=")


def decrypted(cursor: str, of_list: str) -> str:
    """Raises ``ValueError`` for a cursor of another list, or of none."""
    if len(cursor) > MAX_CURSOR_CHARS:
        raise ValueError("too long for a cursor")
    box = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    try:
        content = AESGCM(_key()).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], of_list.encode())
    except InvalidTag as error:
        raise ValueError("not a cursor of this list") from error
    return content.decode()


def _key() -> bytes:
    # This name is a part of the key, and no longer that of a module: another one would make every
    # cursor that is out there worthless.
    digest: bytes = salted_hmac("gts.web.api.cursors", "key", algorithm="sha256").digest()
    return digest
