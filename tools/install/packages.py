"""Packages into .venv, by pip, without its chatter."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from tools.install import environment
from tools.install.advice import error_from
from tools.install.console import Progress

STOP_WITHIN_S = 5.0
PIP_INSTALL = (
    "install",
    "--require-hashes",
    "--no-input",
    "--no-color",
    "--progress-bar=off",
    "--disable-pip-version-check",
)


def install(requirements: Path) -> None:
    """pip, without its chatter: how far it is, and on failure why."""
    total = sum("==" in line for line in requirements.read_text().splitlines())
    started_s = time.monotonic()
    with Progress("Packages") as progress:
        pip = Pip(requirements, total)
        try:
            while pip.is_running():
                progress.show(pip.progress())
                time.sleep(0.1)
        finally:
            pip.stop()
        if pip.returncode != 0:
            raise error_from(pip.output(), "The packages could not be installed.")
        took_s = time.monotonic() - started_s
        progress.end(f"{pip.num_wanted} installed in {took_s:.0f} s")


class Pip:
    """pip as a process, and what its lines say about how far it is."""

    def __init__(self, requirements: Path, total: int) -> None:
        self.num_wanted = total
        self._num_found = 0
        self._num_before = -1  # of what lay in .venv when it began to install
        self._is_waiting = False
        self._lines: list[str] = []
        defaults = {"PIP_RETRIES": "2", "PIP_DEFAULT_TIMEOUT": "15"}
        self._process = subprocess.Popen(
            [
                environment.venv_python(),
                "-m",
                "pip",
                *PIP_INSTALL,
                "-r",
                str(requirements),
            ],
            env={**defaults, **os.environ, "PIP_USER": "0", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            self._is_waiting = "WARNING: Retrying" in line
            if line.startswith("Ignoring "):  # not for this Python or system
                self.num_wanted -= 1
            elif line.startswith(("Collecting ", "Processing ", "Requirement already")):
                self._num_found += 1
            elif line.startswith("Installing collected packages"):
                self._num_before = num_installed()

    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def returncode(self) -> int:
        return self._process.wait()

    def progress(self) -> str:
        if self._is_waiting:
            return "the package index does not answer, trying again"
        if self._num_before < 0:
            return f"fetching {self._num_found}/{self.num_wanted}"
        return f"installing {num_installed() - self._num_before}/{self.num_wanted}"

    def output(self) -> str:
        self._reader.join(STOP_WITHIN_S)
        return "".join(self._lines)

    def stop(self) -> None:
        """Ctrl+C reaches it as well, and it tidies up after itself."""
        if self.is_running():
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reader.join(STOP_WITHIN_S)


def num_installed() -> int:
    return sum(1 for _ in environment.VENV.glob("lib/python*/site-packages/*.dist-info"))
