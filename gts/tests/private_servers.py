"""A PostgreSQL and a Redis that belong to one test, which may stop, freeze and start them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from accounts.tests import needs
from gts.tests.processes import free_port, wait_until


def _postgres_programs() -> Path | None:
    """Where Debian keeps initdb and postgres, the newest first."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


POSTGRES = _postgres_programs()
needs_servers = [
    pytest.mark.services,
    needs.needs_services,
    pytest.mark.skipif(
        POSTGRES is None or shutil.which("redis-server") is None,
        reason=needs.SERVER_PROGRAMS,
    ),
]


class PrivateServer(ABC):
    """A server process. One that is frozen takes connections, and says nothing."""

    def __init__(self) -> None:
        # Not below pytest's folder, which other users may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="test-server-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = self._launch()
        wait_until(self._answers, f"{type(self).__name__} answers")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]: ...

    @abstractmethod
    def _answers(self) -> bool: ...


class PrivateRedis(PrivateServer):
    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _launch(self) -> subprocess.Popen[bytes]:
        options = {"--port": str(self.port), "--bind": "127.0.0.1", "--save": ""}
        words = [word for option in options.items() for word in option]
        return subprocess.Popen(
            ["redis-server", *words, "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )

    def _answers(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.ConnectionError:
            return False


class PrivatePostgres(PrivateServer):
    def __init__(self) -> None:
        super().__init__()
        # It refuses to run as root.
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as_user = {"user": "postgres", "group": "postgres"}
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "--auth", "trust", "--username", "gts", "--no-sync", "--encoding=UTF8")

    @property
    def url(self) -> str:
        return f"postgresql://gts@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *words: str) -> None:
        command = [self._program(program), "--pgdata", str(self.folder / "data"), *words]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as_user)

    def _program(self, name: str) -> str:
        assert POSTGRES is not None
        return str(POSTGRES / name)

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = {"listen_addresses": "127.0.0.1", "fsync": "off"}
        settings["unix_socket_directories"] = str(self.folder)
        words = [word for item in settings.items() for word in ("-c", "=".join(item))]
        command = [self._program("postgres"), "-D", str(self.folder / "data")]
        return subprocess.Popen(
            [*command, "-p", str(self.port), *words],
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **self._as_user,
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True
