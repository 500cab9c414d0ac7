"""Django's `migrate`, refused while an embedded server works with the tables it would change."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from gts.server_lock import holding_database


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"]:  # these only look
            super().handle(*args, **options)
            return
        with holding_database(options["database"], what="A migration"):
            super().handle(*args, **options)
