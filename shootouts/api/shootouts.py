"""Shootouts: list, make, read, change, render, and everything a render has published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

import django_filters
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.api.chain_groups import slot_inputs
from gts.web.api.parsers import findings_in, invalid_input
from gts.web.api.queries import QuerySerializer
from gts.web.api.responses import (
    ETAG,
    IF_MATCH,
    IF_NONE_MATCH,
    accepted_revisions,
    revised_response,
)
from gts.web.api.views import APIView, ListAPIView
from gts.web.database import in_database
from gts.web.errors import NotFoundError
from jobs.api.jobs import JobOutput, job_accepted
from jobs.pipeline.vocabulary.options import OPTION_NAMES
from shootouts.api.media import FileView, MediaQuery, rendered_file_response
from shootouts.api.serializers import (
    SegmentOutput,
    ShootoutCreateInput,
    ShootoutOutput,
    ShootoutUpdateInput,
)
from shootouts.models import RenderedFile, Segment, Shootout, ShootoutQuerySet
from shootouts.models.media import RenderedFileKind
from shootouts.selectors import (
    manifest_get,
    rendered_file_get,
    segment_list,
    shootout_get,
    shootout_get_owned,
    shootout_list_owned,
    shootout_list_public,
)
from shootouts.services.assembly import ContenderInput, assembly_check
from shootouts.services.shootouts import (
    shootout_cancel,
    shootout_create,
    shootout_delete,
    shootout_render,
    shootout_retry,
    shootout_update,
)

# Parts of a shootout whose mistakes are told together with those of its form.
_PARTS = ("di_tracks", "contenders", "slots", "only_valid", "labels")


class ShootoutFilter(django_filters.FilterSet):  # type: ignore[misc]  # it has no types
    search = django_filters.CharFilter(
        method="by_text",
        max_length=200,
        help_text="words of the title, the labels or the description, the best first; with typos "
        "where nothing has them as they are",
    )

    class Meta:
        model = Shootout
        fields: tuple[str, ...] = ()

    def by_text(self, shootouts: ShootoutQuerySet, name: str, value: str) -> ShootoutQuerySet:
        return shootouts.matching(value)


class ShootoutListQuery(QuerySerializer):
    scope = serializers.ChoiceField(
        choices=["mine", "public"], default="mine", help_text="without a login only public"
    )


class ShootoutListView(ListAPIView[Shootout]):
    """Anonymous visitors see the public list only."""

    query_class = ShootoutListQuery
    serializer_class = ShootoutOutput
    filterset_class = ShootoutFilter
    queryset = Shootout.objects.none()

    def get_permissions(self) -> list[Any]:
        is_public = self.request.method in SAFE_METHODS and self._scope() == "public"
        return [AllowAny()] if is_public else [IsAuthenticated()]

    def get_queryset(self) -> ShootoutQuerySet:
        if ShootoutListQuery.values_of(self.request)["scope"] == "public":
            return shootout_list_public().for_lists()
        return shootout_list_owned(self.request.user).for_lists()

    def _scope(self) -> str:
        return self.request.GET.get("scope", "mine")

    @extend_schema(
        summary="Public shootouts, or my own, newest first", parameters=[ShootoutListQuery]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Make a shootout",
        parameters=[ETAG],
        request=ShootoutCreateInput,
        responses={201: ShootoutOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Assemble a shootout in one call, of chains or of slots with options; every finding is
        reported together. Of more chains than a shootout takes nothing is written:
        TOO_MANY_PERMUTATIONS says how many they would be."""
        owner = cast(User, request.user)
        fields = read_assembly(owner, request.data)
        options = {name: fields.pop(name) for name in OPTION_NAMES if name in fields}
        shootout = shootout_create(owner=owner, options=options, **fields)
        shootout = shootout_get_owned(request.user, shootout.uuid)
        response = _answer(request, shootout, status=status.HTTP_201_CREATED)
        response["Location"] = reverse("api-shootout", args=[shootout.uuid])
        return response


