"""Actions of the admin on many rows: they name the true number and ask, and then act on these rows.

At no time more than ``MAX_LOADED`` of them are in memory. What goes with rows that are deleted is
counted by the database and named in part: Django's own page loads every row that goes, to list
each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_format_dict, model_ngettext, unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import CASCADE, PROTECT, RESTRICT, Model, Q, QuerySet
from django.db.models.deletion import get_candidate_relations_to_delete
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from gts.web.errors import AppError

MAX_LOADED: Final = 200
# One request does no more. Who wants more narrows the list and does it in parts.
MAX_ACTED: Final = 10_000
# What goes with deleted rows: as far as each kind is counted, and so many of a kind are named.
MAX_COUNTED: Final = 10_000
_NUM_NAMED: Final = 20
_NUM_NAMED_OF_PARTS: Final = 5
# A part of a part of a part …: jobs have three.
_MAX_DEPTH: Final = 12
# Of rows that another action is about.
_NUM_SHOWN: Final = 20
_DELETE: Final = "delete_selected"
_NOTHING_CHANGED: Final = "Nothing was changed."
_NONE_LEFT: Final = f"There are no such rows any more. {_NOTHING_CHANGED}"
_ALL: Final = "select_across"
_TEMPLATE: Final = "admin/bulk_confirmation.html"

Row = TypeVar("Row", bound=Model)
# As Django has it: names, how many of each kind, kinds that may not be deleted, rows in the way.
Deleted = tuple[list[Any], dict[str, Any], set[str], list[Any]]
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

    def response_action(
        self, request: HttpRequest, queryset: Any, *more: Any, **options: Any
    ) -> Any:
        """What cannot be the key of a row is passed over, as the key of one that is gone is."""
        form = request.POST.copy()
        chosen = form.getlist(ACTION_CHECKBOX_NAME)
        possible = [key for key in chosen if _is_possible(self.opts.pk, key)]
        if chosen and not possible:
            messages.warning(request, _NONE_LEFT)
            return None
        form.setlist(ACTION_CHECKBOX_NAME, possible)
        # Django takes anything else but nothing, 0 and False for a yes, and would give all rows.
        form[_ALL] = "1" if form.get(_ALL) == "1" else "0"
        cast(Any, request).POST = form
        return super().response_action(request, queryset, *more, **options)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return what_goes(objs, request, self.admin_site)

    def why_kept(self, request: HttpRequest, rows: QuerySet[Any]) -> str:
        """Why ``rows`` may not be deleted together, in a sentence that says what to do."""
        return ""

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What is not to be deleted is not asked about either. A service may still refuse."""
        row = self.get_object(request, unquote(object_id))
        if row is not None and self.has_delete_permission(request, row):
            reason = self.why_kept(request, self.model._base_manager.filter(pk=row.pk))
            if reason:
                return self._kept(request, reason)
        try:
            return super().delete_view(request, object_id, extra_context)
        except AppError as refusal:
            return self._kept(request, refusal.message)

    def _kept(self, request: HttpRequest, reason: str) -> HttpResponse:
        messages.error(request, f"{reason} {_NOTHING_CHANGED}")
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        is_shown = self.has_view_or_change_permission(request)
        site = self.admin_site.name
        return HttpResponseRedirect(reverse(f"{site}:{name if is_shown else 'index'}"))


@dataclass(frozen=True, slots=True)
class _Asking:
    act: Act
    name: str
    description: str

    def __call__(
        self, model_admin: BulkActionsAdmin[Any], request: HttpRequest, rows: QuerySet[Any]
    ) -> Any:
        """``rows``: those that were ticked, or, with ``select_across``, all of the list."""
        is_all = request.POST.get(_ALL) == "1"
        newest = _number(request, "newest") if is_all else None
        if newest is None:
            newest = rows.order_by("-pk").values_list("pk", flat=True).first()
        else:  # what came since the question was asked is not what it was about
            rows = rows.filter(pk__lte=newest)
        num = rows.order_by().values("pk")[: MAX_ACTED + 1].count()
        if num == 0:
            messages.warning(request, _NONE_LEFT)
            return None
        if num > MAX_ACTED:
            messages.error(
                request,
                f"These are more than {MAX_ACTED:,} {model_admin.opts.verbose_name_plural}: narrow "
                "the list by a filter or a search. Nothing was changed.",
            )
            return None
        going = None
        if self.name == _DELETE:
            if reason := model_admin.why_kept(request, rows):
                messages.error(request, f"{reason} {_NOTHING_CHANGED}")
                return None
            going = model_admin.get_deleted_objects(rows, request)
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
        _log(model_admin, request, gone)
        num_gone += len(gone)
    noun = model_ngettext(model_admin.opts, num_gone)
    messages.success(request, f"Deleted {num_gone:,} {noun}.")


