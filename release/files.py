"""What a release consists of: source archive, bill of materials (SBOM), checksums.

Made again from the same tag, with the same tools, they are the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from release.repository import Repository


def build_files(repository: Repository, version: str) -> list[Path]:
    """From the tag of ``version`` into an empty ``dist/``."""
    remove_files(repository)
    dist = _dist(repository)
    dist.mkdir()
    archive, sbom = dist / f"gts-{version}.tar.gz", dist / f"gts-{version}.cdx.json"
    archive.write_bytes(_source_archive(repository, version))
    _write_sbom(repository, version, sbom)
    sums = dist / "SHA256SUMS"
    lines = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in (archive, sbom)]
    sums.write_text("".join(lines))
    return [archive, sbom, sums]


def remove_files(repository: Repository) -> None:
    shutil.rmtree(_dist(repository), ignore_errors=True)


def _dist(repository: Repository) -> Path:
    return repository.root / "dist"


def _source_archive(repository: Repository, version: str) -> bytes:
    # What a user's configuration may change is set here.
    tar = repository.git_bytes(
        *("-c", "tar.umask=0022", "-c", "core.autocrlf=false"),
        *("archive", "--format=tar", f"--prefix=gts-{version}/", f"v{version}"),
    )
    return gzip.compress(tar, mtime=0)


def _write_sbom(repository: Repository, version: str, path: Path) -> None:
    """CycloneDX of everything that requirements.txt pins, for whatever platform."""
    command = [
        *(sys.executable, "-m", "cyclonedx_py", "requirements", "requirements.txt"),
        *("--pyproject", "pyproject.toml", "--mc-type", "application"),
        *("--output-reproducible", "--output-format", "JSON", "--output-file", str(path)),
    ]
    committed_at = repository.git("log", "-1", "--format=%ct", f"v{version}")
    env = {**os.environ, "SOURCE_DATE_EPOCH": committed_at, "PYTHONWARNINGS": "ignore"}
    with TemporaryDirectory() as folder:
        for name in ("requirements.txt", "pyproject.toml", "README.md"):
            content = repository.git_bytes("show", f"v{version}:{name}")
            (Path(folder) / name).write_bytes(content)
        subprocess.run(command, cwd=folder, env=env, check=True)
