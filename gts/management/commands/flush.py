"""Django's `flush`, refused while an embedded server works with the rows it would delete."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush

from gts.server_lock import holding_database


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        with holding_database(options["database"], what="A flush"):
            super().handle(**options)
