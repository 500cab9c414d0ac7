"""What users keep for themselves about gear, over HTTP: saved captures, and tags of their own."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gear.api.serializers import CaptureWithGearOutput, GearOutput
from gear.models import LibraryEntry, LibraryEntryQuerySet, Tag, TagQuerySet
from gear.models.item import CaptureFormat, GearKind, GearSource
from gear.selectors import gear_get, library_get, library_list, tag_get, tag_list
from gear.services.library import (
    gear_tags_set,
    library_remove,
    library_save,
    library_update,
    tag_create,
    tag_delete,
    tag_rename,
)
from gear.text import MAX_TAG_CHARS, MAX_TAGS_PER_GEAR
from gts.web.api.queries import StableOrderingFilter, TrueFalseFilter
from gts.web.api.responses import created
from gts.web.api.serializers import BoundedListField, StrictSerializer
from gts.web.api.views import APIView, GenericAPIView


class LibraryFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    is_favorite = TrueFalseFilter()
    kind = filters.MultipleChoiceFilter(
        field_name="capture__gear__kind", choices=GearKind.choices, distinct=False
    )
    format = filters.ChoiceFilter(field_name="capture__format", choices=CaptureFormat.choices)
    source = filters.ChoiceFilter(field_name="capture__gear__source", choices=GearSource.choices)
    # After all that narrows, as with gear.
    search = filters.CharFilter(
        method="by_text", max_length=200, help_text="words in the nickname, or of the gear"
    )
    ordering = StableOrderingFilter(
        fields={"created_at": "created_at", "nickname": "nickname", "capture__gear__name": "name"}
    )

    class Meta:
        model = LibraryEntry
        fields: list[str] = []

    def by_text(
        self, queryset: LibraryEntryQuerySet, name: str, value: str
    ) -> QuerySet[LibraryEntry]:
        return queryset.matching(value)


class LibraryUpdateInput(StrictSerializer):
    nickname = serializers.CharField(max_length=100, required=False, allow_blank=True)
    is_favorite = serializers.BooleanField(required=False)


class LibrarySaveInput(LibraryUpdateInput):
    capture_id = serializers.UUIDField(help_text="of a capture that you may see")


class LibraryEntryOutput(serializers.Serializer[LibraryEntry]):
    id = serializers.UUIDField(source="uuid", help_text="of the entry, not of the capture")
    nickname = serializers.CharField()
    is_favorite = serializers.BooleanField()
    capture = CaptureWithGearOutput()
    created_at = serializers.DateTimeField(help_text="saved at")
    updated_at = serializers.DateTimeField()


class LibraryListView(GenericAPIView[LibraryEntry]):
    filterset_class = LibraryFilter
    serializer_class = LibraryEntryOutput

    def get_queryset(self) -> LibraryEntryQuerySet:
        return library_list(self.request.user)

    @extend_schema(
        operation_id="library_list",
        tags=["library"],
        responses=LibraryEntryOutput(many=True),
        summary="The captures I have saved, newest first; my own are among them",
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="library_save",
        tags=["library"],
        filters=False,
        request=LibrarySaveInput,
        responses={201: LibraryEntryOutput},
        summary="Save a capture; 409 when it is saved already",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        user = cast(User, request.user)
        entry = library_save(user=user, **_values(LibrarySaveInput(data=request.data)))
        data = LibraryEntryOutput(library_get(user, entry.uuid)).data
        return created(data, "api-library-entry", entry.uuid)


class LibraryEntryView(APIView):
    @extend_schema(
        operation_id="library_read",
        tags=["library"],
        responses=LibraryEntryOutput,
        summary="One saved capture",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(LibraryEntryOutput(library_get(request.user, uuid)).data)

    @extend_schema(
        operation_id="library_update",
        tags=["library"],
        request=LibraryUpdateInput,
        responses=LibraryEntryOutput,
        summary="Change the nickname, or whether it is a favorite",
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        entry = library_get(request.user, uuid)
        data = LibraryUpdateInput(data=request.data, partial=True)
        library_update(entry=entry, **_values(data))
        return Response(LibraryEntryOutput(library_get(request.user, uuid)).data)

    @extend_schema(
        operation_id="library_remove",
        tags=["library"],
        responses={204: None},
        summary="Take a capture out of my library; the capture itself stays",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        library_remove(entry=library_get(request.user, uuid))
        return Response(status=204)


class TagFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    search = filters.CharFilter(method="by_text", max_length=50, help_text="a part of the name")

    class Meta:
        model = Tag
        fields: list[str] = []

    def by_text(self, queryset: TagQuerySet, name: str, value: str) -> QuerySet[Tag]:
        return queryset.matching(value)


class TagInput(StrictSerializer):
    name = serializers.CharField(max_length=MAX_TAG_CHARS)


class TagOutput(serializers.Serializer[Tag]):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    num_gear = serializers.IntegerField(help_text="on so many pieces of gear")
    created_at = serializers.DateTimeField()


class GearTagsInput(StrictSerializer):
    tags = BoundedListField(
        child=serializers.CharField(max_length=MAX_TAG_CHARS),
        max_length=MAX_TAGS_PER_GEAR,
        help_text="names; new ones become tags of mine",
    )


class TagListView(GenericAPIView[Tag]):
    filterset_class = TagFilter
    serializer_class = TagOutput
    queryset = Tag.objects.none()

    def get_queryset(self) -> TagQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return Tag.objects.none()
        return tag_list(cast(User, self.request.user))

    @extend_schema(
        operation_id="tag_list",
        tags=["gear"],
        responses=TagOutput(many=True),
        summary="My tags, in the order of the alphabet",
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="tag_create",
        tags=["gear"],
        filters=False,
        request=TagInput,
        responses={201: TagOutput},
        summary="A new tag; 409 when I have the word already, however it is written",
    )
    @idempotent
    def post(self, request: Request) -> Response:
        user = cast(User, request.user)
        tag = tag_create(owner=user, **_values(TagInput(data=request.data)))
        return created(TagOutput(tag_get(user, tag.uuid)).data, "api-tag", tag.uuid)


class TagView(APIView):
    @extend_schema(
        operation_id="tag_read", tags=["gear"], responses=TagOutput, summary="One of my tags"
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(TagOutput(tag_get(cast(User, request.user), uuid)).data)

    @extend_schema(
        operation_id="tag_rename",
        tags=["gear"],
        request=TagInput,
        responses=TagOutput,
        summary="Rename a tag wherever it is",
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        user = cast(User, request.user)
        tag = tag_get(user, uuid)
        tag_rename(tag=tag, **_values(TagInput(data=request.data)))
        return Response(TagOutput(tag_get(user, uuid)).data)

    @extend_schema(
        operation_id="tag_delete",
        tags=["gear"],
        responses={204: None},
        summary="Take a tag off all gear",
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        tag_delete(tag=tag_get(cast(User, request.user), uuid))
        return Response(status=204)


class GearTagsView(APIView):
    @extend_schema(
        operation_id="gear_tags_set",
        tags=["gear"],
        request=GearTagsInput,
        responses=GearOutput,
        summary="Put my tags on gear that I may see; these and no others. Its owner's stay",
    )
    def put(self, request: Request, uuid: UUID) -> Response:
        user = cast(User, request.user)
        item = gear_get(user, uuid)
        names = _values(GearTagsInput(data=request.data))["tags"]
        gear_tags_set(user=user, item=item, names=names)
        return Response(GearOutput(gear_get(user, uuid), context={"request": request}).data)


def _values(data: StrictSerializer) -> dict[str, Any]:
    data.is_valid(raise_exception=True)
    return dict(data.validated_data)
