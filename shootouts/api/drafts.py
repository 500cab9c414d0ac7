"""Drafts of shootouts: keep, read and change one, look at what becomes of it, make a shootout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

import django_filters
from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gts.web.api.responses import (
    ETAG,
    IF_MATCH,
    IF_NONE_MATCH,
    accepted_revisions,
    revised_response,
)
from gts.web.api.serializers import StrictSerializer
from gts.web.api.views import APIView, GenericAPIView
from gts.web.errors import ErrorDetail, InvalidInputError, NotFoundError
from jobs.api.jobs import JobOutput
from shootouts.api.draft_shapes import DraftDocumentInput, ExpansionOutput
from shootouts.api.serializers import ShootoutOutput
from shootouts.models import Draft, DraftQuerySet
from shootouts.models.draft import DraftState
from shootouts.selectors import draft_get, draft_list, shootout_get_owned
from shootouts.services.draft_document import document_read
from shootouts.services.draft_estimate import draft_estimate
from shootouts.services.draft_expansion import draft_expand
from shootouts.services.drafts import (
    draft_create,
    draft_delete,
    draft_make,
    draft_of_shootout,
    draft_update,
)

UNTITLED: Final = "Untitled draft"
_ONE_OF_TWO: Final = "Give either a document or the shootout whose line-up is to be edited."


class DraftBriefOutput(serializers.Serializer[Draft]):
    id = serializers.UUIDField(source="uuid")
    title = serializers.SerializerMethodField(help_text="for people")
    state = serializers.ChoiceField(
        choices=DraftState.choices, help_text="made: its shootout is what it says"
    )
    shootout_id = serializers.UUIDField(
        source="shootout.uuid",
        allow_null=True,
        default=None,
        help_text="of the one that it edits or has become",
    )
    revision = serializers.IntegerField(help_text="rises with each change")
    url = serializers.SerializerMethodField(help_text="its address in the API")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_title(self, draft: Draft) -> str:
        return draft.title or UNTITLED

    def get_url(self, draft: Draft) -> str:
        return reverse("api-draft", args=[draft.uuid])


class DraftOutput(DraftBriefOutput):
    document = serializers.DictField(help_text="as it was saved: DraftDocumentInput")


class DraftInput(StrictSerializer):
    document = DraftDocumentInput(required=False)
    shootout_id = serializers.UUIDField(
        required=False,
        help_text="in place of a document: the line-up of this shootout of mine, to be edited",
    )


class DraftReplaceInput(StrictSerializer):
    document = DraftDocumentInput()


class DraftUpdateInput(StrictSerializer):
    document = DraftDocumentInput(required=False)
    title = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="of the document"
    )


class DraftShootoutInput(StrictSerializer):
    is_rendered = serializers.BooleanField(default=True, help_text="queue its render as well")


class DraftShootoutOutput(serializers.Serializer[Any]):
    shootout = ShootoutOutput()
    job = JobOutput(allow_null=True, help_text="of its render, while that is under way")


class DraftFilter(django_filters.FilterSet):  # type: ignore[misc]  # it has no types
    state = django_filters.ChoiceFilter(choices=DraftState.choices, method="by_state")

    class Meta:
        model = Draft
        fields: tuple[str, ...] = ()

    def by_state(self, drafts: DraftQuerySet, name: str, value: str) -> DraftQuerySet:
        return drafts.in_state(value)


class DraftListView(GenericAPIView[Draft]):
    filterset_class = DraftFilter
    serializer_class = DraftBriefOutput

    def get_queryset(self) -> DraftQuerySet:
        return draft_list(self.request.user)

    @extend_schema(
        summary="My drafts, the last touched first", responses=DraftBriefOutput(many=True)
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        summary="Keep a draft",
        parameters=[ETAG],
        filters=False,
        request=DraftInput,
        responses={200: DraftOutput, 201: DraftOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A new draft: of a document, or of the line-up of a shootout. The latter is a 200 with the
        draft that is open for it already, if there is one. 409 TOO_MANY_DRAFTS with more than one
        may have."""
        user = cast(User, request.user)
        data = DraftInput(data=request.data)
        data.is_valid(raise_exception=True)
        shootout_id = data.validated_data.get("shootout_id")
        if ("document" in data.validated_data) == (shootout_id is not None):
            detail = ErrorDetail("/document", "EITHER_OR", _ONE_OF_TWO)
            raise InvalidInputError(_ONE_OF_TWO, details=[detail])
        is_new = True
        if shootout_id is None:
            draft = draft_create(owner=user, document=_sent(request)["document"])
        else:
            draft, is_new = _draft_of(user, shootout_id)
        response = _answer(request, draft, status=201 if is_new else 200)
        response["Location"] = reverse("api-draft", args=[draft.uuid])
        return response


