"""Pages of Tone 3000: one's own lists there, one tone, adding its models, picking another."""

from __future__ import annotations

import math
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.models import User
from accounts.page_kit import AsyncPageView, PageView
from accounts.selectors import tone3000_connection_get
from gear.pages.views import asked_job
from gear.tone3000.access import NotAvailableError
from gear.tone3000.library import (
    Tab,
    captures_of_tone,
    client_for,
    fetches_of_tone,
    tab_get,
    tab_named,
    tone_cards,
    tone_get,
    tone_page,
)
from gear.tone3000.picking import (
    LIFETIME_S,
    Choice,
    Pick,
    PickState,
    pick_begin,
    pick_finish,
    pick_get,
)
from gear.tone3000.schemas import Page, Tone
from gear.tone3000.services import tone_capture_add
from gts.web.database import in_database
from gts.web.errors import (
    AppError,
    ConflictError,
    NotFoundError,
    ReconnectNeededError,
    UnavailableError,
)

NOT_SET_UP = "Tone 3000 is not set up on this server: its operators need a key for that."

_MAX_PAGE = 100_000
# Longer waits are for people to end, not for the page.
_LONGEST_RELOAD_S = 60
# A page that opened the catalog asks every two seconds how it went, for as long as picks live.
_MOST_ASKED = LIFETIME_S // 2


class LibraryView(AsyncPageView):
    """One tab; for htmx only what is below the tabs' heading."""

    async def get(self, request: HttpRequest, tab: str = Tab.FAVORITED) -> HttpResponse:
        wanted = tab_named(tab)
        number = _number(request, "page", most=_MAX_PAGE)
        context: dict[str, Any] = {"tab": wanted, "query": ""}
        status = 200
        try:
            page = await tab_get(self.user, wanted, page=number)
        except (ReconnectNeededError, UnavailableError) as error:
            context |= await in_database(_trouble, self.user, error)
            status = error.status
        else:
            context |= _listed(page)
        return await _library_page(self, context, status)


class SearchView(AsyncPageView):
    """Their whole catalog, where the operator has an agreement that allows it."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        if not settings.GTS_TONE3000_SEARCH:
            raise NotFoundError("This server does not search Tone 3000.")
        query = request.GET.get("query", "")[:200]
        context: dict[str, Any] = {"tab": "search", "query": query}
        status = 200
        try:
            found = await client_for(self.user).search(
                query=query, page=_number(request, "page", most=_MAX_PAGE)
            )
        except (ReconnectNeededError, UnavailableError) as error:
            context |= await in_database(_trouble, self.user, error)
            status = error.status
        else:
            context |= _listed(found)
        return await _library_page(self, context, status)


class ToneView(AsyncPageView):
    async def get(self, request: HttpRequest, tone_id: str) -> HttpResponse:
        context: dict[str, Any] = {"tone_id": tone_id, "pick_id": uuid4()}
        try:
            detail = await tone_get(self.user, tone_id)
        except NotAvailableError as error:
            context["unavailable"] = error.message
            return await self.page("gear/tone3000/tone_gone.html", context, status=404)
        except (ReconnectNeededError, UnavailableError) as error:
            context |= await in_database(_trouble, self.user, error)
            return await self.page("gear/tone3000/tone_gone.html", context, status=error.status)
        jobs = await in_database(fetches_of_tone, self.user, detail.tone.id)
        context["page"] = tone_page(detail, jobs)
        return await self.page("gear/tone3000/tone.html", context)


class CaptureAddView(PageView):
    """*Add to my gear*: queues the fetching, and answers with how it stands (htmx)."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, tone_id: str, model_id: str) -> HttpResponse:
        label = request.POST.get("label", "")
        context: dict[str, Any] = {"tone_id": tone_id, "model_id": model_id, "label": label}
        try:
            context["job"] = tone_capture_add(
                owner=self.user,
                tone_id=tone_id,
                model_id=model_id,
                kind=request.POST.get("kind", ""),
                label=label,
            )
        except ConflictError:
            context["capture"] = captures_of_tone(self.user, tone_id).get(model_id)
        except AppError as error:
            context["error"] = error.message
        if self.is_partial:
            return render(request, "gear/tone3000/_adding.html", context)
        if "error" in context:
            messages.error(request, context["error"])
        else:
            messages.info(request, "It is on its way into your gear.")
        return redirect("tone3000-tone", tone_id)


class CaptureStateView(PageView):
    """How the fetching of a model stands, asked for again and again until it has ended."""

    def get(self, request: HttpRequest, tone_id: str, model_id: str) -> HttpResponse:
        capture = captures_of_tone(self.user, tone_id).get(model_id)
        job = asked_job(request)
        context = {
            "tone_id": tone_id,
            "model_id": model_id,
            "label": job.label if job else "",
            "capture": capture,
            "job": job,
            "error": job.error_message if job and job.is_finished else "",
        }
        response = render(request, "gear/tone3000/_adding.html", context)
        if capture is not None:
            response["HX-Trigger"] = "captures-changed"
        return response


