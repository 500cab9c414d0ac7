"""The page of a published shootout for those who are not logged in, and the comments on it.

The page is rendered once for each state. One query names the state: who has seen it gets 304, and
others what the first one was given. After a change of comments the answer is their section again,
or the page around it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.core.cache import caches
from django.db import connection
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response

from accounts.idempotency import make_once
from accounts.page_kit import PageView, add_app_error, login_first
from gts.web.errors import AppError
from gts.web.paging import BoundedPage, BoundedPaginator
from jobs.models import ACTIVE
from jobs.pipeline.versions import VERSION
from shootouts.models import Comment, RenderedFile, Shootout
from shootouts.pages.forms import CommentForm
from shootouts.selectors import (
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

# It says how long ago comments were written, and names of people may change.
KEPT_S: Final = 300

_STRANGER: Final = AnonymousUser()
_ANY: Final = UUID(int=0)
_UUID: Final = Shootout._meta.get_field("uuid")

_COMMENTS_PAGE_SIZE = 20
_COMMENTS_TEMPLATE = "shootouts/_comments.html"


def published_page(
    request: HttpRequest, uuid: UUID, make: Callable[[], HttpResponse]
) -> HttpResponseBase:
    """The page, from ``make`` where nothing that is kept will do."""
    state = _state(request, uuid)
    if state is None:
        return make()
    etag = f'W/"{state}"'
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        kept = caches["pages"]
        content = kept.get(state)
        if content is None:
            content = make().content
            kept.set(state, content, KEPT_S)
        answer = HttpResponse(content)
    answer["ETag"] = etag
    answer["Cache-Control"] = "no-cache"  # to be asked for each time, as it may become private
    return answer


def _state(request: HttpRequest, uuid: UUID) -> str | None:
    """A name for all that the page shows. ``None``: it is another for each who asks, or changes by
    itself as a render goes on."""
    if request.user.is_authenticated or len(get_messages(request)):
        return None
    question, values = _compiled()
    asked_for, placeholder = (_UUID.get_db_prep_value(each, connection) for each in (uuid, _ANY))
    with connection.cursor() as cursor:
        cursor.execute(question, [asked_for if each == placeholder else each for each in values])
        shown = cursor.fetchone()
    if shown is None:
        return None
    asked = (VERSION, _comments_page_number(request, num_comments=shown[-2]), time.time() // KEPT_S)
    return hashlib.blake2b(repr((asked, shown)).encode(), digest_size=16).hexdigest()


@cache
def _compiled() -> tuple[str, tuple[Any, ...]]:
    """The question as SQL and its values, of which ``_ANY`` stands for the shootout: Django takes
    longer to put it together than the database to answer it."""
    shown = (
        Shootout.objects.visible_to(_STRANGER)
        .filter(uuid=_ANY, published_render__manifest__isnull=False)
        .exclude(latest_render__job__state__in=ACTIVE)
        .values_list(
            "title",
            "description",
            "visibility",
            "state",
            "created_at",
            "owner__display_name",
            "owner__username",
            "published_render",
            "latest_render",
            "latest_render__job__error_message",
            *_figures(RenderedFile.objects.filter(render=OuterRef("published_render")), "render"),
            *_figures(
                Comment.objects.visible_to(_STRANGER).filter(shootout=OuterRef("pk")), "shootout"
            ),
        )
    )
    return shown.query.sql_with_params()


def _comments_page_number(request: HttpRequest, *, num_comments: int | None) -> int:
    """The page of comments that is shown: whatever is asked for, there are only so many."""
    return comments_page(range(num_comments or 0), request).number


def _figures(rows: QuerySet[Comment] | QuerySet[RenderedFile], of: str) -> tuple[Subquery, ...]:
    """How many of ``rows`` there are, and when the last one was written."""
    of_one = rows.order_by().values(of)
    return (
        Subquery(of_one.annotate(figure=Count("pk")).values("figure")),
        Subquery(of_one.annotate(figure=Max("updated_at")).values("figure")),
    )


# Comments.


def comments_context(request: HttpRequest, shootout: Shootout) -> dict[str, Any]:
    """What the section shows to who asks. ``?comments=2``: its second page."""
    found = comment_list(shootout, request.user)
    return {
        "comments": comments_page(found, request),
        "may_moderate": request.user.pk == shootout.owner_id
        or getattr(request.user, "is_staff", False),
        "is_published": shootout.published_at is not None and shootout.visibility != "private",
        "comment_form": CommentForm(),
    }


def comments_page(comments: Any, request: HttpRequest) -> BoundedPage:
    """The one that is asked for, or else one that there is."""
    return BoundedPaginator(comments, _COMMENTS_PAGE_SIZE).get_page(request.GET.get("comments"))


class CommentListView(PageView):
    is_public = True

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get(request.user, uuid)
        if not self.is_partial:
            number = request.GET.get("comments", "")
            query = f"?comments={number}" if number.isdecimal() else ""
            return redirect(f"{reverse('shootout-detail', args=[uuid])}{query}#comments")
        context = {"shootout": shootout, **comments_context(request, shootout)}
        return render(request, _COMMENTS_TEMPLATE, context)

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        if not request.user.is_authenticated:
            return login_first(request)
        shootout = shootout_get(request.user, uuid)
        form = CommentForm(request.POST)
        if form.is_valid():
            try:
                make_once(request, lambda: self._create(shootout, form))
            except AppError as error:
                add_app_error(form, error)
        return _answer(self, shootout, form)

    def _create(self, shootout: Shootout, form: CommentForm) -> str:
        text = form.cleaned_data["text"]
        return str(comment_create(shootout=shootout, author=self.user, text=text).uuid)


class CommentEditView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        comment = comment_get_written(self.user, uuid)
        form = CommentForm(request.POST)
        if form.is_valid():
            try:
                comment_update(comment=comment, text=form.cleaned_data["text"])
            except AppError as error:
                add_app_error(form, error)
        return _answer(self, comment.shootout, form, edited=comment)


class CommentDeleteView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        comment = comment_get_written(self.user, uuid)
        comment_delete(comment=comment)
        return _answer(self, comment.shootout)


class _ModerationView(PageView):
    http_method_names = ["post"]
    change: ClassVar[Callable[..., Comment]]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        comment = comment_get_moderated(self.user, uuid)
        try:
            type(self).change(comment=comment, by=self.user)
        except AppError as error:
            return _answer(self, comment.shootout, trouble=error.message)
        return _answer(self, comment.shootout)


class CommentHideView(_ModerationView):
    change = comment_hide


class CommentUnhideView(_ModerationView):
    change = comment_unhide


def _answer(
    view: PageView,
    shootout: Shootout,
    form: CommentForm | None = None,
    *,
    edited: Comment | None = None,
    trouble: str = "",
) -> HttpResponse:
    """The section for htmx; without scripts the page, where a form that was wrong is lost."""
    request = view.request
    errors = [str(text) for texts in form.errors.values() for text in texts] if form else []
    if not view.is_partial:
        for text in [*errors, *([trouble] if trouble else [])]:
            messages.error(request, text)
        return redirect(f"{reverse('shootout-detail', args=[shootout.uuid])}#comments")
    context = {"shootout": shootout, **comments_context(request, shootout), "trouble": trouble}
    if errors and edited is None:
        context["comment_form"] = form
    elif errors and form is not None:
        context |= {"edited": edited, "edited_text": form.data["text"], "edit_errors": errors}
    return render(request, _COMMENTS_TEMPLATE, context, status=422 if errors or trouble else 200)
