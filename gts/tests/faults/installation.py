"""A production installation that belongs to the test: servers, processes, files, people."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from celery import Celery
from psycopg.rows import dict_row

from gts.tests.faults.people import Person
from gts.tests.private_servers import PrivatePostgres, PrivateRedis
from gts.tests.processes import (
    UNHURRIED,
    environment,
    free_port,
    kill,
    manage,
    process,
    serving,
)

Process = subprocess.Popen[bytes]

# The times of jobs, short enough for a test and long enough for a machine that is busy.
HEARTBEAT_S: Final = 1
LOST_AFTER_S: Final = 6
GRACE_S: Final = 5
_TIMES: Final = {
    "GTS_JOB_HEARTBEAT_S": str(HEARTBEAT_S),
    "GTS_JOB_LOST_AFTER_S": str(LOST_AFTER_S),
    "GTS_JOB_SWEEP_S": "1",
    "GTS_JOB_STRANDED_AFTER_S": "2",
    "GTS_JOB_RETRY_DELAYS_S": "1,1",
    # Twenty kills in two minutes hit one job more often than real life does.
    "GTS_JOB_MAX_LOST": "20",
    "GTS_STOP_GRACE_S": str(GRACE_S),
}
# With the slow jobs of jobs.tests.live beside those of GTS.
_APPLICATION: Final = "gts.tests.live_server"

_numbers = itertools.count(1)


class Servers:
    """PostgreSQL and Redis. Every installation gets a database of its own, migrated already."""

    def __init__(self) -> None:
        self.postgres = PrivatePostgres()
        config = self.postgres.folder / "data" / "postgresql.conf"
        with config.open("a") as file:
            # The exact moment of each commit can be asked for.
            file.write("track_commit_timestamp = on\nmax_connections = 200\n")
        self.redis = PrivateRedis()
        self.postgres.start()
        self.redis.start()
        self._template = self.new_database()

    def migrate(self, folder: Path) -> None:
        manage(production(folder, self.url(self._template), self.redis.url), "migrate", "-v", "0")

    def new_database(self, template: str = "template1") -> str:
        name = f"faults_{next(_numbers)}"
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            database.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def new_installation(self, folder: Path) -> Installation:
        return Installation(self, self.url(self.new_database(self._template)), folder)

    def url(self, database: str) -> str:
        return self.postgres.url.rsplit("/", 1)[0] + f"/{database}"

    def remove(self) -> None:
        self.postgres.remove()
        self.redis.remove()


def production(folder: Path, database_url: str, redis_url: str) -> dict[str, str]:
    return environment(
        folder / "var",
        DATABASE_URL=database_url,
        REDIS_URL=redis_url,
        GTS_SECRET_KEY="only-for-these-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
        GTS_TOKEN_KEYS="b25seS1mb3ItdGhlc2UtdGVzdHMtMDEyMzQ1Njc4OWE=",
        GTS_ALLOWED_HOSTS="127.0.0.1",
        GTS_SSL_REDIRECT="0",
        GTS_LOG_LEVEL="INFO",
        TMPDIR=str(folder / "tmp"),
        **_TIMES,
        **UNHURRIED,
    )


class Installation:
    """``media`` and ``scratch``: where its files are. Its processes end with ``close``."""

    def __init__(self, servers: Servers, database_url: str, folder: Path) -> None:
        self.servers = servers
        self.folder = folder
        self.media = folder / "var" / "media"
        self.scratch = folder / "tmp"
        self.scratch.mkdir(parents=True)
        self.port = free_port()
        self.env = production(folder, database_url, servers.redis.url)
        self.database_url = database_url
        self._stack = ExitStack()
        # As the web process does it.
        self.broker = Celery("faults", broker=servers.redis.url)
        self.broker.conf.task_ignore_result = True

    def close(self) -> None:
        self._stack.close()

    # Processes ------------------------------------------------------------------------------------

    def start(self, *, num_web: int = 1) -> None:
        """Web, a worker for short work, and beat: all but the workers that render."""
        self.web = self._stack.enter_context(self.running_web(num_web))
        self.short = self._stack.enter_context(self.worker("short"))
        self.beat = self._stack.enter_context(self.running_beat())
        self.wait(self.is_ready, "the web process is ready")
        self.wait_for_worker(self.short)

    def running_web(self, num_web: int = 1) -> Any:
        words = serving(f"{_APPLICATION}:application", self.port)
        workers = ("--workers", str(num_web)) if num_web > 1 else ()
        return process(self.env, self._log("web"), *words, *workers, "--log-level", "warning")

    def worker(self, queues: str = "render", *, concurrency: int = 1, **env: str) -> Any:
        """A worker with its pool, as ``make worker`` starts it."""
        name = f"{queues}{next(_numbers)}"
        words = ("celery", "-A", _APPLICATION, "worker", "--queues", queues, "--loglevel", "INFO")
        how = ("--concurrency", str(concurrency), "--hostname", f"{name}@127.0.0.1")
        return self._named(process({**self.env, **env}, self._log(name), *words, *how), name)

    def running_beat(self) -> Any:
        schedule = str(self.folder / "beat")
        words = ("celery", "-A", _APPLICATION, "beat", "--schedule", schedule)
        return process(self.env, self._log("beat"), *words, "--loglevel", "INFO")

    @contextmanager
    def _named(self, starting: Any, name: str) -> Iterator[Process]:
        with starting as running:
            running.name = name
            yield running

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def log_of(self, worker: Process) -> str:
        return self._log(worker.name).read_text(errors="replace")  # type: ignore[attr-defined]

    def wait_for_worker(self, worker: Process) -> None:
        self.wait(lambda: " ready." in self.log_of(worker), "the worker is ready")

    def is_ready(self) -> bool:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=5)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    def wait(self, is_true: Callable[[], bool], what: str, *, patience_s: float = 120) -> float:
        """Until ``is_true``; returns how long it took. Never longer than ``patience_s``."""
        began_s = time.monotonic()
        while not is_true():
            waited_s = time.monotonic() - began_s
            assert waited_s < patience_s, f"waited {waited_s:.0f} s without success until {what}"
            time.sleep(0.05)
        return time.monotonic() - began_s

    def wait_until_idle(self) -> None:
        """What is published is told before the jobs that made it are closed."""
        self.wait(lambda: not self.active_jobs(), "every job is over")

    # What is there --------------------------------------------------------------------------------

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.database_url, row_factory=dict_row) as database:
            return database.execute(query, values).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        (row,) = self.rows(query, *values)
        (value,) = row.values()
        return value

    def active_jobs(self) -> int:
        states = "('pending', 'queued', 'running', 'retrying')"
        return int(self.value(f"SELECT count(*) FROM jobs_job WHERE state IN {states}"))

    def running(self, kind: str) -> int:
        """How many jobs of a kind are at work."""
        query = "SELECT count(*) FROM jobs_job WHERE state = 'running' AND kind = %s"
        return int(self.value(f"{query} AND NOT is_waiting", kind))

    def orphaned_files(self) -> list[str]:
        """Temporary files and folders: scratch, and half-written files of the storage."""
        partial = [path for path in self.media.rglob("*") if ".partial" in path.name]
        return [
            *(str(path) for path in self.scratch.iterdir() if path.name.startswith("gts-")),
            *(str(path) for path in partial if path.is_file()),
        ]

    def orphans(self) -> list[str]:
        """Finished files that no row names."""
        named = {
            row["name"]
            for row in self.rows(
                "SELECT file AS name FROM shootouts_renderedfile UNION "
                "SELECT file FROM shootouts_cachedaudio"
            )
        }
        files = [
            path.relative_to(self.media)
            for folder in ("renders", "cache")
            for path in (self.media / folder).rglob("*")
            if path.is_file()
        ]
        return sorted(str(file) for file in files if str(file) not in named)

    # People and their work ------------------------------------------------------------------------

    def person(self, name: str) -> Person:
        """A new user with an access token."""
        token = manage(self.env, "create_token", name, "--create")
        return Person(f"http://127.0.0.1:{self.port}", token)

    def enqueue(self, kind: str, owner: str, *payloads: dict[str, Any]) -> list[str]:
        """Jobs of a kind that exists in tests only, for a user that exists."""
        lines = [
            "from accounts.models import User; from jobs.services import job_enqueue",
            "from jobs.tests.live import register_live; register_live()",
            f"owner = User.objects.get(username={owner!r})",
            f"payloads = {payloads!r}",
            f"jobs = [job_enqueue(kind={kind!r}, owner=owner, payload=p) for p in payloads]",
            "print(*(job.uuid for job in jobs))",
        ]
        return manage(self.env, "shell", "-v", "0", "-c", "\n".join(lines)).split()


def kill_now(worker: Process) -> None:
    """SIGKILL, to the worker and its pool at once."""
    kill(worker)


def freeze(worker: Process) -> None:
    os.killpg(worker.pid, signal.SIGSTOP)


def thaw(worker: Process) -> None:
    os.killpg(worker.pid, signal.SIGCONT)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
