"""For what starts beside the database: containers, machines after a power cut."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

PAUSE_S = 1.0


class Command(BaseCommand):
    help = "Return when the database answers; end with status 1 when it does not in time."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--timeout-s", type=float, default=60.0)

    def handle(self, *args: Any, **options: Any) -> None:
        deadline_s = time.monotonic() + options["timeout_s"]
        said = ""
        while problem := _problem():
            if time.monotonic() >= deadline_s:
                raise CommandError(
                    f"The database did not answer within {options['timeout_s']:g} s: {problem}"
                )
            if problem != said:
                self.stderr.write(f"Waiting for the database: {problem}")
                said = problem
            time.sleep(PAUSE_S)


def _problem() -> str:
    """Why a question cannot be asked; nothing when it can."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError as error:
        connection.close()
        return str(error).strip()
    return ""
