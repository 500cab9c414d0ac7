"""The demo: shared gear, and a public shootout that anybody can watch being rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from jobs.pipeline.formats.shootout_file import read_shootout_file
from shootouts.services.demo import demo_seed

DEMO_FILE = Path(settings.BASE_DIR, "shootouts", "demo", "shootout.toml")


class Command(BaseCommand):
    help = "Add the bundled demo and queue its render, again if that did not end well."

    def handle(self, *args: Any, **options: Any) -> None:
        shootout, outcome = demo_seed(file=read_shootout_file(DEMO_FILE))
        if options["verbosity"]:
            self.stdout.write(f"{shootout.title}: {outcome}.")
