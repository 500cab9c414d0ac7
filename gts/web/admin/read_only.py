"""Rows in the admin that operators look at."""

from __future__ import annotations

from typing import Any

from django.db.models.options import Options
from django.http import HttpRequest


class ReadOnlyAdmin:
    """What happened is a record: operators look, they do not edit."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class PartAdmin(ReadOnlyAdmin):
    """Rows that go only with what they are a part of: a page elsewhere lives on them."""

    opts: Options[Any]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Not on pages of its own. Anyone who deletes the whole may delete its parts."""
        match = request.resolver_match
        own = f"{self.opts.app_label}_{self.opts.model_name}_"
        if match is not None and (match.url_name or "").startswith(own):
            return False
        return bool(super().has_delete_permission(request, obj))  # type: ignore[misc]