class DraftDetailView(APIView):
    @extend_schema(summary="One draft", parameters=[ETAG, IF_NONE_MATCH], responses=DraftOutput)
    def get(self, request: Request, uuid: UUID) -> Response:
        return _answer(request, draft_get(request.user, uuid))

    @extend_schema(
        summary="Replace the document of a draft",
        parameters=[ETAG, IF_MATCH],
        request=DraftReplaceInput,
        responses=DraftOutput,
    )
    def put(self, request: Request, uuid: UUID) -> Response:
        """What was made of it stays as it is until its shootout is made again."""
        draft = draft_get(request.user, uuid)
        DraftReplaceInput(data=request.data).is_valid(raise_exception=True)
        return self._change(request, draft)

    @extend_schema(
        summary="Change a draft",
        parameters=[ETAG, IF_MATCH],
        request=DraftUpdateInput,
        responses=DraftOutput,
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        """Its title alone, or the document as a whole."""
        draft = draft_get(request.user, uuid)
        DraftUpdateInput(data=request.data, partial=True).is_valid(raise_exception=True)
        return self._change(request, draft)

    def _change(self, request: Request, draft: Draft) -> Response:
        """The document is kept as it was sent, and has been looked at."""
        draft_update(
            draft=draft,
            document=_sent(request).get("document"),
            title=_sent(request).get("title"),
            accepted_revisions=accepted_revisions(request),
        )
        return _answer(request, draft_get(request.user, draft.uuid))

    @extend_schema(summary="Delete a draft", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, uuid: UUID) -> Response:
        """What was made of it stays."""
        draft_delete(
            draft=draft_get(request.user, uuid), accepted_revisions=accepted_revisions(request)
        )
        return Response(status=204)


class DraftExpansionView(APIView):
    @extend_schema(
        summary="What becomes of a draft",
        request=DraftReplaceInput,
        responses=ExpansionOutput,
    )
    def post(self, request: Request) -> Response:
        """Every combination of its options with its label and its mistakes, the line-up, what keeps
        it from being rendered, and how long that would take. Nothing is stored. Of more
        combinations than are shown `cells` is empty."""
        data = DraftReplaceInput(data=request.data)
        data.is_valid(raise_exception=True)
        document = document_read(_sent(request)["document"])
        expansion = draft_expand(cast(User, request.user), document)
        context = {"estimate": draft_estimate(expansion), "limit": settings.GTS_MAX_CONTENDERS}
        return Response(ExpansionOutput(expansion, context=context).data)


class DraftShootoutView(APIView):
    @extend_schema(
        operation_id="draft_make",
        summary="Make the shootout of a draft",
        request=DraftShootoutInput,
        responses={200: DraftShootoutOutput, 201: DraftShootoutOutput},
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        """Its chains (equal ones that are there are taken), the shootout or the change of the one
        that it edits, and its render: all or nothing. 422 DRAFT_INCOMPLETE names all that keeps it
        from being rendered. While nothing was changed since, a 200 with the same shootout."""
        draft = draft_get(request.user, uuid)
        data = DraftShootoutInput(data=request.data)
        data.is_valid(raise_exception=True)
        made = draft_make(draft=draft, is_rendered=data.validated_data["is_rendered"])
        shootout = shootout_get_owned(request.user, made.shootout.uuid)
        shown = DraftShootoutOutput(
            {"shootout": shootout, "job": made.job}, context={"request": request}
        )
        location = reverse("api-shootout", args=[shootout.uuid])
        status = 201 if made.is_new else 200
        return Response(shown.data, status=status, headers={"Location": location})


def _sent(request: Request) -> Mapping[str, Any]:
    """As it was sent, for what has been looked at and is kept as it is."""
    return cast(Mapping[str, Any], request.data)


def _draft_of(user: User, shootout_id: UUID) -> tuple[Draft, bool]:
    try:
        shootout = shootout_get_owned(user, shootout_id)
    except NotFoundError as error:
        detail = ErrorDetail("/shootout_id", "NOT_FOUND", error.message)
        raise InvalidInputError(error.message, details=[detail]) from None
    return draft_of_shootout(shootout=shootout)


def _answer(request: Request, draft: Draft, *, status: int = 200) -> Response:
    return revised_response(request, draft, DraftOutput(draft).data, status=status)
