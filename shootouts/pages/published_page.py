"""The page of a published shootout for those who are not logged in: rendered once for each state.

One query names the state. Who has seen it gets 304, and others what the first one was given.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.core.cache import caches
from django.db import connection
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from jobs.pipeline.version import VERSION
from jobs.states import ACTIVE
from shootouts.models import Comment, RenderedFile, Shootout
from shootouts.pages.comment_views import comments_page

# It says how long ago comments were written, and names of people may change.
KEPT_S: Final = 300

_STRANGER: Final = AnonymousUser()
_ANY: Final = UUID(int=0)
_UUID: Final = Shootout._meta.get_field("uuid")


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
    asked = (VERSION, _comments_page(request, num_comments=shown[-2]), time.time() // KEPT_S)
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


def _comments_page(request: HttpRequest, *, num_comments: int | None) -> int:
    """The page of comments that is shown: whatever is asked for, there are only so many."""
    return comments_page(range(num_comments or 0), request).number


def _figures(rows: QuerySet[Comment] | QuerySet[RenderedFile], of: str) -> tuple[Subquery, ...]:
    """How many of ``rows`` there are, and when the last one was written."""
    of_one = rows.order_by().values(of)
    return (
        Subquery(of_one.annotate(figure=Count("pk")).values("figure")),
        Subquery(of_one.annotate(figure=Max("updated_at")).values("figure")),
    )
