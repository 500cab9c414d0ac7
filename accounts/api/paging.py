"""How lists of the API are paged: libraries by number, feeds by cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from rest_framework import pagination
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import ErrorDetail, InvalidInputError
from accounts.paging import MAX_COUNTED, MAX_ROWS, BoundedPaginator, OwnRowsPaginator

_PAGE_SIZE = 24
_MAX_PAGE_SIZE = 100
_BAD_CURSOR = "There is no such cursor: take it from next or previous of an answer."


class PageNumberPagination(pagination.PageNumberPagination):
    """``?page=2&page_size=50``. A number that is none is a 422, a page past the last a 404.

    Pages end at ``MAX_ROWS`` rows, and what is longer than ``MAX_COUNTED`` is not counted: filters
    and the search lead further.
    """

    page_size = _PAGE_SIZE
    max_page_size = _MAX_PAGE_SIZE
    page_size_query_param = "page_size"
    last_page_strings = ()
    django_paginator_class = BoundedPaginator
    page_query_description = f"Pages end at {MAX_ROWS} rows: narrow the list to see others."

    def get_page_size(self, request: Request) -> int:
        return _number(request, "page_size", default=_PAGE_SIZE, highest=_MAX_PAGE_SIZE)

    def get_page_number(self, request: Request, paginator: Paginator[Any]) -> int:
        highest = MAX_ROWS // int(paginator.per_page)
        return _number(request, "page", default=1, highest=highest)

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

    In the order that the rows come in. What a search has found is ranked anew each time and never
    many; there the cursor counts rows.
    """

    page_size = _PAGE_SIZE
    max_page_size = _MAX_PAGE_SIZE
    page_size_query_param = "page_size"
    cursor_query_description = "From next or previous of an answer; nothing to read in it."

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
        try:
            if "search_rank" in queryset.query.annotations:
                return self._paginate_found(queryset, request)
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValidationError, ValueError, OverflowError) as error:
            detail = ErrorDetail("/cursor", "INVALID", _BAD_CURSOR)
            raise InvalidInputError(_BAD_CURSOR, details=[detail]) from error

    def _paginate_found(self, queryset: Any, request: Request) -> list[Any]:
        self.base_url = request.build_absolute_uri()
        size = self.get_page_size(request)
        cursor = self.decode_cursor(request) or Cursor(0, False, None)
        if cursor.reverse or cursor.position is not None:
            raise ValueError("a cursor of a list that was not searched")
        rows = list(queryset[cursor.offset : cursor.offset + size + 1])
        self.found_next = cursor.offset + size if len(rows) > size else None
        self.found_previous = max(cursor.offset - size, 0) if cursor.offset else None
        return rows[:size]

    # Of what was found; ``False`` of any other list.
    found_next: int | Literal[False] | None = False
    found_previous: int | Literal[False] | None = False

    def get_next_link(self) -> str | None:
        return super().get_next_link() if self.found_next is False else self._link(self.found_next)

    def get_previous_link(self) -> str | None:
        if self.found_previous is False:
            return super().get_previous_link()
        return self._link(self.found_previous)

    def _link(self, offset: int | None) -> str | None:
        return None if offset is None else self.encode_cursor(Cursor(offset, False, None))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        document = super().get_paginated_response_schema(schema)
        document["required"] = ["next", "previous", "results"]
        return document


def _number(request: Request, name: str, *, default: int, highest: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    # isdecimal() alone would let through digits of other scripts; len() bounds int().
    if text.isascii() and text.isdecimal() and len(text) < 11 and 1 <= int(text) <= highest:
        return int(text)
    message = f"A whole number from 1 to {highest} is needed."
    raise InvalidInputError(message, details=[ErrorDetail(f"/{name}", "INVALID", message)])
