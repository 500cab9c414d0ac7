"""The .venv: whether it is whole, making it, and packages into it, by pip without its chatter."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tools.install.messages import AGAIN, InstallError, Progress, error_from

VENV = Path.cwd() / ".venv"
# There from before the first change until the last one is done.
UNFINISHED = VENV / "unfinished"
LOCK = VENV.with_name(".venv.lock")
STOP_WITHIN_S = 5.0
PIP_INSTALL = (
    "install",
    "--require-hashes",
    "--no-input",
    "--no-color",
    "--progress-bar=off",
    "--disable-pip-version-check",
)


def venv_python() -> str:
    return str(VENV / "bin" / "python")


def wanted_mark(requirements: Path) -> str:
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    return f"{digest} {place()}\n"


def place() -> str:
    """Scripts in a .venv name its folder, and packages are those of one Python."""
    return f"{sys.version_info.major}.{sys.version_info.minor} {VENV}"


def is_whole() -> bool:
    """Whether packages can be added to what is there. (This runs in .venv's Python, if it can.)"""
    is_ours = VENV.exists() and Path(sys.prefix).resolve() == VENV.resolve()
    if not is_ours or UNFINISHED.exists() or importlib.util.find_spec("pip") is None:
        return False
    marks = [read(VENV / name) for name in ("installed", "installed-dev")]
    return all(mark.endswith(f" {place()}\n") for mark in marks if mark)


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def make_venv() -> None:
    base = getattr(sys, "_base_executable", sys.executable)
    if Path(base).is_relative_to(VENV):  # it goes
        base = os.path.realpath(base)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise InstallError(
            f"{base} cannot make virtual environments. On Debian or Ubuntu type: "
            f"sudo apt install python{version}-venv; then: {AGAIN}"
        )
    with Progress("Environment") as progress:
        progress.show("making .venv")
        before = venv_version()
        if VENV.is_symlink() or VENV.is_file():
            VENV.unlink()
        elif VENV.exists():
            shutil.rmtree(VENV)
        VENV.mkdir()
        UNFINISHED.touch()
        made = subprocess.run(
            [base, "-m", "venv", str(VENV)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise error_from(made.stdout, f"{base} could not make .venv.")
        now = sys.version.split()[0]
        if before and not before.startswith(f"{version}."):
            progress.end(f"made again in .venv, Python {now} instead of {before}")
        else:
            progress.end(f"made in .venv, Python {now}")


def venv_version() -> str:
    """Of the Python that .venv was made with; empty where that cannot be told."""
    found = re.search(r"^version\s*=\s*(\S+)", read(VENV / "pyvenv.cfg"), re.MULTILINE)
    return found[1] if found else ""


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
                venv_python(),
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
    return sum(1 for _ in VENV.glob("lib/python*/site-packages/*.dist-info"))
