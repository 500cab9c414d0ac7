"""Gear and chains for operators."""

from __future__ import annotations

from typing import Any

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


SELF_TEST_OUTCOMES = {
    "passed": "passed",
    "failed": "failed",
    "not_stated": "no loudness stated",
    "not_run": "not run",
}


class SelfTestFilter(admin.SimpleListFilter):
    """Captures that do not sound as loud as their own files say are a reason to look closer."""

    title = "self-test"
    parameter_name = "self_test"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return list(SELF_TEST_OUTCOMES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Capture]) -> QuerySet[Capture]:
        return queryset.filter(info__self_test__outcome=self.value()) if self.value() else queryset


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
        "self_test",
        "created_at",
    )
    list_filter = ("format", "status", "architecture", SelfTestFilter)
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
        "self_test",
        "info",
        "created_at",
        "updated_at",
    )
    ordering = ("-created_at", "-id")
    show_full_result_count = False

    @admin.display(description="self-test")
    def self_test(self, capture: Capture) -> str:
        test = capture.info.get("self_test", {})
        outcome = test.get("outcome", "")
        differences_db = [
            f"{network['difference_db']:+.4f} dB"
            for network in test.get("networks", [])
            if network["difference_db"] is not None
        ]
        return f"{SELF_TEST_OUTCOMES.get(outcome, '–')} {', '.join(differences_db)}".strip()

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
