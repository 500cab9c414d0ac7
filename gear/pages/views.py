"""Pages of captures and chains."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render

from accounts.idempotency import make_once
from accounts.page_kit import PageView, add_app_error
from gear.models import Capture, SignalChain
from gear.models.chain import Slot
from gear.models.item import FileState
from gear.pages import chain_form
from gear.pages.forms import (
    GearFindForm,
    GearUploadForm,
    block_options,
    chain_form_context,
    described,
)
from gear.selectors import (
    capture_get,
    captures_found,
    captures_get,
    chain_get,
    chain_list,
)
from gear.services.captures import INSPECT_KIND, gear_upload
from gear.services.chains import chain_create, chain_delete
from gts.web.errors import AppError, DuplicateError, NotFoundError
from gts.web.paging import BoundedPaginator
from jobs.models import Job
from jobs.selectors import job_about, job_get

_PAGE_SIZE = 24


class GearListView(PageView):
    """All gear that one may see; without a login what this server shares."""

    is_public = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "gear/gear_list.html", gear_page(request, GearUploadForm()))


class GearUploadView(PageView):
    """Takes one capture. Inside another page (htmx) it answers with the form and the new row."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = GearUploadForm(request.POST, request.FILES)
        existing = ""
        if form.is_valid():
            values = form.cleaned_data
            try:
                capture, job = gear_upload(owner=self.user, upload=values.pop("file"), **values)
            except AppError as error:
                add_app_error(form, error)
                existing = str(error.existing.id) if isinstance(error, DuplicateError) else ""
            else:
                return self._accepted(request, capture, job, values["kind"])
        context = {"upload_form": form, "existing": existing}
        if self.is_partial:
            return render(request, "gear/_upload.html", context, status=422)
        page = gear_page(request, form) | context
        return render(request, "gear/gear_list.html", page, status=422)

    def _accepted(
        self, request: HttpRequest, capture: Capture, job: Job, kind: str
    ) -> HttpResponse:
        if not self.is_partial:
            messages.info(request, f"{capture.gear} was uploaded and is being checked.")
            return redirect("gear-list")
        context = {
            # The next one of a batch is most often of the same kind.
            "upload_form": GearUploadForm(initial={"kind": kind}),
            "new_capture": capture,
            "job": job,
        }
        return render(request, "gear/_upload.html", context)


class CaptureRowView(PageView):
    """One capture in a list, asked for again and again until its check has ended."""

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        job = job_about(self.user, INSPECT_KIND, capture_id=uuid)
        try:
            capture = capture_get(self.user, uuid)
        except NotFoundError:
            if job is None:
                raise
            return render(request, "partials/rejected.html", {"job": job, "uuid": uuid})
        is_ready = capture.state == FileState.READY
        response = render(request, "gear/_capture_row.html", {"capture": capture, "job": job})
        if is_ready:
            response["HX-Trigger"] = "captures-changed"
        return response


class ChainListView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        page = BoundedPaginator(chain_list(self.user), _PAGE_SIZE).get_page(request.GET.get("page"))
        context = {"page": page, "chains": described(page.object_list)}
        return render(request, "gear/chain_list.html", context)


class ChainNewView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(
            request,
            "gear/chain_new.html",
            chain_form_context(request, chain_form.empty_chain_form()),
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        form = chain_form.chain_form_from_data(request.POST)
        chain = self._create(form)
        if chain is None:
            context = chain_form_context(request, form)
            return render(request, "gear/chain_new.html", context, status=422)
        messages.success(request, f"{chain.name} is ready to play.")
        return redirect("chain-list")

    def _create(self, form: chain_form.ChainForm) -> SignalChain | None:
        inputs = form.as_inputs()
        if form.has_errors:
            return None
        name = form.name or chain_form.suggest_name(
            form, captures_get(self.user, form.capture_ids())
        )
        try:
            made = make_once(
                self.request,
                lambda: str(chain_create(owner=self.user, name=name, blocks=inputs).uuid),
            )
            return chain_get(self.user, UUID(made.id))
        except AppError as error:
            form.add_error(error)
            return None


class ChainBlockView(PageView):
    """One more block for the form: ``?slot=pre&source=processor:gain`` or ``source=capture``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        slot = request.GET.get("slot", "")
        source = request.GET.get("source", "")
        block = chain_form.new_block(slot, source)
        if slot not in Slot.values or not chain_form.is_known(block):
            return HttpResponseBadRequest("Unknown block.")
        context = {"block": block, "options": block_options(request, block)}
        return render(request, "gear/_block.html", context)


class ChainIRView(PageView):
    """One more impulse response for the cabinet in the form: ``?block=<key of its block>``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        block = chain_form.ChainFormBlock(request.GET.get("block", ""), Slot.CAB)
        context = {
            "block": block,
            "ir": chain_form.new_ir(),
            "options": block_options(request, block),
        }
        return render(request, "gear/_ir.html", context)


class ChainOptionsView(PageView):
    """The choices at one place, after captures have come or to find one: ``?slot=amp&key=…``, what
    is chosen there now, and what is looked for (``<key>-find``)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        key, slot = request.GET.get("key", ""), request.GET.get("slot", "")
        text = request.GET.get(f"{key}-find", "")
        is_space = request.GET.get("source", "") == chain_form.SPACE
        block = chain_form.ChainFormBlock(
            key, slot, request.GET.get(f"{key}-source", ""), is_space=is_space
        )
        chosen = captures_get(request.user, chain_form.ChainForm(blocks=[block]).capture_ids())
        options = block_options(request, block, text, chosen.values())
        context = {"block": block, "choice": block, "find": text.strip(), "options": options}
        return render(request, "gear/_block_select.html", context)


class ChainDeleteView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        chain = chain_get(self.user, uuid)
        chain_delete(chain=chain)
        if self.is_partial:
            return HttpResponse("")
        messages.success(request, f"{chain.name} is deleted. What it rendered stays.")
        return redirect("chain-list")


def gear_page(request: HttpRequest, form: GearUploadForm) -> dict[str, Any]:
    find_form = GearFindForm(request.GET, is_known=request.user.is_authenticated)
    chosen = find_form.chosen()
    query = captures_found(request.user, **chosen)
    page = BoundedPaginator(query, _PAGE_SIZE).get_page(request.GET.get("page"))
    return {
        "page": page,
        "captures": page.object_list,
        "find_form": find_form,
        "is_narrowed": any(chosen.values()),
        "tag": chosen["tag"],
        "upload_form": form,
        "has_tone3000": bool(settings.GTS_TONE3000_KEY),
    }


def asked_job(request: HttpRequest) -> Job | None:
    """The job that the browser watches, if it is the user's own."""
    try:
        return job_get(request.user, UUID(request.GET.get("job", "")))
    except (ValueError, NotFoundError):
        return None
