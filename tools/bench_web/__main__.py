"""``make bench-web``: requests per second and memory of a production installation of its own.

Starts web, worker and beat on a database made for it (DATABASE_URL: of a server where that may be
done), renders the demo, reads what memory each process has at rest, and then has a crowd ask for
four pages, each in turn with a bare Django that says hello; at last 500 ask at once. Writes
bench-web.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import Request, urlopen

import psycopg
from psycopg import sql

from tools.bench_web.load import load, rush

ROOT: Final = Path(__file__).resolve().parents[2]
_PATIENCE_S: Final = 600
_WEB_WORKERS: Final = 2
# What a process keeps when no one asks for anything: looked at after a pause.
_REST_S: Final = 5.0
_NUM_IN_RUSH: Final = 500


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench-web", description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each page, and each hello")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench-web.json")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gts-bench-web-")))
        site = _Site(folder, stack.enter_context(_database(os.environ["DATABASE_URL"])))
        figures = site.figures(options.clients, options.seconds)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n")
    print(options.out)


@contextmanager
def _database(server_url: str) -> Iterator[str]:
    """The URL of a new database beside the one that is named."""
    name = f"gts_bench_web_{secrets.token_hex(4)}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{server_url.rpartition('/')[0]}/{name}"
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            server.execute(drop)


class _Site:
    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        self._port, self._hello_port = _free_port(), _free_port()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._env = {
            **kept,
            "DATABASE_URL": database_url,
            "REDIS_URL": os.environ["REDIS_URL"],
            "GTS_ENV_FILE": os.devnull,
            "GTS_DATA_DIR": str(folder / "data"),
            "GTS_SECRET_KEY": secrets.token_urlsafe(64),
            "GTS_TOKEN_KEYS": "b25seS1mb3ItYmVuY2htYXJrcy0wMTIzNDU2Nzg5YWI=",
            "GTS_ALLOWED_HOSTS": "127.0.0.1",
            "GTS_SSL_REDIRECT": "0",
            "GTS_RATE_ANONYMOUS_PER_MIN": "0",
        }

    def figures(self, num_clients: int, duration_s: float) -> dict[str, Any]:
        for words in (["migrate", "-v", "0"], ["collectstatic", "--noinput", "-v", "0"]):
            self._manage(*words)
        serve = ["-m", "uvicorn", "--no-access-log", "--workers", str(_WEB_WORKERS), "--port"]
        ours = ["--http", "gts.connection:Connection", "gts.asgi:application"]
        with self._running("web", *serve, str(self._port), *ours) as web:
            with (
                self._running("worker", "-m", "celery", "-A", "gts", "worker", "-c", "1") as worker,
                self._running("beat", "-m", "celery", "-A", "gts", "beat") as beat,
            ):
                self._wait(lambda: self._get("/health/live") is not None, "the web process")
                self._manage("seed_demo", "-v", "0")
                address = "/api/v1/shootouts/?scope=public"
                self._wait(lambda: self._published(address) is not None, "the demo's render")
                # Published before its video is made; until then its page follows that.
                self._wait(lambda: self._has_etag(self._page_of(address)), "the demo's video")
                time.sleep(_REST_S)
                roots = {"web": web, "worker": worker, "beat": beat}
                memory = {name: _memory_mib(process.pid) for name, process in roots.items()}
            pages = {
                "home": "/",
                "explore": "/shootouts/",
                "shootout page": self._page_of(address),
                "API list": address,
            }
            with self._running(
                "hello", *serve, str(self._hello_port), "tools.bench_web.hello:application"
            ):
                hello_url = f"http://127.0.0.1:{self._hello_port}/"
                self._wait(lambda: _answer(hello_url) is not None, "hello")
                return {
                    "clients": num_clients,
                    "web_workers": _WEB_WORKERS,
                    "memory_mib": memory,
                    "pages": {
                        name: self._pair(name, path, hello_url, num_clients, duration_s)
                        for name, path in pages.items()
                    },
                    "rush": self._rush([*pages.values()]),
                }

    def _pair(
        self, name: str, path: str, hello_url: str, num_clients: int, duration_s: float
    ) -> dict[str, Any]:
        """A page and hello, one after the other, so that the machine is as busy for both."""
        asked = {"page": f"http://127.0.0.1:{self._port}{path}", "hello": hello_url}
        found = {}
        for which, url in asked.items():
            asyncio.run(load(url, num_clients=num_clients, duration_s=min(1.0, duration_s)))
            answered = asyncio.run(load(url, num_clients=num_clients, duration_s=duration_s))
            found[which] = answered.as_json()
        page, hello = found["page"], found["hello"]
        share = page["per_s"] / hello["per_s"]
        print(
            f"{name:<14} {page['per_s']:7.1f} per s, p99 {page['p99_ms']:7.1f} ms, "
            f"{page['kib']:.0f} KiB; hello {hello['per_s']:7.1f} per s; {share:.3f} of it",
            flush=True,
        )
        return {**found, "share_of_hello": round(share, 4)}

    def _rush(self, paths: list[str]) -> dict[str, dict[str, int]]:
        """So many at once that they cannot all be served: with 200, or 503 and when to come again.
        Strangers share what they ask for; who shows a cookie is served alone."""
        urls = [f"http://127.0.0.1:{self._port}{path}" for path in paths]
        found = {}
        for who, headers in (("strangers", ""), ("each alone", "Cookie: a=1\r\n")):
            statuses = asyncio.run(rush(urls, num_clients=_NUM_IN_RUSH, headers=headers))
            found[who] = dict(sorted(statuses.items()))
            print(f"{_NUM_IN_RUSH} at once, {who}: {found[who]}", flush=True)
        return found

    def _published(self, address: str) -> dict[str, Any] | None:
        content = self._get(address)
        results = json.loads(content)["results"] if content else []
        return results[0] if results and results[0]["state"] == "completed" else None

    def _page_of(self, address: str) -> str:
        found = self._published(address)
        assert found is not None
        return f"/shootouts/{found['id']}/"

    def _has_etag(self, path: str) -> bool:
        with urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=10) as answer:
            return "ETag" in answer.headers

    def _get(self, path: str) -> bytes | None:
        return _answer(f"http://127.0.0.1:{self._port}{path}")

    def _manage(self, *words: str) -> None:
        command = [sys.executable, "manage.py", *words]
        subprocess.run(command, cwd=ROOT, env=self._env, check=True)

    @contextmanager
    def _running(self, name: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=self._env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=30)

    def _wait(self, is_there: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + _PATIENCE_S
        while not is_there():
            if time.monotonic() > deadline_s:
                logs = "\n".join(log.read_text() for log in self._folder.glob("*.log"))
                raise SystemExit(f"bench-web waited without success for {what}\n{logs}")
            time.sleep(0.5)


def _answer(url: str) -> bytes | None:
    try:
        with urlopen(Request(url, headers={"Accept": "*/*"}), timeout=10) as answer:
            content: bytes = answer.read()
            return content
    except (URLError, OSError):
        return None


def _memory_mib(root: int) -> list[float]:
    """Of each process from ``root`` down: its own pages and its share of those it has with others
    (PSS)."""
    found = []
    for pid in _family(root):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        [pss_kib] = [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
        found.append(round(pss_kib / 1024, 1))
    return found


def _family(root: int) -> Iterator[int]:
    yield root
    for tasks in Path(f"/proc/{root}/task").glob("*/children"):
        for child in tasks.read_text().split():
            yield from _family(int(child))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
