"""The git repository that a release is made from."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from release.errors import ReleaseError


@dataclass(frozen=True, slots=True)
class Repository:
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
