"""Users for operators."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin

from accounts.models import User


@admin.register(User)
class UserAdmin(BaseUserAdmin[User]):
    list_display = ("username", "display_name", "email", "is_active", "is_staff", "date_joined")
    list_filter = ("is_active", "is_staff", "date_joined")
    search_fields = ("username", "display_name", "email", "tone3000_id")
    ordering = ("-date_joined", "-id")
    date_hierarchy = None
    readonly_fields = ("uuid", "last_login", "date_joined")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("username", "password", "uuid")}),
        ("Person", {"fields": ("display_name", "email", "tone3000_id")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
