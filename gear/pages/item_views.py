"""The page of one's own gear: what it is called, what it is, and that it goes."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.page_kit.forms import add_app_error
from accounts.page_kit.views import PageView
from gear.chains.describe import lead_to_trim_ms
from gear.models import GearItem
from gear.pages.forms import GearForm
from gear.selectors import chains_with, gear_get_owned
from gear.services.captures import gear_delete
from gear.services.gear import gear_update
from gts.web.errors import AppError

_MAX_CHAINS_SHOWN = 20


class GearItemView(PageView):
    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        item = gear_get_owned(self.user, uuid)
        return self._page(request, item, GearForm.of(item))

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        item = gear_get_owned(self.user, uuid)
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
                return redirect("gear-list")
        return self._page(request, gear_get_owned(self.user, uuid), form, status=422)

    def _page(
        self, request: HttpRequest, item: GearItem, form: GearForm, status: int = 200
    ) -> HttpResponse:
        chains = chains_with(item).owned_by(self.user)[: _MAX_CHAINS_SHOWN + 1]
        captures = list(item.captures.select_related("gear"))
        context = {
            "item": item,
            "form": form,
            "captures": captures,
            "lead_to_trim_ms": lead_to_trim_ms(captures),
            "chains": chains[:_MAX_CHAINS_SHOWN],
            "has_more_chains": len(chains) > _MAX_CHAINS_SHOWN,
        }
        return render(request, "gear/gear_item.html", context, status=status)


class GearDeleteView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        item = gear_get_owned(self.user, uuid)
        gear_delete(item=item)
        messages.success(request, f"{item} is deleted. What was rendered with it stays.")
        return redirect("gear-list")
