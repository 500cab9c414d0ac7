"""Gear, one capture, block types and signal chains over HTTP, and by what lists are narrowed."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.api.serializers import (
    BlockTypeOutput,
    CatalogCaptureOutput,
    ChainInput,
    ChainOutput,
    GearOutput,
    GearUpdateInput,
    GearUploadInput,
    GearUploadOutput,
    block_inputs,
)
from gear.models import (
    GearItem,
    GearItemQuerySet,
    SignalChain,
    SignalChainQuerySet,
)
from gear.models.item import CaptureFormat, GearKind, GearSource
from gear.selectors import (
    catalog_get,
    chain_get,
    chain_list,
    gear_get,
    gear_get_owned,
    gear_list,
)
from gear.services.captures import gear_delete, gear_upload
from gear.services.chains import chain_create, chain_delete, chain_update
from gear.services.gear import gear_update
from gts.web.api.parsers import MultiPartParser
from gts.web.api.queries import NamedFilter, StableOrderingFilter
from gts.web.api.responses import (
    ETAG,
    IF_MATCH,
    IF_NONE_MATCH,
    accepted,
    accepted_revisions,
    constant_response,
    revised_response,
)
from gts.web.api.views import APIView, GenericAPIView
from jobs.pipeline.effects.blocks import BLOCK_TYPES

_BLOCK_TYPES_MAX_AGE_S = 3600
# Each is a condition of its own in the query.
_MAX_TAGS = 10


class GearFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    kind = filters.MultipleChoiceFilter(choices=GearKind.choices, distinct=False)
    source = filters.ChoiceFilter(choices=GearSource.choices, method="by_source")
    format = filters.ChoiceFilter(choices=CaptureFormat.choices, method="by_format")
    make = filters.CharFilter(
        lookup_expr="iexact", max_length=100, help_text="exactly; case does not matter"
    )
    licence = filters.CharFilter(
        lookup_expr="iexact", max_length=100, help_text="exactly; case does not matter"
    )
    architecture = filters.CharFilter(
        method="by_architecture",
        max_length=32,
        help_text="how that of one of its captures begins: A1, A2, LSTM",
    )
    tag = filters.CharFilter(
        method="by_tags",
        max_length=50,
        help_text="one of my tags or of its owner's; several: all of them",
    )
    # After all that narrows: typos are looked for where nothing else is left to find.
    search = filters.CharFilter(
        method="by_text",
        max_length=200,
        help_text="words of the name, make, creator or description, the best first; with typos "
        "where nothing has them as they are",
    )
    ordering = StableOrderingFilter(
        fields={"created_at": "created_at", "name": "name", "make": "make"}
    )

    class Meta:
        model = GearItem
        fields: list[str] = []

    def by_text(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        return queryset.matching(value)

    def by_source(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        return queryset.from_source(value, self.request.user)

    def by_format(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        return queryset.with_format(value)

    def by_architecture(
        self, queryset: GearItemQuerySet, name: str, value: str
    ) -> QuerySet[GearItem]:
        return queryset.with_architecture(value)

    def by_tags(self, queryset: GearItemQuerySet, name: str, value: str) -> QuerySet[GearItem]:
        for tag in filter(None, self.data.getlist(name)[:_MAX_TAGS]):
            queryset = queryset.tagged(self.request.user, tag)
        return queryset


class GearListView(GenericAPIView[GearItem]):
    permission_classes = [IsAuthenticatedOrReadOnly]
    parser_classes = [MultiPartParser]
    filterset_class = GearFilter
    serializer_class = GearOutput

    def get_queryset(self) -> GearItemQuerySet:
        return gear_list(self.request.user)

    @extend_schema(
        operation_id="gear_list",
        tags=["gear"],
        responses=GearOutput(many=True),
        summary="Shared gear and my own, newest first; without a login what is shared",
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="gear_upload",
        tags=["gear"],
        filters=False,
        request=GearUploadInput,
        responses={202: GearUploadOutput},
        summary="Upload a .nam model or an impulse response; a job looks into it",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        data = GearUploadInput(data=request.data)
        data.is_valid(raise_exception=True)
        values = data.with_settings()
        user = cast(User, request.user)
        capture, job = gear_upload(owner=user, upload=values.pop("file"), **values)
        item = gear_get(user, capture.gear.uuid)
        context = {**self.get_serializer_context(), "job": job}
        return accepted(GearUploadOutput(item, context=context).data, "api-job", job.uuid)


class GearView(APIView):
    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(
        operation_id="gear_read", tags=["gear"], responses=GearOutput, summary="One piece of gear"
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        item = gear_get(request.user, uuid)
        return Response(GearOutput(item, context={"request": request}).data)

    @extend_schema(
        operation_id="gear_update",
        tags=["gear"],
        request=GearUpdateInput,
        responses=GearOutput,
        summary="Rename my gear, or change its kind, licence and the rest",
        description="A kind with which a chain, or one of a group, could not be played any more is "
        "a 409 KIND_IN_USE that names them. Of gear from Tone 3000 only the kind can be changed.",
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        item = gear_get_owned(request.user, uuid)
        data = GearUpdateInput(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        gear_update(item=item, **data.with_settings())
        return Response(GearOutput(gear_get(request.user, uuid), context={"request": request}).data)

    @extend_schema(
        operation_id="gear_delete",
        tags=["gear"],
        responses={204: None},
        summary="Delete my gear with its captures; what they rendered stays",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        gear_delete(item=gear_get_owned(request.user, uuid))
        return Response(status=204)


class CaptureView(APIView):
    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(
        operation_id="capture_read",
        tags=["gear"],
        responses=CatalogCaptureOutput,
        summary="One capture",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(
            CatalogCaptureOutput(catalog_get(request.user, uuid), context={"request": request}).data
        )


class BlockTypeListView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="block_type_list",
        tags=["chains"],
        parameters=[ETAG, IF_NONE_MATCH],
        responses=BlockTypeOutput(many=True),
        summary="The built-in processors with their parameters",
        description="Units, ranges and defaults of each; every one takes `bypass` (true or false) "
        "besides. The same for everybody, and until GTS is updated.",
    )
    def get(self, request: Request) -> Response:
        data = BlockTypeOutput(BLOCK_TYPES.values(), many=True).data
        response = constant_response(request, data)
        patch_cache_control(response, public=True, max_age=_BLOCK_TYPES_MAX_AGE_S)
        return response


class ChainListView(GenericAPIView[SignalChain]):
    filterset_class = NamedFilter
    serializer_class = ChainOutput

    def get_queryset(self) -> SignalChainQuerySet:
        return chain_list(self.request.user)

    @extend_schema(
        operation_id="chain_list",
        tags=["chains"],
        responses=ChainOutput(many=True),
        summary="My signal chains, newest first",
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="chain_create",
        tags=["chains"],
        parameters=[ETAG],
        request=ChainInput,
        responses={201: ChainOutput},
        summary="Build a signal chain; all mistakes are told at once",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        user = cast(User, request.user)
        chain = chain_create(owner=user, **_chain_values(request, is_partial=False))
        response = _chain_response(request, chain_get(user, chain.uuid), status=201)
        response["Location"] = reverse("api-chain", args=[chain.uuid])
        return response


class ChainView(APIView):
    @extend_schema(
        operation_id="chain_read",
        tags=["chains"],
        parameters=[ETAG, IF_NONE_MATCH],
        responses=ChainOutput,
        summary="One chain",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return _chain_response(request, chain_get(request.user, uuid))

    @extend_schema(
        operation_id="chain_update",
        tags=["chains"],
        parameters=[ETAG, IF_MATCH],
        request=ChainInput,
        responses=ChainOutput,
        summary="Change a chain; blocks are replaced as a whole",
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        chain = chain_get(request.user, uuid)
        chain_update(
            chain=chain,
            accepted_revisions=accepted_revisions(request),
            **_chain_values(request, is_partial=True),
        )
        return _chain_response(request, chain_get(request.user, uuid))

    @extend_schema(
        operation_id="chain_delete",
        tags=["chains"],
        parameters=[IF_MATCH],
        responses={204: None},
        summary="Delete a chain; what it rendered stays",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        chain_delete(
            chain=chain_get(request.user, uuid), accepted_revisions=accepted_revisions(request)
        )
        return Response(status=204)


def _chain_response(request: Request, chain: SignalChain, *, status: int = 200) -> Response:
    return revised_response(request, chain, ChainOutput(chain).data, status=status)


def _chain_values(request: Request, *, is_partial: bool) -> dict[str, Any]:
    data = ChainInput(data=request.data, partial=is_partial)
    data.is_valid(raise_exception=True)
    values: dict[str, Any] = data.validated_data
    if "blocks" in values:
        values["blocks"] = block_inputs(values["blocks"])
    return values
