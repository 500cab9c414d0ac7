"""Give DI tracks the reports that they have not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shootouts.services.di_tracks import di_reports_add


class Command(BaseCommand):
    help = (
        "Judge the DI tracks that were uploaded before there were reports, as is also done once a "
        "day. DI tracks and what was rendered from them stay as they are."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        judged = di_reports_add()
        self.stdout.write(f"{judged.num_judged} DI tracks judged")
        if judged.num_failed:
            raise CommandError(
                f"{judged.num_failed} could not be read; the log names them, and verify_media "
                "tells what is wrong with their files."
            )
