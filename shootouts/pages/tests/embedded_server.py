"""A real embedded server for browser tests: a process of its own, as `make run` starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import httpx
from django.conf import settings

from accounts.tests.owner import owner_path

_START_TIMEOUT_S: Final = 90
_STOP_TIMEOUT_S: Final = 15


class EmbeddedServer:
    """Runs within the ``with`` block; may be stopped and started again at the same address."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._environment = environment
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GTS_", "PYTEST", "DATABASE_URL", "REDIS_URL"))
        }
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self._port), "--no-demo"],
                cwd=settings.BASE_DIR,
                env={
                    **kept,
                    "GTS_ENV_FILE": os.devnull,
                    **self._environment,
                    "GTS_DATA_DIR": str(self.data_dir),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @property
    def data_dir(self) -> Path:
        return self._folder / "var"

    def owner_url(self, next: str) -> str:
        """Logs the owner in, and leads to the page ``next``."""
        return self.address + owner_path(self.data_dir, next=next)

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"the server stopped: {self._log.read_text()[-2000:]}")
            try:
                if httpx.get(f"{self.address}/health/ready", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"the server did not get ready: {self._log.read_text()[-2000:]}")
