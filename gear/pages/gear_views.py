"""The page of one piece of gear: what it is, what its owner may change, what people keep of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from accounts.page_kit import PageView, add_app_error, login_first
from gear.chains.describe import lead_to_trim_ms
from gear.models import GearItem
from gear.pages.forms import GearForm, GearNoteForm
from gear.pages.specs import capture_specs
from gear.selectors import (
    gear_get,
    gear_get_owned,
    gear_neighbors,
    library_entries_of,
)
from gear.services.captures import gear_delete
from gear.services.gear import gear_update
from gear.services.library import gear_note
from gts.web.errors import AppError


class GearItemView(PageView):
    """For all who may see it; its owner changes it here."""

    is_public = True

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        return gear_item_page(request, gear_get(request.user, uuid))

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        if not request.user.is_authenticated:
            return login_first(request)
        item = gear_get_owned(request.user, uuid)
        if "trim_lead" in request.POST and lead_to_trim_ms(item.captures.all()) is not None:
            gear_update(item=item, ir_settings={"is_lead_trimmed": True})
            messages.success(request, "The silence in front is left out. The file is as it was.")
            return redirect("gear-item", uuid)
        form = GearForm.of(item, request.POST)
        if form.is_valid():
            try:
                item = gear_update(item=item, **form.values())
            except AppError as error:
                add_app_error(form, error)
            else:
                messages.success(request, f"{item} is saved.")
                return redirect("gear-item", uuid)
        return gear_item_page(request, gear_get(request.user, uuid), form=form, status=422)


class GearNoteView(PageView):
    """Nickname, favorite and tags of who is logged in, on gear that may be another's."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        item = gear_get(self.user, uuid)
        form = _note_form(self.user, item, request.POST)
        if form.is_valid():
            try:
                gear_note(user=self.user, item=item, tags=form.names(), notes=form.notes())
            except AppError as error:
                add_app_error(form, error)
            else:
                messages.success(request, "Saved. Only you see nickname and favorite.")
                return redirect("gear-item", uuid)
        return gear_item_page(request, item, note_form=form, status=422)


class GearDeleteView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        item = gear_get_owned(self.user, uuid)
        gear_delete(item=item)
        messages.success(request, f"{item} is deleted. What was rendered with it stays.")
        return redirect("gear-list")


def gear_item_page(
    request: HttpRequest,
    item: GearItem,
    *,
    form: GearForm | None = None,
    note_form: GearNoteForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user = request.user
    is_owner = item.owner_id == user.pk
    captures = list(item.captures.select_related("gear"))
    newer, older = gear_neighbors(user, item)
    context: dict[str, Any] = {
        "item": item,
        "is_owner": is_owner,
        "captures": [(capture, capture_specs(capture)) for capture in captures],
        "tags": [use.tag.name for use in item.seen_tags],  # type: ignore[attr-defined]  # prefetched
        "newer": newer,
        "older": older,
    }
    if is_owner:
        context |= {
            "form": form or GearForm.of(item),
            "lead_to_trim_ms": lead_to_trim_ms(captures),
        }
    if not isinstance(user, AnonymousUser):
        context["note_form"] = note_form or _note_form(user, item)
    return render(request, "gear/gear_item.html", context, status=status)


def _note_form(user: User, item: GearItem, data: Any = None) -> GearNoteForm:
    own = [use.tag for use in item.seen_tags if use.tag.owner_id == user.pk]  # type: ignore[attr-defined]
    return GearNoteForm(
        data,
        captures=list(item.captures.all()),
        entries=library_entries_of(user, item),
        tags=[tag.name for tag in own],
    )