# Picking


class PickView(PageView):
    """Off to Tone 3000's catalog, in a window of its own (``popup``) or in this one.

    A GET, because windows are opened with one. Who is led here by someone else's page comes back
    with a tone for their own account, which nothing is done with.
    """

    http_method_names = ["get"]

    def get(self, request: HttpRequest, pick_id: UUID) -> HttpResponse:
        choice = request.GET.get("choice", "")
        return HttpResponseRedirect(
            pick_begin(
                user=self.user,
                pick_id=pick_id,
                redirect_uri=request.build_absolute_uri(reverse("tone3000-picked")),
                choice=Choice(choice) if choice in tuple(Choice) else None,
                tone_id=request.GET.get("tone_id", "")[:64],
                is_popup="popup" in request.GET,
            )
        )


class PickedView(AsyncPageView):
    """Where Tone 3000 sends the browser back to. Not for a HEAD, which must not end the pick."""

    http_method_names = ["get"]

    async def get(self, request: HttpRequest) -> HttpResponse:
        try:
            pick = await in_database(pick_finish, user=self.user, params=request.GET.dict())
        except NotFoundError as error:
            context = {"text": error.message}
            return await self.page("gear/tone3000/picked.html", context, status=400)
        if pick.state == PickState.PICKED and not pick.is_popup:
            return redirect("tone3000-tone", pick.tone_id)
        return await self.page("gear/tone3000/picked.html", {"pick": pick, "text": text_of(pick)})


class PickStateView(PageView):
    """Asked by the page that opened the window, until the pick has ended."""

    def get(self, request: HttpRequest, pick_id: UUID) -> HttpResponse:
        try:
            pick = pick_get(user=self.user, pick_id=pick_id)
        except NotFoundError:
            pick = None  # the window has not got as far as beginning, or it was long ago
        if pick is None or pick.state == PickState.WAITING:
            times = _number(request, "times", most=_MOST_ASKED) + 1
            context = {"pick_id": pick_id, "times": times, "is_over": times > _MOST_ASKED}
            return render(request, "gear/tone3000/_pick_state.html", context)
        if pick.state == PickState.PICKED:
            address = reverse("tone3000-tone", args=[pick.tone_id])
            return HttpResponse(status=204, headers={"HX-Redirect": address})
        return render(request, "gear/tone3000/_pick_state.html", {"text": text_of(pick)})


def text_of(pick: Pick) -> str:
    """What people are told about how it ended."""
    match pick.state:
        case PickState.PICKED:
            return "Picked. GTS shows the tone now."
        case PickState.CANCELED:
            return "You closed the catalog without picking a tone."
        case PickState.DENIED:
            return "Tone 3000 was not allowed to hand over a tone."
        case PickState.OTHER_ACCOUNT:
            return (
                f"At tone3000.com you are logged in as {pick.other_name}, which is not the account "
                "connected here. Nothing was taken over. Log out there, or connect that account."
            )
        case _:
            return "Tone 3000 did not hand over a tone. Please pick again."


# Parts


def _number(request: HttpRequest, name: str, *, most: int) -> int:
    """A whole number of the address; what is none is 1."""
    text = request.GET.get(name, "1")
    is_number = text.isascii() and text.isdecimal() and len(text) < 8
    return min(max(int(text), 1), most) if is_number else 1


async def _library_page(view: AsyncPageView, context: dict[str, Any], status: int) -> HttpResponse:
    context |= {
        "tabs": [(tab.value, tab.label) for tab in Tab],
        "pick_id": uuid4(),
        "has_search": settings.GTS_TONE3000_SEARCH,
    }
    if view.is_partial:
        # htmx would not show what comes with an error's status.
        return await view.page("gear/tone3000/_library.html", context)
    return await view.page("gear/tone3000/library.html", context, status=status)


def _listed(page: Page[Tone]) -> dict[str, Any]:
    return {"page": page, "cards": tone_cards(page.rows)}


def _trouble(user: User, error: ReconnectNeededError | UnavailableError) -> dict[str, Any]:
    """Why there is nothing to show, and what can be done about it. Two queries at most."""
    if not settings.GTS_TONE3000_KEY:
        return {"trouble": NOT_SET_UP}
    if isinstance(error, ReconnectNeededError):
        return {"connection": tone3000_connection_get(user), "needs_connection": True}
    wait_s = math.ceil(error.wait) if error.wait else None
    return {
        "trouble": error.message,
        "wait_s": wait_s,
        "reload_s": wait_s if wait_s and wait_s <= _LONGEST_RELOAD_S else None,
    }
