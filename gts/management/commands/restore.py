"""Bring an installation back from a backup."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gts.backups import BackupError, backups_list
from gts.restoring import (
    Backup,
    backup_check,
    backup_open,
    backup_restore,
    what_is_here,
    who_is_running,
)
from gts.server_lock import LockedError, holding


class Command(BaseCommand):
    help = (
        "Check a backup to its last byte, then bring back its files and its database. An "
        "installation that has users already is only told about, unless --delete is given."
    )
    # A database without tables is what this is for.
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "dir", type=Path, help="a backup, or the folder of many: then the newest of them"
        )
        parser.add_argument("--check", action="store_true", help="only check it")
        parser.add_argument("--delete", action="store_true", help="replace what is here")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backup = self._checked(options["dir"])
            if options["check"]:
                return
            with self._alone():
                here = what_is_here()
                if here and not options["delete"]:
                    raise CommandError(
                        f"This would replace {here}. Nothing was changed; --delete does it."
                    )
                num_back, num_there = backup_restore(backup)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except LockedError as error:
            raise CommandError(f"{error} Stop GTS first: nothing was changed.") from error
        self.stdout.write(
            f"The database is back, and {num_back} files; {num_there} more were there already."
        )
        self.stdout.write("Logins and tokens need the GTS_SECRET_KEY and GTS_TOKEN_KEYS of then.")

    def _checked(self, folder: Path) -> Backup:
        known = backups_list(folder)
        backup = backup_open(known[-1] if known else folder)
        self.stdout.write(f"{backup.folder}, made {backup.description['created_at']}")
        problems = 0
        for problem in backup_check(backup):
            self.stdout.write(f"  {problem}")
            problems += 1
        if problems:
            raise CommandError(f"This backup is damaged in {problems} places; nothing was changed.")
        self.stdout.write("It is whole.")
        return backup

    def _alone(self) -> AbstractContextManager[None]:
        """Embedded: no server can start meanwhile. In production none may be running now."""
        if settings.IS_EMBEDDED:
            return holding(settings.DATA_DIR, what="A restore")
        running = who_is_running()
        if running:
            raise CommandError(f"Stop GTS first: {running} is running.")
        return nullcontext()
