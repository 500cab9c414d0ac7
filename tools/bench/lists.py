"""Measures how long a page of every list takes at two sizes, and keeps that in var/bench-api.json.

The pages that are compared are as long as each other: where the small database has fewer rows to
show, no more are asked of the full one. So what is measured is finding them, not writing them down.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.urls import reverse
from psycopg import sql

from accounts.models import User
from accounts.services import access_token_create
from jobs.pipeline.files import replacing
from tools.bench.seed import HEAVIEST

_API: Final = "/api/v1/"
_NUM_WARM: Final = 5
_MIDDLE_OF_LIST: Final = 40  # pages that are followed at most
# p95 in the full database over that in the small one, at most.
_GOAL: Final = 1.5
# Rows of the full one.
_SIZES: Final = {"gear": 300_000, "shootouts": 10_000, "jobs": 1_000_000}

# Addresses below the API: libraries (a middle page by number), feeds (by cursor), and narrowed.
LIBRARIES: Final = (
    "gear/", "captures/", "library/", "tags/", "presets/", "chains/", "chain-groups/", "di-tracks/",
)  # fmt: skip
FEEDS: Final = ("jobs/", "notifications/", "shootouts/", "shootouts/?scope=public")
NARROWED: Final = (
    "gear/?kind=outboard",
    "gear/?source=tone3000",
    "gear/?make=Vox",
    "gear/?licence=cc-by-4.0",
    "gear/?licence=none",
    "gear/?architecture=A1",
    "gear/?architecture=LSTM",
    "gear/?architecture=A2+Full",
    "gear/?architecture=none",
    "gear/?tag=tag+11",
    "gear/?tag=none",
    "gear/?format=ir",
    "gear/?ordering=name",
    "gear/?ordering=-make",
    "gear/?search=marshall",
    "gear/?search=jcm800+lead",
    "gear/?search=plexi+11",
    "gear/?search=marhsall",
    "gear/?search=zzyzx",
    "gear/?search=plexi&kind=cab",
    "captures/?kind=outboard",
    "captures/?format=ir",
    "captures/?is_usable=false",
    "captures/?state=pending",
    "captures/?scope=mine&is_usable=true&kind=amp",
    "captures/?scope=favorites",
    "captures/?scope=favorites&search=plexi",
    "captures/?scope=public&is_usable=true&kind=amp&kind=full_rig",
    "captures/?make=Vox",
    "captures/?make=none",
    "captures/?licence=cc-by-4.0",
    "captures/?licence=none",
    "captures/?architecture=A1",
    "captures/?architecture=none",
    "captures/?tag=tag+11",
    "captures/?tag=none",
    "captures/?gain_min=0.5",
    "captures/?gain_min=0.2&gain_max=0.2001",
    "captures/?is_calibrated=true",
    "captures/?ordering=name",
    "captures/?ordering=-make",
    "captures/?scope=public&search=marshall",
    "captures/?scope=public&search=plexi+11",
    "captures/?scope=public&search=marhsall",
    "captures/?scope=public&search=zzyzx",
    "jobs/?state=failed",
    "jobs/?state=queued&state=running",
    "jobs/?kind=shootout.video",
    "jobs/?is_root=true",
    "jobs/?kind=no.such",
    "notifications/?is_read=false",
    "shootouts/?scope=public&search=plexi",
    "shootouts/?scope=public&search=plexi+twin+117",
    "shootouts/?scope=public&search=pelxi",
    "shootouts/?search=bassman",
)
# The home page shows one shootout and is no list.
PAGES: Final = (
    "/shootouts/",
    "/shootouts/mine/",
    "/shootouts/new/",
    "/gear/",
    "/chains/",
    "/chains/new/",
    "/tracks/",
    "/notifications/",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Times of one list in ms."""

    name: str
    small_ms: list[float]
    full_ms: list[float]

    @property
    def ratio(self) -> float:
        return _percentile(self.full_ms, 95) / _percentile(self.small_ms, 95)

    def as_json(self) -> dict[str, float]:
        return {
            "p50_small_ms": round(_percentile(self.small_ms, 50), 2),
            "p50_full_ms": round(_percentile(self.full_ms, 50), 2),
            "p95_small_ms": round(_percentile(self.small_ms, 95), 2),
            "p95_full_ms": round(_percentile(self.full_ms, 95), 2),
            "p95_ratio": round(self.ratio, 2),
        }


