"""Actions of the admin on many rows: they name the true number and ask, and then act on these rows.

At no time more than ``MAX_LOADED`` of them are in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_format_dict, model_ngettext
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from accounts.deletions import Deleted, what_goes

MAX_LOADED: Final = 200
# One request does no more. Who wants more narrows the list and does it in parts.
MAX_ACTED: Final = 10_000
_NUM_SHOWN: Final = 20
_DELETE: Final = "delete_selected"
_TEMPLATE: Final = "admin/bulk_confirmation.html"

Row = TypeVar("Row", bound=Model)
Act = Callable[[Any, HttpRequest, QuerySet[Any]], Any]


def batches(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    """All ``rows``, the newest first, at most ``MAX_LOADED`` at a time, also while acting on them
    takes them out of the list."""
    in_order = rows.order_by("-pk")
    found = list(in_order[:MAX_LOADED])
    while found:
        last = found[-1].pk
        yield found
        found = list(in_order.filter(pk__lt=last)[:MAX_LOADED])


def each(rows: QuerySet[Row]) -> Iterator[Row]:
    """``batches``, row by row."""
    for found in batches(rows):
        yield from found


class BulkActionsAdmin(admin.ModelAdmin[Row]):
    """Every action asks before it acts. It gets a query of rows: go through it with ``each``."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        asking: dict[str, Any] = {}
        for key, (act, name, description) in actions.items():
            asked = _delete if name == _DELETE else act
            asking[key] = (_Asking(asked, name, str(description)), name, description)
        return asking

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return what_goes(objs, request, self.admin_site)


@dataclass(frozen=True, slots=True)
class _Asking:
    act: Act
    name: str
    description: str

    def __call__(
        self, model_admin: BulkActionsAdmin[Any], request: HttpRequest, rows: QuerySet[Any]
    ) -> Any:
        """``rows``: those that were ticked, or, with ``select_across``, all of the list."""
        is_all = request.POST.get("select_across") == "1"
        newest = _number(request, "newest") if is_all else None
        if newest is None:
            newest = rows.order_by("-pk").values_list("pk", flat=True).first()
        else:  # what came since the question was asked is not what it was about
            rows = rows.filter(pk__lte=newest)
        num = rows.order_by().values("pk")[: MAX_ACTED + 1].count()
        if num == 0:
            messages.warning(request, "There are no such rows any more. Nothing was changed.")
            return None
        if num > MAX_ACTED:
            messages.error(
                request,
                f"These are more than {MAX_ACTED:,} {model_admin.opts.verbose_name_plural}: narrow "
                "the list by a filter or a search. Nothing was changed.",
            )
            return None
        going = model_admin.get_deleted_objects(rows, request) if self.name == _DELETE else None
        if request.POST.get("post"):
            if not is_all or _number(request, "num") == num:
                if going is not None and any(going[2:]):
                    raise PermissionDenied
                return self.act(model_admin, request, rows)
            messages.warning(request, "Meanwhile the number has changed. Nothing was changed yet.")
        return self._question(model_admin, request, rows, num, is_all, newest, going)

    def _question(
        self,
        model_admin: BulkActionsAdmin[Any],
        request: HttpRequest,
        rows: QuerySet[Any],
        num: int,
        is_all: bool,
        newest: Any,
        going: Deleted | None,
    ) -> TemplateResponse:
        opts = model_admin.opts
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        names, counts, refused, in_the_way = going or ([], {}, set(), [])
        context = {
            **model_admin.admin_site.each_context(request),
            "title": self.description % model_format_dict(opts),
            "subtitle": None,
            "opts": opts,
            "media": model_admin.media,
            "num": num,
            "num_text": f"{num:,}",
            "noun": model_ngettext(opts, num),
            "is_all": is_all,
            "newest": newest,
            "action": self.name,
            "chosen": chosen[:1] if is_all else chosen,
            "chosen_name": ACTION_CHECKBOX_NAME,
            "shown": names or [str(row) for row in rows.order_by("-pk")[:_NUM_SHOWN]],
            "num_not_shown": 0 if names else max(num - _NUM_SHOWN, 0),
            "model_count": counts.items(),
            "refused": refused,
            "in_the_way": in_the_way,
        }
        request.current_app = model_admin.admin_site.name
        return TemplateResponse(request, _TEMPLATE, context)


def _delete(model_admin: BulkActionsAdmin[Any], request: HttpRequest, rows: QuerySet[Any]) -> None:
    num_gone = 0
    for found in batches(rows):
        keys = {row.pk: row for row in found}
        these = model_admin.model._base_manager.filter(pk__in=list(keys))
        model_admin.delete_queryset(request, these)
        left = set(these.all().values_list("pk", flat=True))
        # The name of a deleted row is logged by its key.
        gone = [row for key, row in keys.items() if key not in left]
        model_admin.log_deletions(request, cast(Any, gone))
        num_gone += len(gone)
    noun = model_ngettext(model_admin.opts, num_gone)
    messages.success(request, f"Deleted {num_gone:,} {noun}.")


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    with suppress(ValueError):
        return int(text) if len(text) < 19 else None
    return None
