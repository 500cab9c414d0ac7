"""Changing a shootout that is there: words, options, and the order of its line-up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from accounts.page_kit import PageView, add_app_error
from gts.web.errors import AppError, PreconditionFailedError
from jobs.pipeline.vocabulary.options import OPTION_NAMES
from shootouts.models import Contender, Shootout
from shootouts.pages.forms import ShootoutEditForm
from shootouts.pages.views import SETTINGS_CHANGED
from shootouts.selectors import shootout_get_owned
from shootouts.services.assembly import ContenderInput
from shootouts.services.shootouts import shootout_update


class ShootoutEditView(PageView):
    """What is published stays as it is until the next render."""

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get_owned(self.user, uuid)
        names = ("title", "description", "visibility", *OPTION_NAMES)
        initial = {name: getattr(shootout, name) for name in names}
        return _page(request, shootout, ShootoutEditForm(initial=initial))

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get_owned(self.user, uuid)
        form = ShootoutEditForm(request.POST)
        if form.is_valid():
            revision = request.POST.get("revision", "")
            accepted = [int(revision)] if revision.isdecimal() else None
            changes = _changes(shootout, form.cleaned_data, request.POST)
            try:
                shootout_update(shootout=shootout, accepted_revisions=accepted, **changes)
            except PreconditionFailedError:
                shootout = shootout_get_owned(self.user, uuid)
                form.add_error(None, SETTINGS_CHANGED)
            except AppError as error:
                add_app_error(form, error)
            else:
                messages.success(request, "Saved. What is published stays until the next render.")
                return redirect("shootout-detail", uuid)
        return _page(request, shootout, form, status=422)


def _changes(shootout: Shootout, values: dict[str, Any], data: QueryDict) -> dict[str, Any]:
    """Only what is another now: what is heard cannot change while it renders, words can."""
    changes = {name: value for name, value in values.items() if value != getattr(shootout, name)}
    rows = list(shootout.contenders.select_related("chain"))
    wanted = [
        ContenderInput(row.chain.uuid, data.get(f"label-{row.uuid}", row.label).strip())
        for row in _in_order(rows, data)
        if row.chain is not None
    ]
    present = [ContenderInput(row.chain.uuid, row.label) for row in rows if row.chain is not None]
    if wanted != present and "contender" in data:
        changes["contenders"] = wanted
    tracks = [
        str(di.di_track.uuid) for di in shootout.dis.select_related("di_track") if di.di_track
    ]
    order = [uuid for uuid in data.getlist("di_track") if uuid in tracks]
    if sorted(order) == sorted(tracks) and order != tracks:
        changes["di_track_ids"] = [UUID(uuid) for uuid in order]
    return changes


def _in_order(rows: list[Contender], data: QueryDict) -> list[Contender]:
    """As they stand on the page; those that were taken out are not there."""
    by_id = {str(row.uuid): row for row in rows}
    return [by_id[uuid] for uuid in dict.fromkeys(data.getlist("contender")) if uuid in by_id]


def _page(
    request: HttpRequest, shootout: Shootout, form: ShootoutEditForm, status: int = 200
) -> HttpResponse:
    rows = list(shootout.contenders.select_related("chain"))
    if request.method == "POST" and "contender" in request.POST:
        rows = _in_order(rows, request.POST)
        for row in rows:
            row.label = request.POST.get(f"label-{row.uuid}", row.label)
    context = {
        "shootout": shootout,
        "form": form,
        "contenders": rows,
        "dis": shootout.dis.select_related("di_track"),
    }
    return render(request, "shootouts/shootout_edit.html", context, status=status)
