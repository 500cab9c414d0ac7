"""The steps of `make release`. If one fails, the repository is left as it was."""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path
from typing import Final

from tools.release.changelog import parse_version, release_unreleased
from tools.release.errors import ReleaseError
from tools.release.files import build_files, remove_files
from tools.release.repository import Repository

CHECKS: Final = ("check", "test", "test-processes")  # targets of the Makefile


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
