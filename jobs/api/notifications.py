"""Notifications of who asks: look, and say that they were seen. Jobs write them."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from gts.web.api.queries import TrueFalseFilter
from gts.web.api.views import APIView, ListAPIView
from jobs.live.notifications import notification_read, notification_read_all
from jobs.models import Notification, NotificationQuerySet, NotificationState
from jobs.selectors import notification_get, notification_list


class NotificationOutput(serializers.Serializer[Notification]):
    id = serializers.UUIDField(source="uuid")
    job_id = serializers.UUIDField(
        source="job.uuid", allow_null=True, default=None, help_text="null: it is about no job"
    )
    kind = serializers.CharField(help_text="of the job, or shootouts.comment")
    label = serializers.CharField(  # type: ignore[assignment]  # a field called label
        help_text="what the job worked on or what it is about, for people"
    )
    state = serializers.ChoiceField(
        choices=NotificationState.choices,
        help_text="how the job ended; news: it is about no job",
    )
    message = serializers.CharField(help_text="for people; empty when there is nothing to add")
    path = serializers.CharField(help_text="the page it leads to, on this site; may be empty")
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True, help_text="null: no one has seen it")


class NotificationsReadOutput(serializers.Serializer[Any]):
    num_read = serializers.IntegerField(help_text="how many were new")


class NotificationFilter(django_filters.FilterSet):  # type: ignore[misc]  # it has no types
    is_read = TrueFalseFilter(method="filter_read", help_text="false: what is new")

    class Meta:
        model = Notification
        fields = ("is_read",)

    def filter_read(
        self, notifications: NotificationQuerySet, name: str, value: bool
    ) -> NotificationQuerySet:
        return notifications.filter(read_at__isnull=not value)


class NotificationListView(ListAPIView[Notification]):
    queryset = Notification.objects.none()  # tells the schema what the filters are about
    serializer_class = NotificationOutput
    filterset_class = NotificationFilter

    def get_queryset(self) -> NotificationQuerySet:
        return notification_list(cast(User, self.request.user))

    @extend_schema(
        operation_id="notification_list",
        tags=["notifications"],
        summary="What became of my jobs, newest first",
    )
    def get(self, request: Request) -> Response:
        return self.list(request)


class NotificationDetailView(APIView):
    @extend_schema(
        operation_id="notification_get",
        tags=["notifications"],
        responses=NotificationOutput,
        summary="One notification",
    )
    def get(self, request: Request, uuid: UUID) -> Response:
        found = notification_get(cast(User, request.user), uuid)
        return Response(NotificationOutput(found).data)


class NotificationReadView(APIView):
    @extend_schema(
        operation_id="notification_read",
        tags=["notifications"],
        request=None,
        responses=NotificationOutput,
        summary="I have seen this one",
    )
    def post(self, request: Request, uuid: UUID) -> Response:
        found = notification_get(cast(User, request.user), uuid)
        return Response(NotificationOutput(notification_read(notification=found)).data)


class NotificationReadAllView(APIView):
    @extend_schema(
        operation_id="notification_read_all",
        tags=["notifications"],
        request=None,
        responses=NotificationsReadOutput,
        summary="I have seen all there are",
    )
    def post(self, request: Request) -> Response:
        num_read = notification_read_all(owner=cast(User, request.user))
        return Response(NotificationsReadOutput({"num_read": num_read}).data)
