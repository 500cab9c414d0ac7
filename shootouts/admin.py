"""Operators' lists of DI tracks, shootouts and what rendering them has made."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from shootouts.models import (
    Contender,
    DITrack,
    Manifest,
    Render,
    RenderedFile,
    Segment,
    Shootout,
    ShootoutDI,
)


@admin.register(DITrack)
class DITrackAdmin(admin.ModelAdmin[DITrack]):
    list_display = ("name", "owner", "status", "format", "duration_s", "size_bytes", "created_at")
    list_filter = ("status", "format", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username", "sha256", "uuid")
    autocomplete_fields = ("owner",)
    readonly_fields = ("uuid", "sha256", "size_bytes", "created_at", "updated_at")
    show_full_result_count = False


class ContenderInline(admin.TabularInline[Contender, Shootout]):
    model = Contender
    extra = 0
    raw_id_fields = ("chain",)


class ShootoutDIInline(admin.TabularInline[ShootoutDI, Shootout]):
    model = ShootoutDI
    extra = 0
    raw_id_fields = ("di_track",)


@admin.register(Shootout)
class ShootoutAdmin(admin.ModelAdmin[Shootout]):
    list_display = ("title", "owner", "state", "visibility", "published_at", "created_at")
    list_filter = ("state", "visibility", "created_at")
    list_select_related = ("owner",)
    search_fields = ("title", "owner__username", "uuid")
    autocomplete_fields = ("owner",)
    raw_id_fields = ("latest_render", "published_render")
    readonly_fields = ("uuid", "state", "published_at", "created_at", "updated_at")
    inlines = (ShootoutDIInline, ContenderInline)
    show_full_result_count = False


class ReadOnlyAdmin:
    """What rendering wrote is a record: operators look, they do not edit."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Contender)
class ContenderAdmin(admin.ModelAdmin[Contender]):
    list_display = ("label", "shootout", "position", "chain")
    list_select_related = ("shootout", "chain")
    search_fields = ("label", "shootout__title", "uuid")
    raw_id_fields = ("shootout", "chain")
    show_full_result_count = False


@admin.register(ShootoutDI)
class ShootoutDIAdmin(admin.ModelAdmin[ShootoutDI]):
    list_display = ("shootout", "position", "di_track")
    list_select_related = ("shootout", "di_track")
    raw_id_fields = ("shootout", "di_track")
    show_full_result_count = False


@admin.register(Render)
class RenderAdmin(ReadOnlyAdmin, admin.ModelAdmin[Render]):
    list_display = ("shootout", "version", "job", "created_at")
    list_select_related = ("shootout", "job")
    search_fields = ("shootout__title", "uuid")
    show_full_result_count = False


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin, admin.ModelAdmin[Segment]):
    list_display = ("render", "di_index", "contender_index", "state", "error_code", "updated_at")
    list_filter = ("state", "error_code")
    list_select_related = ("render__shootout",)
    search_fields = ("uuid", "render_key", "render__shootout__title")
    show_full_result_count = False


@admin.register(RenderedFile)
class RenderedFileAdmin(ReadOnlyAdmin, admin.ModelAdmin[RenderedFile]):
    list_display = ("name", "kind", "render", "size_bytes", "created_at")
    list_filter = ("kind",)
    list_select_related = ("render__shootout",)
    search_fields = ("name", "uuid", "sha256")
    show_full_result_count = False


@admin.register(Manifest)
class ManifestAdmin(ReadOnlyAdmin, admin.ModelAdmin[Manifest]):
    list_display = ("render", "schema_version", "created_at")
    list_select_related = ("render__shootout",)
    search_fields = ("uuid", "render__shootout__title")
    show_full_result_count = False
