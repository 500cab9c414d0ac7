"""Save the database and every stored file that it names."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gts.ops.backup_files import CHECK_PERCENT, FILE_LIST
from gts.ops.backups import BackupError, Saved, backup_make, backups_trim


class Command(BaseCommand):
    help = (
        "Save the database and every stored file that it names into a new folder below DIR, while "
        "everything runs on. Contents that an earlier backup there has are not copied again, but a "
        "share of them is read again, and what is damaged is replaced. "
        "Secrets are not in it: keep GTS_SECRET_KEY and GTS_TOKEN_KEYS elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", nargs="?", type=Path, help="without it, GTS_BACKUP_DIR")
        parser.add_argument(
            "--keep", type=int, metavar="N", help="then delete all but the newest N backups there"
        )

        parser.add_argument(
            "--check-data",
            type=int,
            default=CHECK_PERCENT,
            metavar="PERCENT",
            help="so much of what earlier backups have copied is read again, with the stored files "
            "that it came from, going on where the last one has stopped; 100 reads all, 0 nothing "
            "(default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        root = options["dir"] or settings.GTS_BACKUP_DIR
        if not root:
            raise CommandError("Where to? Name a folder, or set GTS_BACKUP_DIR.")
        keep = options["keep"]
        if keep is not None and keep < 1:
            raise CommandError("--keep must be at least 1.")
        if not 0 <= options["check_data"] <= 100:
            raise CommandError("--check-data is a percentage, from 0 to 100.")
        try:
            saved = backup_make(Path(root), check_percent=options["check_data"])
            megabytes = saved.copied_bytes / 1e6
            self.stdout.write(
                f"{saved.folder}: the database and {saved.num_files} files, "
                f"{saved.num_copied} of them new ({megabytes:.1f} MB)"
            )
            self.stdout.write(
                f"Read again: {saved.num_read_again} of {saved.num_contents} contents."
            )
            for name in saved.replaced:
                self.stdout.write(f"replaced  {name}")
            if keep is not None:
                num_backups, num_contents = backups_trim(Path(root), keep=keep)
                self.stdout.write(f"Deleted {num_backups} old backups, {num_contents} contents.")
        except BackupError as error:
            raise CommandError(str(error)) from error
        self._say_what_is_wrong(saved)

    def _say_what_is_wrong(self, saved: Saved) -> None:
        """Raises ``CommandError`` if anything is: the new backup stays all the same."""
        wrong: list[str] = []
        for what, names, text in (
            (
                "lost",
                saved.lost,
                "files are missing or not what they were, and are not in this backup; manage.py "
                "verify_media says more",
            ),
            (
                "missing",
                saved.not_stored,
                "stored files are missing or not what they were; their contents are in this "
                "backup, from an earlier one, below files/ by their SHA-256; manage.py "
                "verify_media says more",
            ),
            (
                "damaged",
                saved.damaged,
                "files of earlier backups are damaged, and nothing has them any more; restore "
                "--partial brings back the rest of these",
            ),
            (
                "damaged",
                [f"{name}/{FILE_LIST}" for name in saved.unreadable],
                "earlier backups have a damaged list of files",
            ),
        ):
            for name in names:
                self.stdout.write(f"{what:<9} {name}")
            if names:
                wrong.append(f"{len(names)} {text}.")
        if wrong:
            raise CommandError(" ".join(wrong))
