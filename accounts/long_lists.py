"""The manners of lists in the admin that may have hundreds of thousands of rows."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.models import User
from accounts.paging import BoundedPaginator

Row = TypeVar("Row", bound=Model)


class LongListAdmin(admin.ModelAdmin[Row]):
    """Read along an index, newest first; nothing is counted to its end or sorted by a click.

    A search takes a UUID, or else a username where ``search_owner`` names who owns a row, or else
    what ``find`` makes of it. No list reads a whole table to look for a word.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    ordering: ClassVar[tuple[str, ...]] = ("-id",)
    search_fields = ("uuid",)  # only says that there is a search
    search_help_text = "an id, or a username"
    search_owner = ""

    def find(self, rows: Any, term: str) -> Any:
        return rows.none()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        uuid = _uuid_of(term) if _has_uuid(queryset) else None
        if uuid is not None:
            return queryset.filter(uuid=uuid), False
        if self.search_owner:
            owner = User.objects.filter(username=term).values_list("pk", flat=True).first()
            if owner is not None:
                return queryset.filter(**{self.search_owner: owner}), False
        return self.find(queryset, term), False


def _uuid_of(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None


def _has_uuid(rows: QuerySet[Any]) -> bool:
    try:
        return bool(rows.model._meta.get_field("uuid"))
    except FieldDoesNotExist:
        return False
