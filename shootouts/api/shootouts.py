"""Shootouts: make, read, change, render, and everything a render has published."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import ErrorDetail, InvalidInputError, NotFoundError
from accounts.models import User
from jobs.api.serializers import JobOutput
from shootouts.api.media import AnyContent, rendered_file_response
from shootouts.api.serializers import (
    SegmentOutput,
    ShootoutCreateInput,
    ShootoutOutput,
    ShootoutUpdateInput,
)
from shootouts.models import Segment, Shootout
from shootouts.models.media import RenderedFileKind
from shootouts.querysets import ShootoutQuerySet
from shootouts.selectors import (
    manifest_get,
    rendered_file_get,
    segment_list,
    shootout_get,
    shootout_get_owned,
    shootout_list_owned,
    shootout_list_public,
)
from shootouts.services.shootouts import (
    OPTIONS,
    shootout_cancel,
    shootout_create,
    shootout_delete,
    shootout_render,
    shootout_update,
)


class ShootoutListView(generics.ListAPIView[Shootout]):
    """Anonymous visitors see the public list only."""

    serializer_class = ShootoutOutput
    queryset = Shootout.objects.none()

    def get_permissions(self) -> list[Any]:
        is_public = self.request.method in SAFE_METHODS and self._scope() == "public"
        return [AllowAny()] if is_public else [IsAuthenticated()]

    def get_queryset(self) -> ShootoutQuerySet:
        match self._scope():
            case "mine":
                return shootout_list_owned(self.request.user)
            case "public":
                return shootout_list_public()
            case _:
                message = "The scope is mine or public."
                detail = ErrorDetail("/scope", "INVALID_CHOICE", message)
                raise InvalidInputError(message, details=[detail])

    def _scope(self) -> str:
        return self.request.GET.get("scope") or "mine"

    @extend_schema(
        parameters=[
            OpenApiParameter("scope", enum=["mine", "public"], description="default: mine"),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=ShootoutCreateInput, responses={201: ShootoutOutput})
    def post(self, request: Request) -> Response:
        """Assemble a shootout in one call; every finding is reported together."""
        data = ShootoutCreateInput(data=request.data)
        data.is_valid(raise_exception=True)
        fields = dict(data.validated_data)
        options = {name: fields.pop(name) for name in OPTIONS if name in fields}
        shootout = shootout_create(owner=cast(User, request.user), options=options, **fields)
        output = _output(request, shootout_get_owned(request.user, shootout.uuid))
        return Response(output, status=status.HTTP_201_CREATED)


class ShootoutDetailView(APIView):
    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self.request.method in SAFE_METHODS else [IsAuthenticated()]

    @extend_schema(responses=ShootoutOutput)
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(_output(request, shootout_get(request.user, uuid)))

    @extend_schema(request=ShootoutUpdateInput, responses=ShootoutOutput)
    def patch(self, request: Request, uuid: UUID) -> Response:
        """Change any part. What is rendered already stays as it is until the next render."""
        shootout = shootout_get_owned(request.user, uuid)
        data = ShootoutUpdateInput(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        shootout_update(shootout=shootout, **data.validated_data)
        return Response(_output(request, shootout_get_owned(request.user, uuid)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, uuid: UUID) -> Response:
        """Delete it with everything it has rendered."""
        shootout_delete(shootout=shootout_get_owned(request.user, uuid))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ShootoutRenderView(APIView):
    @extend_schema(request=None, responses={202: JobOutput})
    def post(self, request: Request, uuid: UUID) -> Response:
        """Queue a new render version."""
        job = shootout_render(shootout=shootout_get_owned(request.user, uuid))
        return Response(JobOutput(job).data, status=status.HTTP_202_ACCEPTED)


class ShootoutCancelView(APIView):
    @extend_schema(request=None, responses={202: JobOutput})
    def post(self, request: Request, uuid: UUID) -> Response:
        """Stop the render that is under way. Finished segments stay."""
        job = shootout_cancel(shootout=shootout_get_owned(request.user, uuid))
        return Response(JobOutput(job).data, status=status.HTTP_202_ACCEPTED)


class ShootoutManifestView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, uuid: UUID) -> Response:
        """The manifest of the published render (docs/manifest.md says what it holds)."""
        manifest = manifest_get(shootout_get(request.user, uuid))
        if manifest is None:
            raise NotFoundError("This shootout has not been rendered yet.")
        return Response(manifest.data)


class ShootoutSegmentsView(generics.ListAPIView[Segment]):
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


class _ShootoutFileView(APIView):
    permission_classes = (AllowAny,)
    content_negotiation_class = AnyContent
    kind: RenderedFileKind

    def send(self, request: Request, uuid: UUID) -> HttpResponseBase:
        file = rendered_file_get(shootout_get(request.user, uuid), self.kind)
        return rendered_file_response(request, file)


class ShootoutVideoView(_ShootoutFileView):
    kind = RenderedFileKind.VIDEO

    @extend_schema(responses={(200, "video/mp4"): OpenApiTypes.BINARY})
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """The video of the published render, with Range."""
        return self.send(request, uuid)


class ShootoutMontageView(_ShootoutFileView):
    kind = RenderedFileKind.MONTAGE

    @extend_schema(responses={(200, "audio/flac"): OpenApiTypes.BINARY})
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """All segments in playing order as one FLAC file, with Range."""
        return self.send(request, uuid)


class ShootoutChaptersView(_ShootoutFileView):
    kind = RenderedFileKind.CHAPTERS

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """Chapters as YouTube reads them from a description."""
        return self.send(request, uuid)


def _output(request: Request, shootout: Shootout) -> dict[str, Any]:
    return dict(ShootoutOutput(shootout, context={"request": request}).data)
