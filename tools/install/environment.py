"""The .venv: whether it is whole, and making it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.install.advice import AGAIN, InstallError, error_from
from tools.install.console import Progress

VENV = Path.cwd() / ".venv"
# There from before the first change until the last one is done.
UNFINISHED = VENV / "unfinished"
LOCK = VENV.with_name(".venv.lock")


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
