"""A whole production installation of a test's own: PostgreSQL, Redis, files, processes."""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from gts.tests.private_servers import PrivatePostgres, PrivateRedis
from gts.tests.processes import UNHURRIED, environment, free_port, manage, process, serving

METRICS_TOKEN = "scrape-me-0123456789"


class Site:
    def __init__(self, folder: Path) -> None:
        self.redis = PrivateRedis()
        self.postgres = PrivatePostgres()
        self.redis.start()
        self.postgres.start()
        self.folder = folder
        self.data_dir = folder / "var"
        self.port = free_port()
        self.env = environment(
            self.data_dir,
            DATABASE_URL=self.postgres.url,
            REDIS_URL=self.redis.url,
            GTS_SECRET_KEY="only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
            GTS_TOKEN_KEYS="b25seS1mb3ItdGhlc2UtdGVzdHMtMDEyMzQ1Njc4OWE=",
            GTS_ALLOWED_HOSTS="127.0.0.1,localhost",
            GTS_SSL_REDIRECT="0",
            GTS_METRICS_TOKEN=METRICS_TOKEN,
            **UNHURRIED,
        )
        manage(self.env, "migrate", "-v", "0")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def alive_file(self, name: str) -> Path:
        return self.folder / f"{name}.alive"

    def start(self, name: str, *words: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """A Python module as a process; what it says is in ``log(name)``."""
        env = {**self.env, "GTS_ALIVE_FILE": str(self.alive_file(name))}
        return process(env, self.log(name), *words)

    def start_web(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return self.start("web", *serving("gts.asgi:application", self.port))

    def start_worker(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        words = ("celery", "--quiet", "-A", "gts", "worker", "--queues", "short,render")
        return self.start("worker", *words, "--concurrency", "1")

    def ask(self) -> tuple[int, dict[str, Any]]:
        answer = httpx.get(f"{self.url}/health/ready", timeout=10)
        return answer.status_code, answer.json()

    def state(self) -> tuple[int, str, list[str]]:
        """The status code, the word for it, and what is down."""
        code, body = self.ask()
        down = [name for name, state in body["checks"].items() if state == "down"]
        return code, body["status"], down

    def wait_a_minute(self) -> None:
        """What was written by processes that live is written again soon."""
        with psycopg.connect(self.postgres.url) as database:
            database.execute("UPDATE jobs_process SET seen_at = seen_at - interval '61 seconds'")

    def remove(self) -> None:
        self.redis.remove()
        self.postgres.remove()
