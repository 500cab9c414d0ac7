"""Compare stored files with the hashes that were taken when they were stored."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from shootouts.files.consistency import FileState, verify_media
from shootouts.models import Shootout


class Command(BaseCommand):
    help = (
        "Read every published file, capture and DI track and compare its SHA-256. Changes "
        "nothing; ends with status 1 when a file is missing or not what it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--shootout", type=UUID, metavar="ID", help="only its files and their sources"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        shootout = None
        if options["shootout"] is not None:
            shootout = Shootout.objects.filter(uuid=options["shootout"]).first()
            if shootout is None:
                raise CommandError(f"There is no shootout {options['shootout']}.")
        counts: Counter[FileState] = Counter()
        for check in verify_media(shootout):
            counts[check.state] += 1
            if check.state != FileState.WHOLE:
                self.stdout.write(f"{check.state:<10} {check.what}  “{check.label}”  {check.name}")
        found = ", ".join(f"{counts[state]} {state}" for state in FileState if counts[state])
        self.stdout.write(f"{counts.total()} files: {found}" if counts else "0 files")
        if counts.total() != counts[FileState.WHOLE]:
            raise CommandError("Some files are not what they were when they were stored.")
