"""Operators' lists of DI tracks, shootouts and what rendering them has made."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Q
from django.forms import BaseModelForm
from django.http import HttpRequest

from accounts.models import User
from gts.web.admin.bulk_actions import each
from gts.web.admin.lists import LongListAdmin, PartAdmin, ReadOnlyAdmin
from shootouts.models import (
    CachedAudio,
    ChainPreview,
    Comment,
    CommentQuerySet,
    Contender,
    DITrack,
    Draft,
    Manifest,
    Render,
    RenderedFile,
    Segment,
    Shootout,
    ShootoutDI,
    ShootoutQuerySet,
)
from shootouts.models.shootout import Visibility
from shootouts.services.comments import comments_moderate
from shootouts.services.shootouts import shootout_labels_keep, shootout_update


def _shootouts_of(words: str) -> Any:
    return Shootout.objects.having(words).order_by().values("pk")


@admin.register(DITrack)
class DITrackAdmin(LongListAdmin[DITrack]):
    list_display = ("name", "owner", "state", "format", "duration_s", "size_bytes", "created_at")
    list_filter = ("state", "created_at")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    readonly_fields = ("uuid", "sha256", "size_bytes", "created_at", "updated_at")
    search_owner = "owner"
    search_help_text = "an id, a username, or a SHA-256"

    def find(self, rows: Any, term: str) -> Any:
        return rows.filter(sha256=term)


class ContenderInline(admin.TabularInline[Contender, Shootout]):
    model = Contender
    extra = 0
    raw_id_fields = ("chain",)


class ShootoutDIInline(admin.TabularInline[ShootoutDI, Shootout]):
    model = ShootoutDI
    extra = 0
    raw_id_fields = ("di_track",)


@admin.register(Shootout)
class ShootoutAdmin(LongListAdmin[Shootout]):
    list_display = ("title", "owner", "state", "visibility", "published_at", "created_at")
    list_filter = ("state", "visibility", "created_at")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    raw_id_fields = ("latest_render", "published_render")
    readonly_fields = ("uuid", "state", "published_at", "created_at", "updated_at")
    inlines = (ShootoutDIInline, ContenderInline)
    actions = ("make_private",)
    search_owner = "owner"
    search_help_text = "an id, a username, or words of title, labels or description"

    def find(self, rows: Any, term: str) -> Any:
        return rows.matching(term)

    def save_related(
        self, request: HttpRequest, form: BaseModelForm[Any], formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        shootout = form.instance
        labels = shootout.contenders.values_list("label", flat=True)
        shootout_labels_keep(shootout=shootout, labels=list(labels))

    @admin.action(description="Make private: no one but the owner sees it", permissions=["change"])
    def make_private(self, request: HttpRequest, shootouts: ShootoutQuerySet) -> None:
        num = 0
        for shootout in each(shootouts.exclude(visibility=Visibility.PRIVATE)):
            shootout_update(shootout=shootout, visibility=Visibility.PRIVATE)
            num += 1
        messages.success(request, f"{num} shootout{'' if num == 1 else 's'} made private.")


@admin.register(Draft)
class DraftAdmin(ReadOnlyAdmin, LongListAdmin[Draft]):
    """Half-written: operators look at one to help, or delete it."""

    list_display = ("__str__", "owner", "state", "shootout", "revision", "updated_at")
    list_select_related = ("owner", "shootout")
    search_owner = "owner"
    search_help_text = "an id, or a username"


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin, LongListAdmin[Comment]):
    """Operators do not put words into mouths: they hide comments, or delete them."""

    list_display = ("__str__", "author", "shootout", "hidden_by", "created_at", "edited_at")
    list_filter = ("hidden_by", "created_at")
    list_select_related = ("author", "shootout")
    search_owner = "author"
    search_help_text = (
        "an id, a username, words of the comment, or else words of the shootout's title"
    )
    actions = ("hide", "unhide")

    @admin.action(description="Hide from everybody but author and owner")
    def hide(self, request: HttpRequest, comments: CommentQuerySet) -> None:
        self._moderate(request, comments, is_hidden=True)

    @admin.action(description="Show again")
    def unhide(self, request: HttpRequest, comments: CommentQuerySet) -> None:
        self._moderate(request, comments, is_hidden=False)

    def _moderate(
        self, request: HttpRequest, comments: CommentQuerySet, *, is_hidden: bool
    ) -> None:
        by = cast(User, request.user)
        num = comments_moderate(comments=each(comments), by=by, is_hidden=is_hidden)
        done = "hidden" if is_hidden else "shown again"
        messages.success(request, f"{num} comment{'' if num == 1 else 's'} {done}.")

    def find(self, rows: Any, term: str) -> Any:
        found = rows.having(term)
        return found if found.exists() else rows.filter(shootout__in=_shootouts_of(term))


@admin.register(Contender)
class ContenderAdmin(LongListAdmin[Contender]):
    list_display = ("label", "shootout", "position", "chain")
    list_select_related = ("shootout", "chain")
    raw_id_fields = ("shootout", "chain")
    search_owner = "shootout__owner"
    search_help_text = "an id, a username, or words of the shootout"

    def find(self, rows: Any, term: str) -> Any:
        return rows.filter(shootout__in=_shootouts_of(term))


@admin.register(ShootoutDI)
class ShootoutDIAdmin(LongListAdmin[ShootoutDI]):
    list_display = ("shootout", "position", "di_track")
    list_select_related = ("shootout", "di_track")
    raw_id_fields = ("shootout", "di_track")
    search_owner = "shootout__owner"
    search_help_text = "a username, or words of the shootout"

    def find(self, rows: Any, term: str) -> Any:
        return rows.filter(shootout__in=_shootouts_of(term))


@admin.register(Render)
class RenderAdmin(PartAdmin, LongListAdmin[Render]):
    list_display = ("shootout", "version", "job", "created_at")
    list_select_related = ("shootout", "job")
    search_owner = "shootout__owner"
    search_help_text = "an id, a username, or words of the shootout"

    def find(self, rows: Any, term: str) -> Any:
        return rows.filter(shootout__in=_shootouts_of(term))


@admin.register(Segment)
class SegmentAdmin(PartAdmin, LongListAdmin[Segment]):
    list_display = ("render", "di_index", "contender_index", "state", "error_code", "updated_at")
    list_filter = ("state",)
    list_select_related = ("render__shootout",)
    search_owner = "render__shootout__owner"
    search_help_text = "an id, a username, a render key, or words of the shootout"

    def find(self, rows: Any, term: str) -> Any:
        if len(term) == 64:
            return rows.filter(render_key=term)
        return rows.filter(render__shootout__in=_shootouts_of(term))


@admin.register(RenderedFile)
class RenderedFileAdmin(PartAdmin, LongListAdmin[RenderedFile]):
    list_display = ("name", "kind", "render", "size_bytes", "created_at")
    list_filter = ("kind",)
    list_select_related = ("render__shootout",)
    search_owner = "render__shootout__owner"
    search_help_text = "an id, a username, or words of the shootout"

    def find(self, rows: Any, term: str) -> Any:
        return rows.filter(render__shootout__in=_shootouts_of(term))


@admin.register(CachedAudio)
class CachedAudioAdmin(ReadOnlyAdmin, LongListAdmin[CachedAudio]):
    """Deleting is safe: it is computed again when it is needed."""

    list_display = ("key", "size_bytes", "used_at")
    search_help_text = "a key, or the SHA-256 of what it was made from"

    def find(self, rows: Any, term: str) -> Any:
        return rows.filter(Q(key=term) | Q(inputs__sha256=term)).distinct()


@admin.register(Manifest)
class ManifestAdmin(PartAdmin, LongListAdmin[Manifest]):
    list_display = ("render", "schema_version", "created_at")
    list_select_related = ("render__shootout",)
    search_owner = "render__shootout__owner"
    search_help_text = "an id, a username, or words of the shootout"

    def find(self, rows: Any, term: str) -> Any:
        return rows.filter(render__shootout__in=_shootouts_of(term))


@admin.register(ChainPreview)
class ChainPreviewAdmin(ReadOnlyAdmin, LongListAdmin[ChainPreview]):
    """What can be rendered again at any time; deleting one deletes its file."""

    list_display = ("name", "owner", "size_bytes", "duration_s", "used_at", "created_at")
    list_select_related = ("owner",)
    search_owner = "owner"
