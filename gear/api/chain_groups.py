"""Groups of chains over HTTP: slots with options, expanded into labeled chains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.api.chain_group_serializers import (
    BuiltChainsOutput,
    ChainGroupInput,
    ChainGroupOutput,
    PermutationOutput,
    PermutationsBuildInput,
    PermutationsOutput,
)
from gear.models import ChainGroup, ChainGroupQuerySet
from gear.selectors import chain_group_get, chain_group_list, chain_list
from gear.services.chain_groups import (
    SlotInput,
    chain_group_build,
    chain_group_create,
    chain_group_delete,
    chain_group_update,
    group_permutations,
)
from gear.services.chains import BlockInput, IRInput
from gear.services.group_slots import captures_of, slots_of
from gts.web.api.filters import NamedFilter
from gts.web.api.responses import created
from gts.web.api.views import APIView, GenericAPIView


class ChainGroupListView(GenericAPIView[ChainGroup]):
    filterset_class = NamedFilter
    serializer_class = ChainGroupOutput

    def get_queryset(self) -> ChainGroupQuerySet:
        return chain_group_list(self.request.user)

    @extend_schema(
        operation_id="chain_group_list",
        tags=["chains"],
        responses=ChainGroupOutput(many=True),
        summary="My groups of chains, newest first",
    )
    def get(self, request: Request) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        context = {"captures": captures_of(cast(User, request.user), page)}
        return self.get_paginated_response(ChainGroupOutput(page, many=True, context=context).data)

    @extend_schema(
        operation_id="chain_group_create",
        tags=["chains"],
        request=ChainGroupInput,
        responses={201: ChainGroupOutput},
        summary="Store slots with options; more chains than a shootout takes are refused",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        user = cast(User, request.user)
        group = chain_group_create(owner=user, **_group_values(request, is_partial=False))
        return created(_output(user, group), "api-chain-group", group.uuid)


class ChainGroupView(APIView):
    @extend_schema(
        operation_id="chain_group_read",
        tags=["chains"],
        responses=ChainGroupOutput,
        summary="One group of chains",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(_output(cast(User, request.user), chain_group_get(request.user, uuid)))

    @extend_schema(
        operation_id="chain_group_update",
        tags=["chains"],
        request=ChainGroupInput,
        responses=ChainGroupOutput,
        summary="Change a group; slots are replaced as a whole",
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        group = chain_group_get(request.user, uuid)
        group = chain_group_update(group=group, **_group_values(request, is_partial=True))
        return Response(_output(cast(User, request.user), group))

    @extend_schema(
        operation_id="chain_group_delete",
        tags=["chains"],
        responses={204: None},
        summary="Delete a group; chains that were made of it stay",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        chain_group_delete(group=chain_group_get(request.user, uuid))
        return Response(status=204)


class ChainGroupPermutationsView(APIView):
    @extend_schema(
        operation_id="chain_group_permutations",
        tags=["chains"],
        responses=PermutationsOutput,
        summary="Every chain that the group makes, with its label and its mistakes",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        user = cast(User, request.user)
        group = chain_group_get(user, uuid)
        slots = slots_of(group, captures_of(user, [group]))
        permutations: Any = group_permutations(slots)
        shown = PermutationOutput(permutations, many=True, context={"slots": slots})
        return Response(
            {
                "count": len(permutations),
                "num_valid": sum(permutation.is_valid for permutation in permutations),
                "limit": settings.GTS_MAX_CONTENDERS,
                "permutations": shown.data,
            }
        )

    @extend_schema(
        operation_id="chain_group_build",
        tags=["chains"],
        request=PermutationsBuildInput,
        responses={201: BuiltChainsOutput},
        summary="Make a chain of every permutation, all or none; 409 while one cannot be played",
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        user = cast(User, request.user)
        data = PermutationsBuildInput(data=request.data)
        data.is_valid(raise_exception=True)
        built = chain_group_build(
            group=chain_group_get(user, uuid), is_lenient=data.validated_data["only_valid"]
        )
        chains = chain_list(user).filter(pk__in=[chain.pk for _, chain in built])
        by_id = {chain.pk: chain for chain in chains}
        results = [
            {"label": permutation.label, "chain": by_id[chain.pk]} for permutation, chain in built
        ]
        return created(BuiltChainsOutput({"results": results}).data, "api-chain-group", uuid)


def _output(user: User, group: ChainGroup) -> Any:
    return ChainGroupOutput(group, context={"captures": captures_of(user, [group])}).data


def _group_values(request: Request, *, is_partial: bool) -> dict[str, Any]:
    data = ChainGroupInput(data=request.data, partial=is_partial)
    data.is_valid(raise_exception=True)
    values: dict[str, Any] = data.validated_data
    if "slots" in values:
        values["slots"] = slot_inputs(values["slots"])
    return values


def slot_inputs(slots: Sequence[dict[str, Any]]) -> list[SlotInput]:
    """What ``GroupSlotInput`` has read, as the services take it."""
    return [
        SlotInput(slot["slot"], [_option_input(slot["slot"], option) for option in slot["options"]])
        for slot in slots
    ]


def _option_input(slot: str, option: dict[str, Any] | None) -> BlockInput | None:
    if option is None:
        return None
    extra_irs = [IRInput(**ir) for ir in option.pop("extra_irs", ())]
    return BlockInput(slot=slot, extra_irs=extra_irs, **option)
