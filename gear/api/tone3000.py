"""Tone 3000 over HTTP: one's own lists, the feeds, one tone with all of its models, adding.

Everything that waits for Tone 3000 is async, so that however slow it is nobody else waits.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from accounts.api.async_views import AsyncAPIView
from accounts.api.idempotency import idempotent
from accounts.errors import NotFoundError
from accounts.models import User
from gear.api.tone3000_serializers import (
    CaptureAddInput,
    PageInput,
    PickBegunOutput,
    PickInput,
    PickOutput,
    SearchInput,
    ToneDetailOutput,
    ToneOutput,
    TonePageOutput,
)
from gear.services.tone3000 import tone_capture_add
from gear.tone3000.library import client_for, tab_get, tab_named, tone_get
from gear.tone3000.picking import Choice, Outcome, pick_begin, pick_get
from gear.tone3000.schemas import Page, Tone
from jobs.api.serializers import JobOutput

NO_PAGE = "There is no such page."
NO_SEARCH = "This server does not search Tone 3000."


class Tone3000ListView(AsyncAPIView):
    @extend_schema(
        operation_id="tone3000_list",
        tags=["tone3000"],
        parameters=[PageInput],
        responses=TonePageOutput,
        summary="A list of tones: created, favorited, downloaded, trending or latest",
        description="The first three are your own, in pages; the others are at most ten tones.",
    )
    async def get(self, request: Request, tab: str) -> Response:
        wanted = tab_named(tab)
        values = PageInput.values_of(request)
        page = await tab_get(_user(request), wanted, **values)
        if page.is_past_the_end:
            raise NotFoundError(NO_PAGE)
        return Response(_page(request, page))


class Tone3000SearchView(AsyncAPIView):
    @extend_schema(
        operation_id="tone3000_search",
        tags=["tone3000"],
        parameters=[SearchInput],
        responses=TonePageOutput,
        summary="Search their catalogue, where this server may (else 404)",
    )
    async def get(self, request: Request) -> Response:
        if not settings.GTS_TONE3000_SEARCH:
            raise NotFoundError(NO_SEARCH)
        values = SearchInput.values_of(request)
        client = client_for(_user(request))
        page = await client.search(query=values["query"].strip(), page=values["page"])
        if page.is_past_the_end:
            raise NotFoundError(NO_PAGE)
        return Response(_page(request, page))


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
        description="Its result has capture_id and gear_id. 409 ALREADY_ADDED for one you have. "
        "Only you can see and use what you add.",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        data = CaptureAddInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = tone_capture_add(owner=_user(request), **data.validated_data)
        return Response(JobOutput(job).data, status=202)


class Tone3000PickListView(APIView):
    @extend_schema(
        operation_id="tone3000_pick",
        tags=["tone3000"],
        request=PickInput,
        responses={201: PickBegunOutput},
        summary="Pick a tone in their catalogue, in a browser",
        description="Open `url` in a browser that is logged in here as the same user, and ask "
        "for the pick until its outcome is no longer `waiting`. It waits for half an hour.",
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
        begun = {"id": pick_id, "outcome": Outcome.WAITING, "tone_id": "", "url": url}
        return Response(PickBegunOutput(begun).data, status=201)


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


def _page(request: Request, page: Page[Tone]) -> dict[str, Any]:
    """In the shape that all lists of the API have."""
    here = request.build_absolute_uri()
    return {
        "count": page.total,
        "next": replace_query_param(here, "page", page.page + 1) if page.has_next else None,
        "previous": replace_query_param(here, "page", page.page - 1) if page.page > 1 else None,
        "results": ToneOutput(cast(Any, page.rows), many=True).data,
    }
