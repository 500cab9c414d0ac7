"""The pages of notifications."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.page_kit import PageView
from gts.web.paging import BoundedPaginator
from jobs.live.notifications import notification_read, notification_read_all
from jobs.selectors import notification_get, notification_list

_PAGE_SIZE = 24


class NotificationListView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        found = notification_list(self.user)
        page = BoundedPaginator(found, _PAGE_SIZE).get_page(request.GET.get("page"))
        return render(request, "jobs/notification_list.html", {"page": page})


class NotificationBellView(PageView):
    """The bell of the page's head by itself: asked for where no socket can be opened."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "partials/bell.html")


class NotificationOpenView(PageView):
    """To the page a notification leads to; then it has been seen."""

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        found = notification_get(self.user, uuid)
        notification_read(notification=found)
        return redirect(found.path or "notification-list")


class NotificationReadAllView(PageView):
    def post(self, request: HttpRequest) -> HttpResponse:
        notification_read_all(owner=self.user)
        return redirect("notification-list")
