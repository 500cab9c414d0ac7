"""Tone 3000 over HTTP: lists of one's own, feeds, a tone with all of its models, adding, picking.

Everything that waits for Tone 3000 is async, so that however slow it is no one else waits. Values
of their lists are text here too: the lists grow.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.models.item import GearKind
from gear.tone3000.library import ToneDetail, client_for, tab_get, tab_named, tone_get
from gear.tone3000.picking import Choice, PickState, pick_begin, pick_get
from gear.tone3000.schemas import Model, Page, Tone, ToneUser, is_identifier
from gear.tone3000.services import BAD_ID, kind_of, tone_capture_add, unsupported_reason
from gts.web.api.paging import (
    CURSOR_HELP,
    MAX_PAGE_SIZE,
    PAGE_SIZE,
    bad_cursor,
    cursor_text,
    cursor_url,
    page_response,
)
from gts.web.api.queries import QuerySerializer, WholeNumberField
from gts.web.api.responses import created
from gts.web.api.serializers import StrictSerializer
from gts.web.api.views import APIView, AsyncAPIView
from gts.web.errors import NotFoundError
from jobs.api.jobs import JobOutput, job_accepted

NO_PAGE = "Page not found."
NO_SEARCH = "This server does not search Tone 3000."


class CursorQuery(QuerySerializer):
    cursor = serializers.CharField(required=False, help_text=CURSOR_HELP)


class TonePageQuery(CursorQuery):
    page_size = WholeNumberField(
        default=PAGE_SIZE, min_value=1, max_value=MAX_PAGE_SIZE, help_text="How many at a time."
    )


class ToneSearchQuery(CursorQuery):
    query = serializers.CharField(
        default="", max_length=200, allow_blank=True, trim_whitespace=False, help_text="words"
    )


class CreatorOutput(serializers.Serializer[ToneUser]):
    id = serializers.CharField(help_text="opaque")
    username = serializers.CharField(allow_null=True)
    display_name = serializers.CharField(allow_null=True)
    is_verified = serializers.BooleanField(allow_null=True)
    avatar_url = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True)


class ToneOutput(serializers.Serializer[Tone]):
    id = serializers.CharField(help_text="of the tone at Tone 3000, opaque")
    title = serializers.CharField()
    creator = CreatorOutput(allow_null=True)
    description = serializers.CharField(allow_null=True)
    licence = serializers.CharField(allow_null=True, help_text="their word; null: not told here")
    url = serializers.CharField(allow_null=True, help_text="its page at Tone 3000")
    gear = serializers.CharField(allow_null=True, help_text="their word, of a list that grows")
    format = serializers.CharField(allow_null=True, help_text="their word, of a list that grows")
    images = serializers.ListField(child=serializers.CharField())
    makes = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    sizes = serializers.ListField(child=serializers.CharField())
    a1_models_count = serializers.IntegerField(allow_null=True)
    a2_models_count = serializers.IntegerField(allow_null=True)
    custom_models_count = serializers.IntegerField(allow_null=True)
    irs_count = serializers.IntegerField(allow_null=True)
    downloads_count = serializers.IntegerField(allow_null=True)
    favorites_count = serializers.IntegerField(allow_null=True)
    is_public = serializers.BooleanField(allow_null=True)
    is_favorite = serializers.BooleanField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)
    kind = serializers.SerializerMethodField(
        help_text="what it is used as here; null: adding it needs a kind"
    )
    unsupported_reason = serializers.SerializerMethodField(
        help_text="why its files cannot be played here; empty: they can"
    )

    def get_kind(self, tone: Tone) -> str | None:
        return kind_of(tone)

    def get_unsupported_reason(self, tone: Tone) -> str:
        return unsupported_reason(tone)


class TonePageOutput(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ToneOutput(many=True)


class ModelOutput(serializers.Serializer[Model]):
    id = serializers.CharField(help_text="of the model at Tone 3000, opaque")
    name = serializers.CharField(allow_null=True)
    size = serializers.CharField(allow_null=True, help_text="their word")
    architecture = serializers.CharField(
        allow_null=True, help_text="1, 2, custom, …; null: not a NAM"
    )
    has_file = serializers.SerializerMethodField()
    capture_id = serializers.SerializerMethodField(help_text="of your capture, once it is added")

    def get_has_file(self, model: Model) -> bool:
        return model.url is not None

    def get_capture_id(self, model: Model) -> str | None:
        capture = self.context["captures"].get(model.id)
        return str(capture.uuid) if capture else None


class ToneDetailOutput(ToneOutput):
    models = serializers.SerializerMethodField(help_text="of every architecture, all pages")

    @staticmethod
    def of(detail: ToneDetail) -> Any:
        return ToneDetailOutput(detail.tone, context={"detail": detail}).data

    @extend_schema_field(ModelOutput(many=True))
    def get_models(self, tone: Tone) -> list[dict[str, Any]]:
        detail: ToneDetail = self.context["detail"]
        models: Any = detail.models
        return list(ModelOutput(models, many=True, context={"captures": detail.captures}).data)


class CaptureAddInput(StrictSerializer):
    tone_id = serializers.CharField(max_length=64)
    model_id = serializers.CharField(max_length=64)
    kind = serializers.ChoiceField(
        choices=GearKind.choices, required=False, help_text="needed where the tone has no kind"
    )


class PickInput(StrictSerializer):
    choice = serializers.ChoiceField(
        choices=[choice.value for choice in Choice], required=False, help_text="what to look for"
    )
    tone_id = serializers.CharField(
        max_length=64, required=False, help_text="this tone, or one in its place"
    )

    def validate_tone_id(self, value: str) -> str:
        if not is_identifier(value):
            raise serializers.ValidationError(BAD_ID)
        return value


class PickOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[(state.value, state.name) for state in PickState])
    tone_id = serializers.CharField(help_text="what was picked; empty: nothing (yet)")


class PickBegunOutput(PickOutput):
    url = serializers.CharField(help_text="open it in a browser that is logged in here as you")


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
