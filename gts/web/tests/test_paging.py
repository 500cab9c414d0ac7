"""Pages of long lists: bounded counts, a bounded depth, and the way on by one row more."""

from __future__ import annotations

import pytest
from django.core.paginator import EmptyPage
from django.template.loader import render_to_string
from django.test import RequestFactory

from gts.web import paging
from gts.web.paging import BoundedPaginator


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_COUNTED", 10)
    monkeypatch.setattr(paging, "MAX_ROWS", 20)


def paginator(num: int, per_page: int = 4) -> BoundedPaginator:
    return BoundedPaginator(list(range(num)), per_page)


@pytest.mark.parametrize(
    ("num", "count", "is_exact", "num_pages"),
    [(0, 0, True, 1), (1, 1, True, 1), (10, 10, True, 3), (11, 10, False, 5), (99, 10, False, 5)],
)
def test_it_counts_no_further_than_it_must(
    num: int, count: int, is_exact: bool, num_pages: int
) -> None:
    pages = paginator(num)
    assert (pages.count, pages.is_count_exact, pages.num_pages) == (count, is_exact, num_pages)


def test_pages_lead_on_as_far_as_there_is_something() -> None:
    pages = paginator(13)
    assert list(pages.page(1)) == [0, 1, 2, 3]
    assert list(pages.page(4)) == [12]
    assert [pages.page(number).has_next() for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert pages.page(1).next_page_number() == 2
    assert not paginator(8).page(2).has_next()
    with pytest.raises(EmptyPage):
        pages.page(5)
    with pytest.raises(EmptyPage):
        pages.page(4).next_page_number()


def test_pages_end_at_a_depth() -> None:
    pages = paginator(99)
    assert list(pages.page(5)) == [16, 17, 18, 19]
    assert not pages.page(5).has_next()
    with pytest.raises(EmptyPage):
        pages.page(6)


def test_a_page_that_is_none_leads_somewhere() -> None:
    assert paginator(9).get_page("x").number == 1
    assert paginator(9).get_page(None).number == 1
    assert paginator(9).get_page(-1).number == 3
    assert paginator(9).get_page(7).number == 3
    assert paginator(99).get_page(7).number == 1
    assert list(paginator(0).get_page(1)) == []


def test_the_last_page_says_that_there_is_more() -> None:
    pages = paginator(99)
    assert [pages.page(number).is_cut for number in (1, 4, 5)] == [False, False, True]
    assert not paginator(20).page(5).is_cut
    request = RequestFactory().get("/jobs/?state=failed")
    text = render_to_string("partials/pager.html", {"page": pages.page(5)}, request)
    assert 'href="?state=failed&amp;page=4"' in text
    assert "Older ones are not shown here" in text
