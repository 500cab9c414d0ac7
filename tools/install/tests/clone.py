"""The part of a clone that installs: the Makefile, its installer, and one small package."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

from gts.tests.processes import ROOT

NETWORK_AWAY: Final = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}


def wheel(folder: Path) -> str:
    """A package with one empty module. Returns its line in requirements.txt."""
    info = "gts_probe-1.0.dist-info"
    files = {
        "gts_probe.py": b"",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: gts-probe\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        name: base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        for name, content in files.items()
    }
    record = "".join(f"{name},sha256={digest},\n" for name, digest in digests.items())
    path = folder / "gts_probe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**files, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(name, content)
    return f"gts-probe==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Clone:
    """The part of a clone that installs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder.parent / "wheels"
        self.probe = folder / ".venv" / "bin" / "python"

    def env(self, **changes: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
        return {**kept, **pip, "PIP_FIND_LINKS": str(self.wheels), **changes}

    def make(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", f"PYTHON={sys.executable}", *words],
            cwd=self.folder,
            env=self.env(**env),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def has_probe(self) -> bool:
        if not self.probe.exists() or (self.folder / ".venv" / "unfinished").exists():
            return False
        done = subprocess.run([self.probe, "-c", "import gts_probe"], check=False)
        return done.returncode == 0


def copy_installer(folder: Path) -> None:
    (folder / "tools").mkdir()
    for name in ("__init__.py", "install.sh"):
        shutil.copy(ROOT / "tools" / name, folder / "tools")
    ignored = shutil.ignore_patterns("tests", "__pycache__")
    shutil.copytree(ROOT / "tools" / "install", folder / "tools" / "install", ignore=ignored)
    (folder / "gts").mkdir()
    shutil.copy(ROOT / "gts" / "listening.py", folder / "gts")


def make_clone(folder: Path) -> Clone:
    """In a new folder, with its package beside it; nothing is installed yet."""
    (folder / "wheels").mkdir()
    (folder / "clone").mkdir()
    shutil.copy(ROOT / "Makefile", folder / "clone")
    copy_installer(folder / "clone")
    (folder / "clone" / "requirements.txt").write_text(wheel(folder / "wheels"))
    return Clone(folder / "clone")


def advice_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence; make adds its own line."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    *said, make = done.stderr.splitlines()
    assert make.startswith("make: ***")
    return said[-1]
