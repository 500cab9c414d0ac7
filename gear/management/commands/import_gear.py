"""Import a folder of captures and impulse responses."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from gear.models.item import GearKind
from gear.services.folder_import import ImportState, gear_import_folder
from jobs.pipeline.errors import PipelineError

_NAM_KINDS = tuple(kind for kind in GearKind if not kind.is_ir)


class Command(BaseCommand):
    help = (
        "Import every .nam and .wav file below DIR as gear, looked into like uploads. Fields may "
        "stand in NAME.toml beside a file, or in a gear.csv. What the owner has already is left "
        "alone; a file that cannot be used is named and skipped, and then the status is 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", type=Path)
        parser.add_argument("--owner", required=True, metavar="USERNAME")
        parser.add_argument("--shared", action="store_true", help="everybody may use it")
        parser.add_argument(
            "--nam-kind",
            choices=[str(kind) for kind in _NAM_KINDS],
            default="",
            help="of .nam files without a description (default: what the file says, or amp)",
        )
        for name in ("make", "creator", "licence"):
            parser.add_argument(f"--{name}", default="", help="of files that say nothing else")
        parser.add_argument("--dry-run", action="store_true", help="look at all, store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["dir"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        owner = User.objects.filter(username=options["owner"]).first()
        if owner is None:
            raise CommandError(f"There is no user {options['owner']}.")
        given = {name: options[name] for name in ("make", "creator", "licence")}
        counts: Counter[ImportState] = Counter()
        try:
            for imported in gear_import_folder(
                owner=owner,
                folder=folder,
                defaults={name: value for name, value in given.items() if value},
                nam_kind=options["nam_kind"],
                is_shared=options["shared"],
                is_dry_run=options["dry_run"],
            ):
                counts[imported.state] += 1
                self.stdout.write(f"{imported.state:<6} {imported.path}  {imported.note}")
        except PipelineError as error:
            raise CommandError(
                f"{error.message} Run it again later: it goes on from here."
            ) from error
        found = ", ".join(f"{counts[state]} {state}" for state in ImportState if counts[state])
        self.stdout.write(f"{counts.total()} files: {found}" if counts else "0 files")
        if options["dry_run"]:
            self.stdout.write("Nothing was stored; without --dry-run it is.")
        if counts[ImportState.BAD]:
            raise CommandError(f"{counts[ImportState.BAD]} files cannot be used.")
