"""``manage.py``: a command runs the checks of what it works with."""

from __future__ import annotations

from typing import Final

from django.core.checks import Tags
from django.core.checks.registry import registry
from django.core.management import BaseCommand, ManagementUtility

# Those import every page, the API, the admin and Redis, which takes longer than most commands work.
# ``manage.py check`` runs them, and ``make check``.
_LEFT_OUT: Final = frozenset({Tags.urls, Tags.admin, Tags.caches})


class CommandLine(ManagementUtility):
    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        if command.requires_system_checks == "__all__":
            command.requires_system_checks = sorted(registry.tags_available() - _LEFT_OUT)
        return command
