"""Pages of lists that may be long: nothing counts or skips further than people leaf.

What a search has found comes ranked (``RANK``): of very many, the first ``MAX_RANKED`` in the order
of the list stand at the front, the best first, and all others follow in that order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

# Counting costs as much as reading. What is longer is "200 and more".
MAX_COUNTED: Final = 200
# To skip rows the database reads them. Anyone who wants more narrows the list.
MAX_ROWS: Final = 2_400
# To rank a row the database reads all of its text.
MAX_RANKED: Final = 200
RANK: Final = "search_rank"
RANK_ORDER: Final = f"-{RANK}"


class BoundedPage(Page[Any]):
    """Knows by one row more whether another page follows; ``is_cut``: there are more rows, and no
    number leads to them."""

    has_more: bool = False
    is_cut: bool = False

    def has_next(self) -> bool:
        return self.has_more

    def next_page_number(self) -> int:
        if not self.has_more:
            raise EmptyPage("That page contains no results.")
        return self.number + 1


class BoundedPaginator(Paginator[Any]):
    """Pages of the first ``MAX_ROWS`` rows; ``count`` is exact up to ``MAX_COUNTED``."""

    @cached_property
    def count(self) -> int:
        return min(self._counted, MAX_COUNTED)

    @property
    def is_count_exact(self) -> bool:
        """Else there are at least so many."""
        return self._counted <= MAX_COUNTED

    @cached_property
    def num_pages(self) -> int:
        """That there are, or that may be asked for, if no one has counted them."""
        return super().num_pages if self.is_count_exact else self.max_pages

    @property
    def max_pages(self) -> int:
        return MAX_ROWS // int(self.per_page)

    def page(self, number: int | float | str) -> BoundedPage:
        number = self.validate_number(number)
        first = (number - 1) * int(self.per_page)
        rows = rows_between(self.object_list, first, first + int(self.per_page) + 1)
        if not rows and number > 1:
            raise EmptyPage("That page contains no results.")
        page = BoundedPage(rows[: int(self.per_page)], number, self)
        is_last = len(rows) <= int(self.per_page)
        page.has_more = not is_last and number < self.max_pages
        page.is_cut = self.is_cut = not is_last and number == self.max_pages
        self._num_known = max(self._num_known, number + page.has_more)
        return page

    is_cut = False  # of the page that was read last
    _num_known = 1

    def get_elided_page_range(
        self, number: int | float | str = 1, *, on_each_side: int = 3, on_ends: int = 2
    ) -> Iterator[Any]:
        """Pages that there are: of those that were not counted, as far as pages were read."""
        if self.is_count_exact:
            pages: Paginator[Any] = self
        else:
            num_counted = MAX_COUNTED // int(self.per_page) + 1
            num_known = min(max(num_counted, self._num_known), self.max_pages)
            pages = Paginator(range(num_known), 1)
        return Paginator.get_elided_page_range(
            pages, number, on_each_side=on_each_side, on_ends=on_ends
        )

    def get_page(self, number: int | float | str | None) -> BoundedPage:
        """The last page that there is for one past it, as far as they are counted, else the first.

        No one can know the last page of what was not counted.
        """
        try:
            return self.page(number or 1)
        except EmptyPage:
            return self.page(self.num_pages if self.is_count_exact else 1)
        except PageNotAnInteger:
            return self.page(1)

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            # In any order: the database knows a quick one.
            return rows.order_by().values("pk")[: MAX_COUNTED + 1].count()
        return len(rows)


def rows_between(rows: Any, first: int, last: int) -> list[Any]:
    """Those from ``first`` to before ``last``; a search's ranked as said above. One query, or two
    where the ranked ones end."""
    if not isinstance(rows, QuerySet):
        return list(rows[first:last])
    if not is_ranked(rows):
        return _unranked(rows, first, last)
    found: list[Any] = []
    in_order = rows.order_by(*rows.query.order_by[1:])
    if first < MAX_RANKED:
        ranked = rows.filter(pk__in=in_order.values("pk")[:MAX_RANKED])
        found += ranked[first : min(last, MAX_RANKED)]
    num_ranked = len(found)
    if last > MAX_RANKED and num_ranked == max(MAX_RANKED - first, 0):
        found += _unranked(in_order, max(first, MAX_RANKED), last)
    return found


def is_ranked(rows: QuerySet[Any]) -> bool:
    """Whether the best come first, and not what is first in an order that was asked for."""
    return rows.query.order_by[:1] == (RANK_ORDER,)


def _unranked(rows: QuerySet[Any], first: int, last: int) -> list[Any]:
    if first:
        # Of rows that are skipped nothing is joined.
        return list(rows.filter(pk__in=rows.values("pk")[first:last]))
    return list(rows[first:last])
