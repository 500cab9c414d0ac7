"""Save the database and every stored file that it names."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gts.backups import BackupError, backup_make, backups_trim


class Command(BaseCommand):
    help = (
        "Save the database and every stored file that it names into a new folder below DIR, while "
        "everything runs on. Contents that an earlier backup there has are not copied again. "
        "Secrets are not in it: keep GTS_SECRET_KEY and GTS_TOKEN_KEYS elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", nargs="?", type=Path, help="without it, GTS_BACKUP_DIR")
        parser.add_argument(
            "--keep", type=int, metavar="N", help="then delete all but the newest N backups there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        root = options["dir"] or settings.GTS_BACKUP_DIR
        if not root:
            raise CommandError("Where to? Name a folder, or set GTS_BACKUP_DIR.")
        keep = options["keep"]
        if keep is not None and keep < 1:
            raise CommandError("--keep must be at least 1.")
        try:
            saved = backup_make(Path(root))
            megabytes = saved.copied_bytes / 1e6
            self.stdout.write(
                f"{saved.folder}: the database and {saved.num_files} files, "
                f"{saved.num_copied} of them new ({megabytes:.1f} MB)"
            )
            if keep is not None:
                num_backups, num_contents = backups_trim(Path(root), keep=keep)
                self.stdout.write(f"Deleted {num_backups} old backups, {num_contents} contents.")
        except BackupError as error:
            raise CommandError(str(error)) from error
        for name in saved.lost:
            self.stdout.write(f"lost      {name}")
        if saved.lost:
            raise CommandError(
                f"{len(saved.lost)} files are missing or not what they were, and are not in this "
                "backup; manage.py verify_media says more."
            )
