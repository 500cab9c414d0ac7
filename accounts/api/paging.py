"""How lists of the API are paged: libraries by number, feeds by cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from rest_framework import pagination
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from accounts.api.keyset import Place, Stretch, place_after, place_of, stretch_at
from accounts.errors import ErrorDetail, InvalidInputError
from accounts.paging import (
    MAX_COUNTED,
    MAX_RANKED,
    MAX_ROWS,
    BoundedPage,
    BoundedPaginator,
    OwnRowsPaginator,
    is_ranked,
    rows_between,
)

_PAGE_SIZE = 24
_MAX_PAGE_SIZE = 100
_BAD_CURSOR = "There is no such cursor: take it from next or previous of an answer."
_CURSOR = "cursor"
_CURSOR_DESCRIPTION = "From next or previous of an answer; nothing to read in it."


class PageNumberPagination(pagination.PageNumberPagination):
    """``?page=2&page_size=50``. A number that is none is a 422, a page past the last a 404.

    Numbers lead through the first ``MAX_ROWS`` rows; from there ``next`` goes on by cursor, to the
    last. What is longer than ``MAX_COUNTED`` is not counted.
    """

    page_size = _PAGE_SIZE
    max_page_size = _MAX_PAGE_SIZE
    page_size_query_param = "page_size"
    last_page_strings = ()
    django_paginator_class = BoundedPaginator
    page_query_description = f"Numbers end at {MAX_ROWS} rows: next leads on by cursor."
    stretch: Stretch | None = None

    def get_page_size(self, request: Request) -> int:
        return _number(request, "page_size", default=_PAGE_SIZE, highest=_MAX_PAGE_SIZE)

    def get_page_number(self, request: Request, paginator: Paginator[Any]) -> int:
        highest = MAX_ROWS // int(paginator.per_page)
        return _number(request, "page", default=1, highest=highest)

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        self._address = request.build_absolute_uri()
        if _CURSOR not in request.query_params:
            return super().paginate_queryset(queryset, request, view)
        self.request = request
        size = self.get_page_size(request)
        place = _place(request, queryset)
        if place is None or not place.beside or self.page_query_param in request.query_params:
            raise _bad_cursor()
        self.stretch = stretch_at(queryset, place, size)
        paginator = self.django_paginator_class(queryset, size)
        self.page = BoundedPage(self.stretch.rows, 1, paginator)
        return self.stretch.rows

    def get_next_link(self) -> str | None:
        page = cast(BoundedPage, self.page)
        if self.stretch is not None:
            return self._link(self.stretch.following)
        if page.is_cut:
            num_before = page.number * int(page.paginator.per_page)
            rows: Any = page.paginator.object_list
            return self._link(place_after(rows, page.object_list[-1], num_before))
        return super().get_next_link()

    def get_previous_link(self) -> str | None:
        if self.stretch is None:
            return super().get_previous_link()
        place, size = self.stretch.previous, int(self.page.paginator.per_page)  # type: ignore[union-attr]
        if place is not None and place.num_before < MAX_ROWS // size * size:
            url = remove_query_param(self._address, _CURSOR)
            return replace_query_param(url, self.page_query_param, place.num_before // size + 1)
        return self._link(place)

    def _link(self, place: Place | None) -> str | None:
        if place is None:
            return None
        url = remove_query_param(self._address, self.page_query_param)
        return str(replace_query_param(url, _CURSOR, place.encoded()))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        cursor = {
            "name": _CURSOR,
            "required": False,
            "in": "query",
            "description": f"{_CURSOR_DESCRIPTION} Instead of page.",
            "schema": {"type": "string"},
        }
        return [*super().get_schema_operation_parameters(view), cursor]

    def get_paginated_response(self, data: Any) -> Response:
        paginator: Any = self.page.paginator  # type: ignore[union-attr]
        counted = {"count": paginator.count, "is_count_exact": paginator.is_count_exact}
        links = {"next": self.get_next_link(), "previous": self.get_previous_link()}
        return Response({**counted, **links, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        document = super().get_paginated_response_schema(schema)
        document["required"] = ["count", "is_count_exact", "next", "previous", "results"]
        document["properties"]["count"]["description"] = f"counted up to {MAX_COUNTED}"
        is_exact = {"type": "boolean", "description": "false: there are more than count"}
        counted = {"count": document["properties"].pop("count"), "is_count_exact": is_exact}
        document["properties"] = {**counted, **document["properties"]}
        return document


class OwnRowsPagination(PageNumberPagination):
    django_paginator_class = OwnRowsPaginator


class FeedPagination(pagination.CursorPagination):
    """``?cursor=…&page_size=50``: as fast at any depth, and new rows move nothing.

    In the order that the rows come in. What a search has found is ranked each time; there the
    cursor counts rows, as far as they are ranked.
    """

    page_size = _PAGE_SIZE
    max_page_size = _MAX_PAGE_SIZE
    page_size_query_param = "page_size"
    cursor_query_description = _CURSOR_DESCRIPTION
    stretch: Stretch | None = None

    def get_page_size(self, request: Request) -> int:
        return _number(request, "page_size", default=_PAGE_SIZE, highest=_MAX_PAGE_SIZE)

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView | None
    ) -> tuple[str, ...]:
        order: Sequence[Any] = queryset.query.order_by or queryset.model._meta.ordering
        return tuple(map(str, order))

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        if is_ranked(queryset):
            return self._paginate_found(queryset, request)
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValidationError, ValueError, OverflowError) as error:
            raise _bad_cursor() from error

    def _paginate_found(self, queryset: Any, request: Request) -> list[Any]:
        self.base_url = request.build_absolute_uri()
        size = self.get_page_size(request)
        place = _place(request, queryset) or Place(0)
        self.stretch = (
            stretch_at(queryset, place, size)
            if place.beside
            else _counted_off(queryset, place.num_before, size)
        )
        return self.stretch.rows

    def get_next_link(self) -> str | None:
        if self.stretch is None:
            return super().get_next_link()
        return self._link(self.stretch.following)

    def get_previous_link(self) -> str | None:
        if self.stretch is None:
            return super().get_previous_link()
        place = self.stretch.previous
        if place is not None and place.num_before <= MAX_RANKED:
            place = Place(place.num_before)
        return self._link(place)

    def _link(self, place: Place | None) -> str | None:
        if place is None:
            return None
        return str(replace_query_param(str(self.base_url), _CURSOR, place.encoded()))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        document = super().get_paginated_response_schema(schema)
        document["required"] = ["next", "previous", "results"]
        return document


def _counted_off(rows: QuerySet[Any], num_before: int, size: int) -> Stretch:
    """Of a search, from where it may still be ranked."""
    found = rows_between(rows, num_before, num_before + size + 1)
    has_more, found = len(found) > size, found[:size]
    num_through = num_before + len(found)
    following = (
        Place(num_through)
        if num_through <= MAX_RANKED
        else place_after(rows, found[-1], num_through)
    )
    previous = Place(max(num_before - size, 0)) if num_before else None
    return Stretch(found, previous, following if has_more else None)


def _place(request: Request, rows: QuerySet[Any]) -> Place | None:
    """``None``: no cursor is given. Raises ``InvalidInputError``."""
    cursor = request.query_params.get(_CURSOR)
    if cursor is None:
        return None
    try:
        return place_of(cursor, rows)
    except ValueError as error:
        raise _bad_cursor() from error


def _bad_cursor() -> InvalidInputError:
    return InvalidInputError(
        _BAD_CURSOR, details=[ErrorDetail(f"/{_CURSOR}", "INVALID", _BAD_CURSOR)]
    )


def _number(request: Request, name: str, *, default: int, highest: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    # isdecimal() alone would let through digits of other scripts; len() bounds int().
    if text.isascii() and text.isdecimal() and len(text) < 11 and 1 <= int(text) <= highest:
        return int(text)
    message = f"A whole number from 1 to {highest} is needed."
    raise InvalidInputError(message, details=[ErrorDetail(f"/{name}", "INVALID", message)])
