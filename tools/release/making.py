"""The steps of `make release`. If one fails, the repository is left as it was.

A release is a commit and a tag, a section of CHANGELOG.md, and files: source archive, bill of
materials (SBOM), checksums. Made again from the same tag, with the same tools, they are the same
bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

CHECKS: Final = ("check", "test", "test-processes")  # targets of the Makefile
Version = tuple[int, int, int]

# In CHANGELOG.md: *Unreleased* on top, below it a section per version, the newest first.
_UNRELEASED: Final = "## Unreleased\n"
_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_SECTION: Final = re.compile(rf"## ({_VERSION.pattern}) – \d{{4}}-\d\d-\d\d( \[YANKED\])?")


class ReleaseError(Exception):
    """A release cannot be made; the text is for anyone who makes it."""


def make_release(root: Path, version: str, *, day: date, checked: str = "") -> list[Path]:
    """Release ``version``: commit, annotated tag, files in ``dist/``. Pushes nothing.

    ``checked``: the commit for which the checks are known to pass; they are not run again for it.
    Raises ``ReleaseError``.
    """
    repository, tag = Repository(root), f"v{version}"
    repository.refuse_unless_clean_main()
    if repository.has_tag(tag):
        raise ReleaseError(f"There is a tag {tag} already.")
    changelog, pyproject = root / "CHANGELOG.md", root / "pyproject.toml"
    new_changelog = release_unreleased(changelog.read_text(encoding="utf-8"), version, day)
    start = repository.head
    _check(repository, checked)
    repository.refuse_unless_clean_main()

    try:
        changelog.write_text(new_changelog, encoding="utf-8")
        _set_version(pyproject, version)
        repository.commit(f"Release {version}", changelog.name, pyproject.name)
        repository.git("tag", "--annotate", tag, "--message", f"GTS {version}")
        files = build_files(repository, version)
        # From here on a checkout of main must not pass for the release.
        following = following_version(version)
        _set_version(pyproject, following)
        repository.commit(f"Begin {following}", pyproject.name)
    except BaseException:
        # The work tree was clean, so nothing of anybody's is lost.
        if repository.has_tag(tag):
            repository.git("tag", "--delete", tag)
        repository.git("reset", "--quiet", "--hard", start)
        remove_files(repository)
        raise
    return files


def following_version(version: str) -> str:
    major, minor, _ = parse_version(version)
    return f"{major}.{minor + 1}.0.dev0"


def _check(repository: Repository, checked: str) -> None:
    if checked:
        if checked != repository.head:
            raise ReleaseError(f"Checked was {checked}, and here is {repository.head}.")
        return
    for target in CHECKS:
        if subprocess.run(["make", target], cwd=repository.root, check=False).returncode:
            raise ReleaseError(f"make {target} failed.")


def _set_version(pyproject: Path, version: str) -> None:
    text, num_changed = re.subn(
        r'^version = "[^"]*"$',
        f'version = "{version}"',
        pyproject.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    if num_changed != 1:
        raise ReleaseError("pyproject.toml must state the version in one line, once.")
    pyproject.write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Repository:
    """The git repository that a release is made from."""

    root: Path

    def git(self, *arguments: str) -> str:
        return self.git_bytes(*arguments).decode().strip()

    def git_bytes(self, *arguments: str) -> bytes:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise ReleaseError(f"git {' '.join(arguments)}: {said}")
        return done.stdout

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def refuse_unless_clean_main(self) -> None:
        branch = self.git("branch", "--show-current")
        if branch != "main":
            raise ReleaseError(f"Releases are made from main, not from {branch or 'no branch'}.")
        if changed := self.git("status", "--porcelain"):
            raise ReleaseError(f"The work tree is not clean:\n{changed}")

    def has_tag(self, tag: str) -> bool:
        return bool(self.git("tag", "--list", tag))

    def commit(self, subject: str, *paths: str) -> None:
        self.git("commit", "--quiet", "--message", subject, "--", *paths)


def parse_version(text: str) -> Version:
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ReleaseError(f"{text!r} is no version: three numbers, as in 0.1.0.")
    return int(match[1]), int(match[2]), int(match[3])


def released_versions(changelog: str) -> list[str]:
    """In the order of the file. Raises ``ReleaseError`` where a heading is none of ours."""
    headings = re.findall(r"^## .*\n?", changelog, re.MULTILINE)
    if not headings or headings[0] != _UNRELEASED:
        raise ReleaseError("CHANGELOG.md: the first section must be '## Unreleased'.")
    versions = []
    for heading in headings[1:]:
        match = _SECTION.fullmatch(heading.strip())
        if match is None:
            raise ReleaseError(f"CHANGELOG.md: {heading.strip()!r} is not '## 0.1.0 – 2026-01-31'.")
        versions.append(match[1])
    return versions


def release_unreleased(changelog: str, version: str, day: date) -> str:
    """With what is unreleased under the heading of ``version``, and an empty section above it.

    Raises ``ReleaseError``: there is nothing to release, or ``version`` is not above the others.
    """
    released = released_versions(changelog)
    newest = max(map(parse_version, released), default=(-1, 0, 0))
    if parse_version(version) <= newest:
        above = ".".join(map(str, newest))
        raise ReleaseError(f"{version} is not above {above}, which CHANGELOG.md has already.")
    head, _, rest = changelog.partition(_UNRELEASED)
    if not re.search(r"^- ", rest.partition("\n## ")[0], re.MULTILINE):
        raise ReleaseError("CHANGELOG.md: nothing is listed under 'Unreleased'.")
    return f"{head}{_UNRELEASED}\n## {version} – {day.isoformat()}\n{rest}"


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
