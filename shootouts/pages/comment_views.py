"""Comments on the page of a shootout. Every answer is the section again, or the page around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.page_kit.form_keys import make_once
from accounts.page_kit.forms import add_app_error
from accounts.page_kit.views import PageView, login_first
from gts.web.errors import AppError
from gts.web.paging import BoundedPage, BoundedPaginator
from shootouts.models import Comment, Shootout
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

_PAGE_SIZE = 20
_TEMPLATE = "shootouts/_comments.html"


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
    return BoundedPaginator(comments, _PAGE_SIZE).get_page(request.GET.get("comments"))


class CommentListView(PageView):
    is_public = True

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get(request.user, uuid)
        if not self.is_partial:
            number = request.GET.get("comments", "")
            query = f"?comments={number}" if number.isdecimal() else ""
            return redirect(f"{reverse('shootout-detail', args=[uuid])}{query}#comments")
        context = {"shootout": shootout, **comments_context(request, shootout)}
        return render(request, _TEMPLATE, context)

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
    return render(request, _TEMPLATE, context, status=422 if errors or trouble else 200)
