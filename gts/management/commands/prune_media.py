"""Delete stored files that nothing names."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gts.ops.maintenance import find_orphans, remove_stale_uploads
from gts.ops.orphaned_files import remove_orphaned_files
from shootouts.files.consistency import orphans_delete


class Command(BaseCommand):
    help = (
        "Find stored files that no row and no manifest names, left by processes that were killed, "
        "and unfinished files that no living process of this machine uses. Only says what it would "
        "do, unless --delete is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--grace-hours",
            type=int,
            default=settings.GTS_ORPHAN_GRACE_HOURS,
            help="leave younger files alone (default: GTS_ORPHAN_GRACE_HOURS, %(default)s)",
        )
        parser.add_argument("--delete", action="store_true", help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["grace_hours"] < 1:
            raise CommandError(
                "--grace-hours must be at least 1: uploads and renders take a while."
            )
        search = find_orphans(options["grace_hours"])
        for orphan in search.orphans:
            self.stdout.write(f"{orphan.size_bytes:>12}  {orphan.name}")
        found = (
            f"{len(search.orphans)} of {search.num_files} files have no row "
            f"({search.size_bytes / 1e6:.1f} MB), {search.num_young} more are too young to tell."
        )
        self.stdout.write(found)
        if options["delete"]:
            num_deleted = orphans_delete(search)
            num_orphaned = remove_orphaned_files() + remove_stale_uploads()
            self.stdout.write(f"Deleted {num_deleted} files, and {num_orphaned} unfinished ones.")
        else:
            self.stdout.write("Nothing was changed; --delete does it.")