def _log(model_admin: BulkActionsAdmin[Any], request: HttpRequest, gone: list[Any]) -> None:
    """In the name of who acts, unless another operator has deleted them meanwhile."""
    with transaction.atomic():
        acting = get_user_model()._base_manager.select_for_update()
        if acting.filter(pk=cast(Any, request.user).pk).exists():
            model_admin.log_deletions(request, cast(Any, gone))


def _is_possible(field: Any, key: str) -> bool:
    try:
        field.clean(key, None)
    except ValidationError:
        return False
    return "\x00" not in key


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    with suppress(ValueError):
        return int(text) if len(text) < 19 else None
    return None


def what_goes(
    rows: QuerySet[Any] | Sequence[Model], request: HttpRequest, site: AdminSite
) -> Deleted:
    """As ``ModelAdmin.get_deleted_objects``: names to show, how many of each kind (text, where
    more than ``MAX_COUNTED``), kinds that ``request.user`` may not delete, rows in the way."""
    if not isinstance(rows, QuerySet):
        if not rows:
            return [], {}, set(), []
        keys = [row.pk for row in rows]
        rows = type(rows[0])._base_manager.filter(pk__in=keys)
    going, in_the_way = _collect(rows)
    names: list[Any] = []
    counts: dict[str, Any] = {}
    refused: set[str] = set()
    for model, found in going.items():
        num = found.order_by().values("pk")[: MAX_COUNTED + 1].count()
        if not num:
            continue
        is_exact = num <= MAX_COUNTED
        counts[str(model._meta.verbose_name_plural)] = num if is_exact else f"> {MAX_COUNTED}"
        if not _may_delete(model, request, site):
            refused.add(str(model._meta.verbose_name))
        num_named = _NUM_NAMED if model is rows.model else _NUM_NAMED_OF_PARTS
        names += [_name(row, site) for row in found[:num_named]]
        if num > num_named:
            rest = str(num - num_named) if is_exact else "many"
            names.append(f"… and {rest} more {model._meta.verbose_name_plural}")
    return names, counts, refused, [_name(row, site) for row in in_the_way]


def _collect(rows: QuerySet[Any]) -> tuple[dict[type[Model], QuerySet[Any]], list[Model]]:
    """All that goes, by kind, the rows themselves first; and some of what forbids it."""
    going: dict[type[Model], Q] = {}
    guards: list[tuple[type[Model], Q]] = []
    level: dict[type[Model], Q] = {rows.model: Q(pk__in=rows.order_by().values("pk"))}
    for _ in range(_MAX_DEPTH):
        parts: dict[type[Model], Q] = {}
        for model, chosen in level.items():
            going[model] = going[model] | chosen if model in going else chosen
            keys = model._base_manager.filter(chosen).values("pk")
            relations: Any = get_candidate_relations_to_delete(model._meta)
            for relation in relations:
                part, how = relation.related_model, relation.on_delete
                belongs = Q(**{f"{relation.field.name}__in": keys})
                if how in (PROTECT, RESTRICT):
                    guards.append((part, belongs))
                elif how is CASCADE and part._base_manager.filter(belongs).exists():
                    parts[part] = parts[part] | belongs if part in parts else belongs
        level = parts
        if not level:
            break
    in_the_way: list[Model] = []
    for model, belongs in guards:
        guarded = model._base_manager.filter(belongs)
        if model in going:  # it goes too
            guarded = guarded.exclude(going[model])
        in_the_way += guarded[:_NUM_NAMED]
    return {
        model: model._base_manager.filter(chosen) for model, chosen in going.items()
    }, in_the_way


def _may_delete(model: type[Model], request: HttpRequest, site: AdminSite) -> bool:
    if not site.is_registered(model):
        return True
    return site.get_model_admin(model).has_delete_permission(request, None)


def _name(row: Model, site: AdminSite) -> Any:
    kind = capfirst(row._meta.verbose_name)
    if not site.is_registered(type(row)):
        return f"{kind}: {row}"
    place = f"{site.name}:{row._meta.app_label}_{row._meta.model_name}_change"
    try:
        return format_html('{}: <a href="{}">{}</a>', kind, reverse(place, args=(row.pk,)), row)
    except NoReverseMatch:
        return f"{kind}: {row}"