class _Database:
    """One of the two, with clients of who owns most of it and of an operator."""

    def __init__(self, name: str) -> None:
        own = {**connections["default"].settings_dict, "NAME": name, "CONN_MAX_AGE": None}
        backend = type(connections["default"])
        self.wrapper: BaseDatabaseWrapper = backend(own, "default")
        with self.in_use():
            user = User.objects.get(username=HEAVIEST)
            token = access_token_create(user=user, lifetime_s=6 * 60 * 60)
            self.api = Client(headers={"authorization": f"Bearer {token}"}, SERVER_NAME="localhost")
            self.person = Client(SERVER_NAME="localhost")
            self.person.force_login(user)
            operator, _ = User.objects.get_or_create(
                username="operator", defaults={"is_staff": True, "is_superuser": True}
            )
            self.operator = Client(SERVER_NAME="localhost")
            self.operator.force_login(operator)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        before = connections["default"]
        connections["default"] = self.wrapper
        try:
            yield
        finally:
            connections["default"] = before

    def client_for(self, address: str) -> Client:
        if address.startswith("/admin/"):
            return self.operator
        return self.api if address.startswith("/api/") else self.person

    def get(self, address: str) -> Any:
        with self.in_use():
            answer = self.client_for(address).get(address, secure=True)
            assert answer.status_code == 200, f"{address}: {answer.status_code}"
            return answer

    def time_ms(self, address: str) -> float:
        start = time.perf_counter()
        self.get(address)
        return 1000 * (time.perf_counter() - start)

    def num_rows(self, address: str) -> int:
        return len(self.get(address).json()["results"])

    def middle_of(self, address: str) -> str:
        """In the middle of its first pages, so that what is measured is a full one."""
        pages = [address]
        while len(pages) < _MIDDLE_OF_LIST:
            following = self.get(pages[-1]).json()["next"]
            if following is None:
                break
            pages.append(following.partition("://localhost")[2])
        return pages[(len(pages) - 1) // 2]


def measure(
    small: str, full: str, *, num_requests: int, only: str, say: Callable[[str], None]
) -> list[Figures]:
    """Every list, from both databases in turn, so that what else the machine does hits both."""
    # A line for each request is no part of it, nor that there is no page after the last.
    logging.getLogger("gts.requests").setLevel(logging.WARNING)
    logging.getLogger("django.request").setLevel(logging.ERROR)
    pair = (_Database(small), _Database(full))
    figures = []
    for name, addresses in _lists(pair, only):
        for database, address in zip(pair, addresses, strict=True):
            for _ in range(_NUM_WARM):
                database.get(address)
        times: tuple[list[float], list[float]] = ([], [])
        gc.collect()
        gc.disable()
        for _ in range(num_requests):
            for database, address, taken in zip(pair, addresses, times, strict=True):
                taken.append(database.time_ms(address))
        gc.enable()
        figure = Figures(name, *times)
        figures.append(figure)
        values = figure.as_json()
        say(
            f"{name:<52} p95 {values['p95_small_ms']:7.1f} {values['p95_full_ms']:7.1f} ms"
            f"  p50 {values['p50_small_ms']:7.1f} {values['p50_full_ms']:7.1f} ms"
            f"  × {values['p95_ratio']:.2f}"
        )
    for database in pair:
        database.wrapper.close()
    return figures


def _lists(pair: tuple[_Database, _Database], only: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Names of lists that have ``only`` in them, each with its address in either database."""
    for path in (*LIBRARIES, *FEEDS, *NARROWED):
        address = f"{_API}{path}"
        if only in address:
            yield address, _as_long(pair, address)
    for path in (*LIBRARIES, *FEEDS):
        address = f"{_API}{path}"
        name = f"{address} in the middle"
        if only in name:
            small, full = (database.middle_of(address) for database in pair)
            yield name, (small, full)
    for address in (*PAGES, *_changelists()):
        if only in address:
            yield address, (address, address)


def _as_long(pair: tuple[_Database, _Database], address: str) -> tuple[str, str]:
    """The list in either database, of the full one no more rows than the small one has."""
    num_small, num_full = (database.num_rows(address) for database in pair)
    if num_small >= num_full:
        return address, address
    mark = "&" if "?" in address else "?"
    return address, f"{address}{mark}page_size={max(1, num_small)}"


def _changelists() -> Iterator[str]:
    """Each as it opens, and with a word that fills its page in both databases if any does."""
    admin.autodiscover()
    for model, model_admin in admin.site._registry.items():
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        yield address
        if model_admin.search_fields:
            yield f"{address}?q={'vs' if model._meta.app_label == 'shootouts' else 'marshall'}"


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


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
