"""Refuses a production that cannot start, before uvicorn does.

Its supervisor would start web processes that end at once again and again, without end.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand

from gts.checks import refuse_bad_production_start


class Command(BaseCommand):
    help = "Say what keeps a production from starting, and end with status 1; else say nothing."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_bad_production_start()
        except ImproperlyConfigured as error:
            raise SystemExit(f"GTS does not start: {error}") from None
