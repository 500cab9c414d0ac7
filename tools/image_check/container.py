"""A root with what an image says of it, and programs that run in it as in a container."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from tools.image_check.errors import CheckError

_NAMED: Final = 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"'


@dataclass(frozen=True)
class Image:
    """Folders, the topmost first, and what a Dockerfile says beside.

    ``key``: of all that was done to make it, in this order.
    """

    layers: tuple[Path, ...] = field(repr=False)
    environment: dict[str, str]
    key: str = ""
    workdir: str = "/"
    user: str = "root"
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()

    def changed(self, **changes: Any) -> Image:
        return replace(self, **changes)


@dataclass(frozen=True)
class User:
    uid: int
    gid: int
    home: str


def find_user(root: Path, name: str) -> User:
    """By name or number, from the root's own list."""
    for line in (root / "etc/passwd").read_text().splitlines():
        login, _, uid, gid, _, home, _ = line.split(":")
        if name in (login, uid):
            return User(int(uid), int(gid), home)
    raise CheckError(f"the image has no user {name}")


class Container:
    def __init__(self, name: str, root: Path, image: Image) -> None:
        self.name = name
        self.root = root
        self.image = image

    def start(self, command: Sequence[str], output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """The process itself, under its own host name: a signal to it reaches the program."""
        user = find_user(self.root, self.image.user)
        inside = ["env", "-C", self.image.workdir, *command]
        outside = ["chroot", f"--userspec={user.uid}:{user.gid}", str(self.root), *inside]
        return subprocess.Popen(
            [_program("unshare"), "--uts", "sh", "-c", _NAMED, self.name, *outside],
            env={"HOME": user.home, **self.image.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def run(self, command: Sequence[str], timeout_s: float) -> tuple[int, str]:
        """Its status and what it said. What takes longer is killed, and has no success."""
        process = self.start(command, subprocess.PIPE)
        try:
            said, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
            said += f"\n(killed after {timeout_s:g} s)".encode()
        return process.returncode, said.decode(errors="replace")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CheckError(f"{name} is not installed")
    return found
