"""The runs of a shootout and what each has published; and the schema of manifests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.cache import patch_cache_control
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from gts.web.api.views import APIView, ListAPIView
from gts.web.errors import NotFoundError
from jobs.pipeline.formats.manifest.schema import manifest_schema
from jobs.states import JobState
from shootouts.models import Render, RenderQuerySet
from shootouts.selectors import render_list, render_manifest_get, shootout_get_owned

_SCHEMA_MAX_AGE_S = 24 * 60 * 60


class RenderOutput(serializers.Serializer[Render]):
    id = serializers.UUIDField(source="uuid")
    version = serializers.IntegerField(help_text="counts the renders of the shootout, from 1")
    state = serializers.SerializerMethodField(
        help_text="of its job; null when that was forgotten long after"
    )
    job_id = serializers.UUIDField(source="job.uuid", allow_null=True, default=None)
    is_published = serializers.SerializerMethodField(help_text="this is the one that is shown")
    has_manifest = serializers.BooleanField(help_text="its sound is complete")
    num_segments = serializers.IntegerField()
    num_completed = serializers.IntegerField(help_text="of its segments")
    num_failed = serializers.IntegerField(help_text="of its segments; cancelled ones too")
    created_at = serializers.DateTimeField(help_text="when it was asked for")
    started_at = serializers.DateTimeField(source="job.started_at", allow_null=True, default=None)
    finished_at = serializers.DateTimeField(
        source="job.finished_at", allow_null=True, default=None, help_text="video included"
    )
    published_at = serializers.DateTimeField(
        source="manifest.created_at", allow_null=True, default=None
    )

    def get_state(self, render: Render) -> JobState | None:
        return JobState(render.job.state) if render.job else None

    def get_is_published(self, render: Render) -> bool:
        return render.pk == render.shootout.published_render_id


class ShootoutRendersView(ListAPIView[Render]):
    serializer_class = RenderOutput
    queryset = Render.objects.none()
    filter_backends = ()

    def get_queryset(self) -> RenderQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return render_list(shootout_get_owned(self.request.user, self.kwargs["uuid"]))

    @extend_schema(
        operation_id="shootout_render_list",
        tags=["shootouts"],
        summary="Every run of my shootout, newest first",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class RenderManifestView(APIView):
    @extend_schema(
        operation_id="shootout_render_manifest",
        tags=["shootouts"],
        summary="What an earlier run of my shootout has published",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, uuid: UUID, version: int) -> Response:
        """Earlier manifests are for the owner alone; everybody else sees the newest one."""
        shootout = shootout_get_owned(request.user, uuid)
        return Response(render_manifest_get(shootout, version).data)


class ManifestSchemaView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="manifest_schema",
        tags=["shootouts"],
        summary="The JSON Schema of a version of the manifest",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, version: int) -> Response:
        """JSON Schema, draft 2020-12. The version is the `schema_version` of a manifest."""
        try:
            answer = Response(dict(manifest_schema(version)))
        except KeyError:
            raise NotFoundError("There is no such version of the schema.") from None
        patch_cache_control(answer, public=True, max_age=_SCHEMA_MAX_AGE_S)
        return answer
