"""Rows for measuring lists at size."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from accounts.models import User
from tools.bench.rows import PREFIX, seed


class Command(BaseCommand):
    help = "Fill a PostgreSQL database with rows for measuring. Not for one that people use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gear", type=int, default=300_000)
        parser.add_argument("--shootouts", type=int, default=10_000)
        parser.add_argument("--jobs", type=int, default=1_000_000)
        parser.add_argument("--force", action="store_true", help="although someone is in there")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("This is for PostgreSQL: set DATABASE_URL and REDIS_URL.")
        numbers = [options[name] for name in ("gear", "shootouts", "jobs")]
        if min(numbers) < 1:
            raise CommandError("At least one of each is needed.")
        if User.objects.filter(username__startswith=PREFIX).exists():
            raise CommandError("This database has been filled already.")
        if User.objects.exists() and not options["force"]:
            raise CommandError("Someone uses this database. --force fills it nevertheless.")
        num_gear, num_shootouts, num_jobs = numbers
        with transaction.atomic():
            seed(
                num_gear=num_gear,
                num_shootouts=num_shootouts,
                num_jobs=num_jobs,
                say=self.stdout.write if options["verbosity"] else lambda _: None,
            )
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
