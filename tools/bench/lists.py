"""Measures every list at two sizes and keeps the figures in var/bench-api.json."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from psycopg import sql

from jobs.pipeline.files import replacing
from tools.bench.measure_lists import Figures, measure

_GOAL = 1.5
_SIZES = {"gear": 300_000, "shootouts": 10_000, "jobs": 1_000_000}


class Command(BaseCommand):
    help = (
        "Fill two databases, one a hundredth of the other, ask every list of the API and the admin "
        "for pages of both in turn, and compare. Both are dropped afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--requests", type=int, default=200, help="for each list and size")
        parser.add_argument("--divide", type=int, default=1, help="the full size by this")
        parser.add_argument("--only", default="", help="lists whose name has this in it")
        parser.add_argument("--keep", action="store_true", help="keep the databases")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("This is for PostgreSQL: set DATABASE_URL and REDIS_URL.")
        name = connection.settings_dict["NAME"]
        divide = max(1, options["divide"])
        databases = {f"{name}_bench_small": 100 * divide, f"{name}_bench_full": divide}
        call_command("collectstatic", interactive=False, verbosity=0)  # pages name its files
        try:
            for database, divisor in databases.items():
                self._fill(database, divisor)
            figures = measure(
                *databases, num_requests=options["requests"], only=options["only"], say=self._say
            )
        finally:
            if not options["keep"]:
                connection.close()
                self._drop(*databases)
        self._write(figures, divide, options["requests"])

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _fill(self, database: str, divisor: int) -> None:
        with self._server() as server:
            found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if found.fetchone():
                self._say(f"{database} is there already")
                return
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        self._say(f"{database}:")
        sizes = [f"--{name}={max(1, size // divisor)}" for name, size in _SIZES.items()]
        for words in (
            ["manage.py", "migrate", "--verbosity=0"],
            ["-m", "tools.bench", "seed", *sizes],
        ):
            subprocess.run(
                [sys.executable, *words],
                cwd=settings.BASE_DIR,
                env={**os.environ, "DATABASE_URL": _url_of(database)},
                check=True,
            )

    def _drop(self, *databases: str) -> None:
        with self._server() as server:
            for database in databases:
                name = sql.Identifier(database)
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def _server(self) -> psycopg.Connection[Any]:
        return psycopg.connect(settings.DATABASE_URL, autocommit=True)

    def _write(self, figures: list[Figures], divide: int, num_requests: int) -> None:
        missed = [figure.name for figure in figures if figure.ratio > _GOAL]
        document = {
            "sizes": {name: size // divide for name, size in _SIZES.items()},
            "small": "1/100 of each",
            "requests": num_requests,
            "goal": f"p95 of full at most {_GOAL} times p95 of small",
            "missed": missed,
            "lists": {figure.name: figure.as_json() for figure in figures},
        }
        path = Path(settings.DATA_DIR, "bench-api.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_text(json.dumps(document, indent=1) + "\n")
        self._say(f"{len(figures)} lists, {len(missed)} over {_GOAL}: {', '.join(missed)}")
        self._say(str(path))


def _url_of(database: str) -> str:
    head, _, tail = str(settings.DATABASE_URL).partition("://")
    host, _, rest = tail.partition("/")
    _, question, query = rest.partition("?")
    return f"{head}://{host}/{database}{question}{query}"
