"""The manners of lists in the admin: those of hundreds of thousands of rows, and read-only ones."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, QuerySet
from django.db.models.options import Options
from django.http import HttpRequest

from gts.web.admin.bulk_actions import BulkActionsAdmin
from gts.web.paging import BoundedPaginator

Row = TypeVar("Row", bound=Model)


class BoundedAdmin(BulkActionsAdmin[Row]):
    """No page loads a whole table, whatever it is asked for."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = 0

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """A filter that PostgreSQL would not take is left out by a redirect, as Django does with
        those that it knows for wrong."""
        for name, values in request.GET.lists():
            if name != SEARCH_VAR and any("\x00" in value for value in values):
                raise IncorrectLookupParameters("a zero byte is in no column")
        return super().get_changelist_instance(request)

    def get_sortable_by(self, request: HttpRequest) -> list[str]:  # type: ignore[override]
        indexed = sorted_fast(self.model)
        return [name for name in self.get_list_display(request) if name in indexed]


def sorted_fast(model: type[Model]) -> set[str]:
    """Columns with many values by which an index sorts all rows, and the key what is equal."""
    columns: dict[str, Any] = {column.name: column for column in model._meta.concrete_fields}
    found = {name for name, column in columns.items() if column.db_index or column.unique}
    for index in model._meta.indexes:
        names = [str(name).removeprefix("-") for name in index.fields]
        if index.condition is None and (len(names) == 1 or names[1:] == ["id"]):
            found.add(names[0])
    return {name for name in found if not (columns[name].choices or columns[name].is_relation)}


class LongListAdmin(BoundedAdmin[Row]):
    """Read along an index, newest first.

    A search takes a UUID, or else a username where ``search_owner`` names who owns a row, or else
    what ``find`` makes of it. No list reads a whole table to look for a word.
    """

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
            users = get_user_model().objects.filter(username=term)
            owner = users.values_list("pk", flat=True).first()
            if owner is not None:
                return queryset.filter(**{self.search_owner: owner}), False
        found = self.find(queryset, term)
        if ORDER_VAR in request.GET:  # and not the best first
            found = found.order_by(*queryset.query.order_by)
        return found, False


class ReadOnlyAdmin:
    """What happened is a record: operators look, they do not edit."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class PartAdmin(ReadOnlyAdmin):
    """Rows that go only with what they are a part of: a page elsewhere lives on them."""

    opts: Options[Any]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Not on pages of its own. Anyone who deletes the whole may delete its parts."""
        match = request.resolver_match
        own = f"{self.opts.app_label}_{self.opts.model_name}_"
        if match is not None and (match.url_name or "").startswith(own):
            return False
        return bool(super().has_delete_permission(request, obj))  # type: ignore[misc]


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
