"""Gear and chains for operators."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from gear.models import (
    Block,
    Capture,
    ChainGroup,
    GearItem,
    LibraryEntry,
    Preset,
    SignalChain,
    Tag,
)
from gear.services.captures import gear_unshare
from gear.text import tag_key
from gts.web.admin.bulk_actions import each
from gts.web.admin.lists import LongListAdmin


class CaptureInline(admin.TabularInline[Capture, GearItem]):
    model = Capture
    extra = 0
    can_delete = False
    show_change_link = True
    fields = ("name", "format", "architecture", "sample_rate_hz", "size_bytes", "state")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: GearItem | None = None) -> bool:
        return False  # files come in through uploads, which look into them


@admin.register(GearItem)
class GearItemAdmin(LongListAdmin[GearItem]):
    list_display = ("name", "make", "kind", "source", "licence", "is_shared", "owner", "created_at")
    list_filter = ("kind", "source", "is_shared")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    readonly_fields = ("uuid", "tone3000_id", "created_at", "updated_at")
    search_owner = "owner"
    search_help_text = "an id, a username, or words of name, make or creator"
    inlines = (CaptureInline,)
    actions = ("stop_sharing",)

    @admin.action(description="Stop sharing: only its owner sees it", permissions=["change"])
    def stop_sharing(self, request: HttpRequest, items: QuerySet[GearItem]) -> None:
        num = 0
        for item in each(items.filter(is_shared=True)):
            gear_unshare(item=item)
            num += 1
        messages.success(request, f"{num} piece{'' if num == 1 else 's'} of gear no longer shared.")

    def find(self, rows: Any, term: str) -> Any:
        return rows.matching(term)


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
        outcome = self.value()
        return queryset.filter(info__self_test__outcome=outcome) if outcome else queryset


def _gear_of(words: str) -> Any:
    return GearItem.objects.having(words).order_by().values("pk")


@admin.register(Capture)
class CaptureAdmin(LongListAdmin[Capture]):
    list_display = (
        "name",
        "gear",
        "format",
        "architecture",
        "sample_rate_hz",
        "size_bytes",
        "state",
        "self_test",
        "created_at",
    )
    list_filter = ("format", "state", SelfTestFilter)
    list_select_related = ("gear",)
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
        "tone3000_id",
        "tone3000_architecture",
        "tone3000_size",
        "info",
        "created_at",
        "updated_at",
    )
    search_owner = "gear__owner"
    search_help_text = "an id, a SHA-256, a username, or words of the gear"

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

    def find(self, rows: Any, term: str) -> Any:
        return rows.filter(sha256=term) if len(term) == 64 else rows.filter(gear__in=_gear_of(term))


class BlockInline(admin.TabularInline[Block, SignalChain]):
    model = Block
    extra = 0
    raw_id_fields = ("capture",)
    fields = ("position", "slot", "capture", "processor", "parameters")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Block]:
        return super().get_queryset(request).select_related("capture")


@admin.register(SignalChain)
class SignalChainAdmin(LongListAdmin[SignalChain]):
    list_display = ("name", "owner", "created_at", "updated_at")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    readonly_fields = ("uuid", "created_at", "updated_at")
    search_owner = "owner"
    inlines = (BlockInline,)


@admin.register(ChainGroup)
class ChainGroupAdmin(LongListAdmin[ChainGroup]):
    list_display = ("name", "owner", "created_at", "updated_at")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    readonly_fields = ("uuid", "slots", "created_at", "updated_at")
    search_owner = "owner"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # its slots are checked where they are built


@admin.register(LibraryEntry)
class LibraryEntryAdmin(LongListAdmin[LibraryEntry]):
    list_display = ("capture", "nickname", "is_favorite", "user", "created_at")
    list_filter = ("is_favorite",)
    list_select_related = ("capture", "user")
    autocomplete_fields = ("user", "capture")
    readonly_fields = ("uuid", "created_at", "updated_at")
    search_owner = "user"


@admin.register(Tag)
class TagAdmin(LongListAdmin[Tag]):
    list_display = ("name", "owner", "created_at")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    readonly_fields = ("uuid", "key", "created_at", "updated_at")
    search_owner = "owner"
    search_help_text = "an id, a username, or a tag"

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        obj.key = tag_key(obj.name)
        super().save_model(request, obj, form, change)

    def find(self, rows: Any, term: str) -> Any:
        return rows.filter(key=tag_key(term))


@admin.register(Preset)
class PresetAdmin(LongListAdmin[Preset]):
    list_display = ("name", "processor", "owner", "created_at")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    readonly_fields = ("uuid", "processor", "parameters", "created_at", "updated_at")
    search_owner = "owner"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # its parameters are checked where it is made
