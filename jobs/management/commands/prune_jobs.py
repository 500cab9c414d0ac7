"""Forget jobs that ended long ago."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from jobs.queue.cleanup import jobs_prune, prunable_count


class Command(BaseCommand):
    help = (
        "Delete whole trees of jobs that ended long ago, with their notifications. What they made "
        "stays. Only says what it would do, unless --delete is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=settings.GTS_KEEP_JOBS_DAYS,
            help="keep what ended within so many days (default: GTS_KEEP_JOBS_DAYS, %(default)s)",
        )
        parser.add_argument("--delete", action="store_true", help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] < 1:
            raise CommandError("--days must be at least 1.")
        ended_before = timezone.now() - timedelta(days=options["days"])
        if options["delete"]:
            done = jobs_prune(ended_before=ended_before)
            self.stdout.write(f"Deleted {done.num_jobs} jobs in {done.num_trees} trees.")
        else:
            found = prunable_count(ended_before=ended_before)
            self.stdout.write(
                f"Would delete {found.num_jobs} jobs in {found.num_trees} trees that ended before "
                f"{ended_before:%Y-%m-%d %H:%M} UTC. Nothing was changed; --delete does it."
            )
