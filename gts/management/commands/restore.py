"""Bring an installation back from a backup."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gts.ops.backups import BackupError, backups_list
from gts.ops.restoring import (
    Backup,
    backup_check,
    backup_open,
    backup_restore,
    lost_before,
    what_is_here,
    who_is_running,
    would_be_missing,
)
from gts.server_lock import LockedError, holding


class Command(BaseCommand):
    help = (
        "Check a backup to its last byte, then bring back its files and its database. An "
        "installation that has users already is only told about, unless --delete is given. A "
        "damaged backup is refused, unless --partial is given."
    )
    # A database without tables is what this is for.
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "dir", type=Path, help="a backup, or the folder of many: then the newest of them"
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="only check it; with --partial, name what that would not bring back",
        )
        parser.add_argument(
            "--partial",
            action="store_true",
            help="bring back what is whole of a damaged backup, and name the rest (status 1)",
        )
        parser.add_argument("--delete", action="store_true", help="replace what is here")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backup = self._checked(
                options["dir"], is_partial=options["partial"], is_check=options["check"]
            )
            if options["check"]:
                return
            with self._alone():
                here = what_is_here()
                if here and not options["delete"]:
                    raise CommandError(
                        f"This would replace {here}. Nothing was changed; --delete does it."
                    )
                restored = backup_restore(backup, is_partial=options["partial"])
        except BackupError as error:
            raise CommandError(str(error)) from error
        except LockedError as error:
            raise CommandError(f"{error} Stop GTS first: nothing was changed.") from error
        self.stdout.write(
            f"The database is back, and {restored.num_back} files; {restored.num_there} more were "
            "there already."
        )
        self.stdout.write("Logins and tokens need the GTS_SECRET_KEY and GTS_TOKEN_KEYS of then.")
        for name in restored.missing:
            self.stdout.write(f"missing   {name}")
        if restored.missing:
            raise CommandError(
                f"{len(restored.missing)} files could not be brought back; all else is."
            )

    def _checked(self, folder: Path, *, is_partial: bool, is_check: bool) -> Backup:
        known = backups_list(folder)
        backup = backup_open(known[-1] if known else folder)
        self.stdout.write(f"{backup.folder}, made {backup.description['created_at']}")
        problems = list(backup_check(backup))
        for problem in problems:
            self.stdout.write(f"  {problem.text}")
        if not problems:
            self.stdout.write("It is whole.")
            if lost := lost_before(backup):
                self.stdout.write(
                    f"{len(lost)} files were missing already when it was made, and are not in it: "
                    "an earlier backup may have them."
                )
        elif any(problem.is_fatal for problem in problems):
            raise CommandError(
                "The database in this backup is damaged; nothing was changed. Take another backup."
            )
        elif not is_partial:
            raise CommandError(
                f"This backup is damaged in {len(problems)} places; nothing was changed. "
                "Take another backup; or --partial brings back the rest, and --check --partial "
                "says what that would leave out."
            )
        elif is_check:
            self._say_what_would_not_come(backup, num_problems=len(problems))
        return backup

    def _say_what_would_not_come(self, backup: Backup, *, num_problems: int) -> NoReturn:
        names, num_lines = would_be_missing(backup)
        for name in names:
            self.stdout.write(f"missing   {name}")
        unknown = (
            f" {num_lines} lines of its list of files cannot be read: what they name is known when "
            "the database is back."
        )
        raise CommandError(
            f"This backup is damaged in {num_problems} places: --partial would not bring back "
            f"{len(names)} files, but all others.{unknown if num_lines else ''}"
        )

    def _alone(self) -> AbstractContextManager[None]:
        """Embedded: no server can start meanwhile. In production none may be running now."""
        if settings.IS_EMBEDDED:
            return holding(settings.DATA_DIR, what="A restore")
        running = who_is_running()
        if running:
            raise CommandError(f"Stop GTS first: {running} is running.")
        return nullcontext()
