"""Gear and chains for operators."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from gear.models import Block, Capture, GearItem, SignalChain


class CaptureInline(admin.TabularInline[Capture, GearItem]):
    model = Capture
    extra = 0
    can_delete = False
    show_change_link = True
    fields = ("name", "format", "architecture", "sample_rate_hz", "size_bytes", "status")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: GearItem | None = None) -> bool:
        return False  # files come in through uploads, which look into them


@admin.register(GearItem)
class GearItemAdmin(admin.ModelAdmin[GearItem]):
    list_display = ("name", "make", "kind", "source", "licence", "is_shared", "owner", "created_at")
    list_filter = ("kind", "source", "is_shared")
    list_select_related = ("owner",)
    search_fields = ("name", "make", "creator", "owner__username")
    autocomplete_fields = ("owner",)
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    readonly_fields = ("uuid", "created_at", "updated_at")
    show_full_result_count = False
    inlines = (CaptureInline,)


@admin.register(Capture)
class CaptureAdmin(admin.ModelAdmin[Capture]):
    list_display = (
        "name",
        "gear",
        "format",
        "architecture",
        "sample_rate_hz",
        "size_bytes",
        "status",
        "created_at",
    )
    list_filter = ("format", "status", "architecture")
    list_select_related = ("gear",)
    search_fields = ("name", "sha256", "gear__name", "gear__make")
    autocomplete_fields = ("gear",)
    readonly_fields = (
        "uuid",
        "format",
        "file",
        "sha256",
        "size_bytes",
        "architecture",
        "format_version",
        "sample_rate_hz",
        "duration_s",
        "info",
        "created_at",
        "updated_at",
    )
    ordering = ("-created_at", "-id")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class BlockInline(admin.TabularInline[Block, SignalChain]):
    model = Block
    extra = 0
    raw_id_fields = ("capture",)
    fields = ("position", "slot", "capture", "processor", "parameters")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Block]:
        return super().get_queryset(request).select_related("capture")


@admin.register(SignalChain)
class SignalChainAdmin(admin.ModelAdmin[SignalChain]):
    list_display = ("name", "owner", "created_at", "updated_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")
    autocomplete_fields = ("owner",)
    readonly_fields = ("uuid", "created_at", "updated_at")
    show_full_result_count = False
    inlines = (BlockInline,)
