"""GTS as a stranger gets it: a clone of the commit, the packages of requirements.txt, nothing else.

    python3 -m tools.clean_install FOLDER

Clones HEAD into FOLDER (which must not exist), and runs in that clone, with only PATH, HOME and
LANG in the environment: ``make run`` until the demo's video is there, the commands of the docs,
every module of the product, and web, worker and beat on PostgreSQL and Redis (DATABASE_URL,
REDIS_URL). What is missing from requirements.txt fails here, whatever is on the machine.

The clone stays, as it is after ``make run``: tests must pass there as well.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
DATABASE_URL = os.environ["DATABASE_URL"]  # of a database that exists; another is made beside it
REDIS_URL = os.environ["REDIS_URL"]
READY_WITHIN_S = 300  # `make run` installs everything first
PYTHON = ".venv/bin/python"

# Every module that is not a test, imported in one process. What brings the packages here is hidden:
# an environment has no setuptools from Python 3.12 on.
IMPORT_EVERYTHING = """
import importlib, pathlib, sys, django
sys.modules |= dict.fromkeys(("pip", "setuptools", "pkg_resources"))
django.setup()
names = [
    ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    for package in ("accounts", "gear", "gts", "jobs", "shootouts")
    for path in sorted(pathlib.Path(package).rglob("*.py"))
    if "tests" not in path.parts and path.name != "conftest.py"
]
for name in names:
    importlib.import_module(name)
print(f"{len(names)} modules imported")
"""


class CleanInstallError(Exception):
    """What went wrong, for anyone who reads the log of CI."""


def minimal_environment() -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "LANG": "C.UTF-8",
    }


class Clone:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = minimal_environment()

    def run(self, *command: str, **variables: str) -> str:
        """Run to the end in the clone. Raises ``CleanInstallError`` with what it said."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CleanInstallError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}")
        return done.stdout

    @contextmanager
    def running(self, name: str, *command: str, **variables: str) -> Iterator[Process]:
        process = Process(name, self, command, variables)
        try:
            yield process
        finally:
            process.kill()


class Process:
    """A command in a process group of its own, and its log."""

    def __init__(
        self, name: str, clone: Clone, command: tuple[str, ...], variables: dict[str, str]
    ) -> None:
        self.name = name
        self.log = clone.folder.parent / f"{clone.folder.name}-{name}.log"
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=clone.folder,
                env=clone.environment | variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def failed(self, why: str) -> CleanInstallError:
        return CleanInstallError(f"{self.name}: {why}\n{self.said()}")

    def wait_until(self, is_true: Callable[[], bool], what: str, within_s: float) -> None:
        deadline_s = time.monotonic() + within_s
        while not is_true():
            if self._process.poll() is not None:
                raise self.failed(f"ended with {self._process.returncode} before {what}")
            if time.monotonic() > deadline_s:
                raise self.failed(f"not after {within_s} s: {what}")
            time.sleep(0.5)

    def stop(self, sent: signal.Signals = signal.SIGINT) -> None:
        """As with Ctrl+C: to the whole group, and it must be gone soon, without a traceback."""
        os.killpg(self._process.pid, sent)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            raise self.failed(f"still there 30 s after {sent.name}") from None
        if "Traceback (most recent call last)" in self.said():
            raise self.failed("a traceback")

    def kill(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def visit(clone: Clone, port: int, *arguments: str) -> None:
    visitor = str(Path(__file__).with_name("visitor.py"))
    print(clone.run(PYTHON, visitor, str(port), *arguments), end="", flush=True)


def run_embedded(clone: Clone) -> None:
    """The README's first command, from nothing to the demo's video."""
    port = free_port()
    with clone.running("run", "make", "run", f"PORT={port}") as server:
        server.wait_until(lambda: is_ready(port), "/health/ready", READY_WITHIN_S)
        link = re.search(r"^ +(http\S+\?token=\S+)$", server.said(), re.MULTILINE)
        if link is None:
            raise server.failed("no address with a token on the console")
        visit(clone, port, "--video", "--owner-link", link[1])
        server.stop()


def run_commands(clone: Clone) -> None:
    """What the docs tell people to type."""
    print(clone.run(PYTHON, "-c", IMPORT_EVERYTHING, DJANGO_SETTINGS_MODULE="gts.settings"), end="")
    for command in ("check", "migrate", "doctor"):
        clone.run(PYTHON, "manage.py", command)
    out = clone.folder.parent / f"{clone.folder.name}-rendered"
    demo = clone.folder / "shootouts" / "demo"
    audio_only = demo / "audio-only.toml"
    audio_only.write_text(
        (demo / "shootout.toml").read_text().replace("video = true", "video = false")
    )
    clone.run(PYTHON, "manage.py", "render_shootout", str(audio_only), "--out", str(out))
    audio_only.unlink()
    segment = next(out.rglob("*.flac"))
    clone.run(PYTHON, "manage.py", "measure", str(segment))


def run_production(clone: Clone) -> None:
    """Web, worker and beat as docs/operations.md starts them, on a database of their own."""
    name = f"gts_clean_{secrets.token_hex(4)}"
    execute = (
        "import sys, psycopg\n"
        "with psycopg.connect(sys.argv[1], autocommit=True) as connection:\n"
        "    connection.execute(sys.argv[2])\n"
    )
    port = free_port()
    variables = {
        "DATABASE_URL": f"{DATABASE_URL.rpartition('/')[0]}/{name}",
        "REDIS_URL": REDIS_URL,
        "GTS_SECRET_KEY": secrets.token_urlsafe(64),
        "GTS_TOKEN_KEYS": "b25seS1mb3ItdGhpcy1jaGVjay0wMTIzNDU2Nzg5YWI=",
        "GTS_ALLOWED_HOSTS": "127.0.0.1",
        "GTS_SSL_REDIRECT": "0",
        "GTS_DATA_DIR": str(clone.folder.parent / f"{clone.folder.name}-production"),
    }
    clone.run(PYTHON, "-c", execute, DATABASE_URL, f'CREATE DATABASE "{name}"')
    try:
        for command in ("migrate", "collectstatic"):
            clone.run(PYTHON, "manage.py", command, "--noinput", **variables)
        with (
            clone.running("web", "make", "web", f"PORT={port}", **variables) as web,
            clone.running("worker", "make", "worker", **variables) as worker,
            clone.running("beat", "make", "beat", **variables) as beat,
        ):
            web.wait_until(lambda: is_ready(port), "/health/ready", 60)
            clone.run(PYTHON, "manage.py", "seed_demo", **variables)
            create_token = ("create_token", "--create", "visitor")
            token = clone.run(PYTHON, "manage.py", *create_token, **variables)
            visit(clone, port, "--token", token.split()[-1])
            for process in (beat, worker, web):
                process.stop(signal.SIGTERM)
    finally:
        clone.run(PYTHON, "-c", execute, DATABASE_URL, f'DROP DATABASE "{name}" WITH (FORCE)')


PARTS = (run_embedded, run_commands, run_production)


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    clone = Clone(folder)
    try:
        for part in PARTS:
            began_s = time.monotonic()
            part(clone)
            print(
                f"clean install: {part.__name__} in {time.monotonic() - began_s:.0f} s", flush=True
            )
    except CleanInstallError as error:
        print(f"clean install: failed\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
