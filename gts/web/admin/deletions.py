"""What goes with rows that are deleted in the admin: counted by the database and named in part.

Django's own page loads every row that goes, to list each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib.admin import AdminSite
from django.db.models import CASCADE, PROTECT, RESTRICT, Model, Q, QuerySet
from django.db.models.deletion import get_candidate_relations_to_delete
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

MAX_COUNTED: Final = 10_000
_NUM_NAMED: Final = 20
_NUM_NAMED_OF_PARTS: Final = 5
# A part of a part of a part …: jobs have three.
_MAX_DEPTH: Final = 12

Deleted = tuple[list[Any], dict[str, Any], set[str], list[Any]]


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