class ShootoutDetailView(APIView):
    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self.request.method in SAFE_METHODS else [IsAuthenticated()]

    @extend_schema(
        summary="One shootout", parameters=[ETAG, IF_NONE_MATCH], responses=ShootoutOutput
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return _answer(request, shootout_get(request.user, uuid))

    @extend_schema(
        summary="Change a shootout",
        parameters=[ETAG, IF_MATCH],
        request=ShootoutUpdateInput,
        responses=ShootoutOutput,
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        """Change any part. What is rendered already stays as it is until the next render."""
        shootout = shootout_get_owned(request.user, uuid)
        data = ShootoutUpdateInput(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        shootout_update(
            shootout=shootout,
            accepted_revisions=accepted_revisions(request),
            **shootout_values(data.validated_data),
        )
        return _answer(request, shootout_get_owned(request.user, uuid))

    @extend_schema(summary="Delete a shootout", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, uuid: UUID) -> Response:
        """Delete it with everything it has rendered."""
        shootout_delete(
            shootout=shootout_get_owned(request.user, uuid),
            accepted_revisions=accepted_revisions(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class ShootoutRenderView(APIView):
    @extend_schema(summary="Render a shootout", request=None, responses={202: JobOutput})
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        """Queue a new render version. 429 TOO_MANY_WAITING when too many wait already."""
        job = shootout_render(shootout=shootout_get_owned(request.user, uuid))
        return job_accepted(job)


class ShootoutRetryView(APIView):
    @extend_schema(summary="Render what is missing", request=None, responses={202: JobOutput})
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        """Render what failed or was cancelled, and nothing else, into a new version.

        The recipes are those of the last render, whatever was edited since; what it finished is
        taken over. 409 NOTHING_TO_RETRY when it left nothing undone.
        """
        job = shootout_retry(shootout=shootout_get_owned(request.user, uuid))
        return job_accepted(job)


class ShootoutCancelView(APIView):
    @extend_schema(summary="Stop a render", request=None, responses={202: JobOutput})
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        """Stop the render that is under way. Finished segments stay."""
        job = shootout_cancel(shootout=shootout_get_owned(request.user, uuid))
        return job_accepted(job)


class ShootoutManifestView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(summary="The manifest of what is published", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uuid: UUID) -> Response:
        """The manifest of the published render (docs/manifest.md says what it holds)."""
        manifest = manifest_get(shootout_get(request.user, uuid))
        if manifest is None:
            raise NotFoundError("This shootout has not been rendered yet.")
        return Response(manifest.data)


@extend_schema_view(get=extend_schema(summary="Segments of a shootout, in playing order"))
class ShootoutSegmentsView(ListAPIView[Segment]):
    """Segments of the published render; for the owner those of the newest one."""

    permission_classes = (AllowAny,)
    serializer_class = SegmentOutput
    queryset = Segment.objects.none()
    filter_backends = ()

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        shootout = shootout_get(self.request.user, self.kwargs["uuid"])
        return segment_list(shootout, self.request.user)


class _ShootoutFileView(FileView):
    permission_classes = (AllowAny,)
    kind: RenderedFileKind

    async def send(self, request: Request, uuid: UUID) -> HttpResponseBase:
        file = await in_database(self._file, request, uuid)
        return await rendered_file_response(request, file)

    def _file(self, request: Request, uuid: UUID) -> RenderedFile:
        return rendered_file_get(shootout_get(request.user, uuid), self.kind)


class ShootoutVideoView(_ShootoutFileView):
    kind = RenderedFileKind.VIDEO

    @extend_schema(
        summary="The video",
        parameters=[MediaQuery],
        responses={(200, "video/mp4"): OpenApiTypes.BINARY},
    )
    async def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """The video of the published render, with Range."""
        return await self.send(request, uuid)


class ShootoutMontageView(_ShootoutFileView):
    kind = RenderedFileKind.MONTAGE

    @extend_schema(
        summary="All takes in one file",
        parameters=[MediaQuery],
        responses={(200, "audio/flac"): OpenApiTypes.BINARY},
    )
    async def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """All segments in playing order as one FLAC file, with Range."""
        return await self.send(request, uuid)


class ShootoutChaptersView(_ShootoutFileView):
    kind = RenderedFileKind.CHAPTERS

    @extend_schema(
        summary="Chapters of the video, as text",
        parameters=[MediaQuery],
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    async def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """Chapters as YouTube reads them from a description; empty where its rules leave none, then
        `youtube.note` of the manifest says why."""
        return await self.send(request, uuid)


def read_assembly(owner: User, data: Any) -> dict[str, Any]:
    """The fields for ``shootout_create``. Raises ``InvalidInputError``: then also with all that is
    wrong with the parts whose form is right, so that all can be repaired at once."""
    form = ShootoutCreateInput(data=data)
    if form.is_valid():
        return shootout_values(form.validated_data)
    errors: Mapping[str, Any] = form.errors
    details = list(findings_in(errors))
    if isinstance(data, Mapping):
        parts = shootout_values(_right_parts(form, data, errors))
        found = assembly_check(
            owner=owner,
            di_track_ids=parts.get("di_track_ids"),
            contenders=parts.get("contenders"),
            slots=parts.get("slots"),
            only_valid=parts.get("only_valid", False),
            labels=parts.get("labels", ()),
            is_complete=not errors.keys() & {"contenders", "slots"},
        )
        details += found.details
    raise invalid_input(details)


def shootout_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What an input of a shootout has read, as the services take it."""
    values = dict(fields)
    if "di_tracks" in values:
        values["di_track_ids"] = [di["di_track_id"] for di in values.pop("di_tracks")]
    if "contenders" in values:
        values["contenders"] = [ContenderInput(**each) for each in values["contenders"]]
    if "slots" in values:
        values["slots"] = slot_inputs(values["slots"])
    return values


def _right_parts(
    form: serializers.Serializer[Any], data: Mapping[str, Any], errors: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        name: form.fields[name].run_validation(data[name])
        for name in _PARTS
        if name in data and name not in errors
    }


def _answer(request: Request, shootout: Shootout, *, status: int = 200) -> Response:
    data = ShootoutOutput(shootout, context={"request": request}).data
    return revised_response(request, shootout, data, status=status)
