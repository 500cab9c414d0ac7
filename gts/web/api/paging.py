"""How lists of the API are paged: by cursor, all of them, with the way on in body and header."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from rest_framework import pagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from gts.web.api.cursors import CURSOR, decrypted, encrypted, list_name
from gts.web.api.keyset import Place, Stretch, place_after, place_of, stretch_at
from gts.web.errors import ErrorDetail, InvalidInputError
from gts.web.paging import MAX_RANKED, is_ranked, rows_between

PAGE_SIZE: Final = 24
MAX_PAGE_SIZE: Final = 100
CURSOR_HELP: Final = "From next or previous of an answer; nothing to read in it."
_BAD_CURSOR: Final = "There is no such cursor: take it from next or previous of an answer."
_SIZE: Final = "page_size"


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
            self.stretch = stretch_at(queryset, place, size)
        else:
            self.stretch = self._counted_off(queryset, place.num_before, size)
        return self.stretch.rows

    def get_paginated_response(self, data: Any) -> Response:
        previous, following = self.stretch.previous, self.stretch.following
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

    def _counted_off(self, rows: QuerySet[Any], num_before: int, size: int) -> Stretch:
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
        return Stretch(found, previous, following)

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
