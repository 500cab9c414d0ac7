"""Comments on shootouts: read, write, change, delete, hide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gts.web.api.responses import created
from gts.web.api.serializers import StrictSerializer
from gts.web.api.views import APIView, ListAPIView
from shootouts.models import Comment, CommentQuerySet
from shootouts.models.social import COMMENT_MAX_CHARS
from shootouts.selectors import (
    comment_get,
    comment_get_moderated,
    comment_get_written,
    comment_list,
    shootout_get,
)
from shootouts.services.comments import (
    comment_create,
    comment_delete,
    comment_hide,
    comment_unhide,
    comment_update,
)


class CommentInput(StrictSerializer):
    text = serializers.CharField(min_length=1, max_length=COMMENT_MAX_CHARS)


class CommentOutput(serializers.Serializer[Comment]):
    id = serializers.UUIDField(source="uuid")
    shootout_id = serializers.UUIDField(source="shootout.uuid")
    author = serializers.CharField(source="author.username")
    text = serializers.CharField(help_text="plain text; lines end with a line feed")
    is_mine = serializers.SerializerMethodField(help_text="the one who asks has written it")
    is_hidden = serializers.BooleanField(
        help_text="only its author, the owner of the shootout and operators see it"
    )
    may_moderate = serializers.SerializerMethodField(
        help_text="the one who asks may hide it and show it again"
    )
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True, help_text="null: never")

    def get_is_mine(self, comment: Comment) -> bool:
        return bool(comment.author_id == self._user.pk)

    def get_may_moderate(self, comment: Comment) -> bool:
        user = self._user
        return bool(user.is_staff or comment.shootout.owner_id == user.pk)

    @property
    def _user(self) -> User:
        return cast(User, self.context["request"].user)


def _output(request: Request, comment: Comment) -> dict[str, Any]:
    return dict(CommentOutput(comment, context={"request": request}).data)


class CommentListView(ListAPIView[Comment]):
    """Of a published shootout, and of one's own."""

    serializer_class = CommentOutput
    queryset = Comment.objects.none()
    filter_backends = ()

    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self.request.method in SAFE_METHODS else [IsAuthenticated()]

    def get_queryset(self) -> CommentQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        user = self.request.user
        return comment_list(shootout_get(user, self.kwargs["uuid"]), user)

    @extend_schema(
        operation_id="shootout_comment_list",
        tags=["comments"],
        summary="What people say about a shootout, newest first",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="shootout_comment_create",
        tags=["comments"],
        summary="Comment on a published shootout",
        request=CommentInput,
        responses={201: CommentOutput},
    )
    @idempotent
    def post(self, request: Request, uuid: UUID) -> Response:
        """409 NOT_PUBLISHED before there is anything to hear, or while it is private; 429
        TOO_MANY_COMMENTS for who has written a lot in the last hour."""
        shootout = shootout_get(request.user, uuid)
        data = CommentInput(data=request.data)
        data.is_valid(raise_exception=True)
        author = cast(User, request.user)
        comment = comment_create(shootout=shootout, author=author, **data.validated_data)
        return created(_output(request, comment), "api-comment", comment.uuid)


class CommentDetailView(APIView):
    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self.request.method in SAFE_METHODS else [IsAuthenticated()]

    @extend_schema(
        operation_id="comment_get",
        tags=["comments"],
        summary="One comment",
        responses=CommentOutput,
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(_output(request, comment_get(request.user, uuid)))

    @extend_schema(
        operation_id="comment_update",
        tags=["comments"],
        summary="Change what I have written",
        request=CommentInput,
        responses=CommentOutput,
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        comment = comment_get_written(request.user, uuid)
        data = CommentInput(data=request.data)
        data.is_valid(raise_exception=True)
        return Response(_output(request, comment_update(comment=comment, **data.validated_data)))

    @extend_schema(
        operation_id="comment_delete",
        tags=["comments"],
        summary="Delete what I have written",
        responses={204: None},
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        comment_delete(comment=comment_get_written(request.user, uuid))
        return Response(status=status.HTTP_204_NO_CONTENT)


class _ModerationView(APIView):
    change: ClassVar[Callable[..., Comment]]

    def moderate(self, request: Request, uuid: UUID) -> Response:
        comment = comment_get_moderated(request.user, uuid)
        changed = type(self).change(comment=comment, by=cast(User, request.user))
        return Response(_output(request, changed))


class CommentHideView(_ModerationView):
    change = comment_hide

    @extend_schema(
        operation_id="comment_hide",
        tags=["comments"],
        summary="Hide a comment on my shootout",
        request=None,
        responses=CommentOutput,
    )
    def post(self, request: Request, uuid: UUID) -> Response:
        """For the owner of the shootout, and for operators. A second time changes nothing."""
        return self.moderate(request, uuid)


class CommentUnhideView(_ModerationView):
    change = comment_unhide

    @extend_schema(
        operation_id="comment_unhide",
        tags=["comments"],
        summary="Show a hidden comment again",
        request=None,
        responses=CommentOutput,
    )
    def post(self, request: Request, uuid: UUID) -> Response:
        """409 HIDDEN_BY_OPERATOR: what an operator has hidden only an operator shows again."""
        return self.moderate(request, uuid)
