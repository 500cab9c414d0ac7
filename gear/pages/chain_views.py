"""The page of a stored chain: it is changed, duplicated, and says where it is used."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.idempotency import make_once
from accounts.page_kit import PageView
from gear.models import SignalChain
from gear.pages import chain_form
from gear.pages.forms import chain_form_context, described
from gear.selectors import captures_get, chain_errors, chain_get
from gear.services.chains import chain_duplicate, chain_update
from gts.web.errors import AppError, PreconditionFailedError

CHAIN_CHANGED = (
    "This chain was changed in another window after you opened it. What you chose is still here: "
    "save again to put it in place, or reload the page to see the chain as it is now."
)


class ChainDetailView(PageView):
    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        chain = chain_get(self.user, uuid)
        return _page(request, chain, chain_form.chain_form_of(chain))

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        chain = chain_get(self.user, uuid)
        form = chain_form.chain_form_from_data(request.POST)
        inputs = form.as_inputs()
        if not form.has_errors:
            name = form.name or chain_form.suggest_name(
                form, captures_get(self.user, form.capture_ids())
            )
            revision = request.POST.get("revision", "")
            accepted = [int(revision)] if revision.isdecimal() else None
            try:
                chain_update(chain=chain, name=name, blocks=inputs, accepted_revisions=accepted)
            except PreconditionFailedError:
                chain = chain_get(self.user, uuid)
                form.errors.append(CHAIN_CHANGED)
            except AppError as error:
                form.add_error(error)
            else:
                messages.success(request, "Saved. What was rendered with it before stays.")
                return redirect("chain-detail", uuid)
        return _page(request, chain, form, status=422)


class ChainDuplicateView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        chain = chain_get(self.user, uuid)
        try:
            made = make_once(request, lambda: str(chain_duplicate(chain=chain).uuid))
        except AppError as error:
            self.show_error(error)
            return redirect("chain-detail", uuid)
        messages.success(request, f"This is a copy of {chain.name}.")
        return redirect("chain-detail", UUID(made.id))


def _page(
    request: HttpRequest, chain: SignalChain, form: chain_form.ChainForm, status: int = 200
) -> HttpResponse:
    [shown] = described([chain])
    context = {
        **chain_form_context(request, form),
        "chain": chain,
        "gear": shown["gear"],
        "problems": [error.message for error in chain_errors(chain)],
    }
    return render(request, "gear/chain_detail.html", context, status=status)
