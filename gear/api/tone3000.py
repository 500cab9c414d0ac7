"""Tone 3000 over HTTP: one's own lists, the feeds, one tone with all of its models, adding.

Everything that waits for Tone 3000 is async, so that however slow it is no one else waits.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.api.tone3000_serializers import (
    CaptureAddInput,
    PickBegunOutput,
    PickInput,
    PickOutput,
    ToneDetailOutput,
    ToneOutput,
    TonePageOutput,
    TonePageQuery,
    ToneSearchQuery,
)
from gear.tone3000.library import client_for, tab_get, tab_named, tone_get
from gear.tone3000.picking import Choice, PickState, pick_begin, pick_get
from gear.tone3000.schemas import Page, Tone
from gear.tone3000.services import tone_capture_add
from gts.web.api.async_views import AsyncAPIView
from gts.web.api.paging import bad_cursor, cursor_text, cursor_url, page_response
from gts.web.api.responses import created
from gts.web.api.views import APIView
from gts.web.errors import NotFoundError
from jobs.api.serializers import JobOutput, job_accepted

NO_PAGE = "There is no such page."
NO_SEARCH = "This server does not search Tone 3000."


class Tone3000ListView(AsyncAPIView):
    query_class = TonePageQuery

    @extend_schema(
        operation_id="tone3000_list",
        tags=["tone3000"],
        parameters=[TonePageQuery],
        responses=TonePageOutput,
        summary="A list of tones: created, favorited, downloaded, trending or latest",
        description="The first three are your own, in pages; the others are at most ten tones.",
    )
    async def get(self, request: Request, tab: str) -> Response:
        wanted = tab_named(tab)
        values = TonePageQuery.values_of(request)
        number = _page_number(request)
        page = await tab_get(_user(request), wanted, page=number, page_size=values["page_size"])
        if page.is_past_the_end:
            raise NotFoundError(NO_PAGE)
        return _page_response(request, page)


class Tone3000SearchView(AsyncAPIView):
    query_class = ToneSearchQuery

    @extend_schema(
        operation_id="tone3000_search",
        tags=["tone3000"],
        parameters=[ToneSearchQuery],
        responses=TonePageOutput,
        summary="Search their catalog, where this server may (else 404)",
    )
    async def get(self, request: Request) -> Response:
        if not settings.GTS_TONE3000_SEARCH:
            raise NotFoundError(NO_SEARCH)
        values = ToneSearchQuery.values_of(request)
        client = client_for(_user(request))
        page = await client.search(query=values["query"].strip(), page=_page_number(request))
        if page.is_past_the_end:
            raise NotFoundError(NO_PAGE)
        return _page_response(request, page)


class Tone3000ToneView(AsyncAPIView):
    @extend_schema(
        operation_id="tone3000_tone",
        tags=["tone3000"],
        responses=ToneDetailOutput,
        summary="One tone with all of its models",
    )
    async def get(self, request: Request, tone_id: str) -> Response:
        detail = await tone_get(_user(request), tone_id)
        return Response(ToneDetailOutput.of(detail))


class Tone3000CaptureView(APIView):
    @extend_schema(
        operation_id="tone3000_add",
        tags=["tone3000"],
        request=CaptureAddInput,
        responses={202: JobOutput},
        summary="Add a model to my gear; a job fetches it",
        description="Its result has capture_id and gear_id. 409 DUPLICATE for one you have. "
        "Only you can see and use what you add.",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        data = CaptureAddInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = tone_capture_add(owner=_user(request), **data.validated_data)
        return job_accepted(job)


class Tone3000PickListView(APIView):
    @extend_schema(
        operation_id="tone3000_pick",
        tags=["tone3000"],
        request=PickInput,
        responses={201: PickBegunOutput},
        summary="Pick a tone in their catalog, in a browser",
        description="Open `url` in a browser that is logged in here as the same user, and ask "
        "for the pick until its state is no longer `waiting`. It waits for half an hour.",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        data = PickInput(data=request.data)
        data.is_valid(raise_exception=True)
        choice = data.validated_data.get("choice")
        pick_id = uuid4()
        url = pick_begin(
            user=_user(request),
            pick_id=pick_id,
            redirect_uri=request.build_absolute_uri(reverse("tone3000-picked")),
            choice=Choice(choice) if choice else None,
            tone_id=data.validated_data.get("tone_id", ""),
        )
        begun = {"id": pick_id, "state": PickState.WAITING, "tone_id": "", "url": url}
        return created(PickBegunOutput(begun).data, "api-tone3000-pick", pick_id)


class Tone3000PickView(APIView):
    @extend_schema(
        operation_id="tone3000_pick_read",
        tags=["tone3000"],
        responses=PickOutput,
        summary="How a pick stands",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(PickOutput(pick_get(user=_user(request), pick_id=uuid)).data)


def _user(request: Request) -> User:
    return cast(User, request.user)


def _page_number(request: Request) -> int:
    """Tone 3000 counts pages. Raises ``InvalidInputError`` for a cursor that is none."""
    text = cursor_text(request)
    if text is None:
        return 1
    if not text.isdecimal():
        raise bad_cursor()
    return int(text)


def _page_response(request: Request, page: Page[Tone]) -> Response:
    return page_response(
        ToneOutput(cast(Any, page.rows), many=True).data,
        following=cursor_url(request, str(page.page + 1)) if page.has_next else None,
        previous=cursor_url(request, str(page.page - 1)) if page.page > 1 else None,
    )
