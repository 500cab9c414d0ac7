"""Roots of Debian's packages, and programs that run in them as in containers of an image.

- Debian's packages of the same major version stand in for images of others.
- Fresh roots of them are made once, kept, and never written to but in layers above.
- ``Image`` is a root with what a Dockerfile says of it, ``Container`` runs programs in it.
- All of that has a network of its own, in which only this machine is: ports that are in use
  elsewhere are free.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from tools.image_check.report import CheckError

SUITE: Final = "bookworm"
_SERVERS: Final = ("postgresql", "redis-server", "caddy", "wget")  # in one root
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Of roots and layers that are kept.
_MAX_AGE_S: Final = 30 * 24 * 3600
_CA_BUNDLE: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
# Where packages come from. What is compiled is the image's own affair: uncompiled, each of its
# processes would compile all of it again.
_CARRIED: Final = re.compile(r"PIP_(?!NO_COMPILE)\w+|(https?|no|all)_proxy", re.IGNORECASE)
# Starts the program of a container under a host name, which stands before its command.
_NAMED: Final = 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"'
# Of Linux, for a network.
_CLONE_NEWNET: Final = 0x40000000
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1


def leave_the_network() -> None:
    """Into one of its own: this process and those that it starts from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))


@dataclass(frozen=True)
class FakeServer:
    """``setup`` runs once in the fresh root; ``script`` is a program that its command may call."""

    version: str
    packages: tuple[str, ...]
    setup: str = "true"
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    user: str = "root"
    command: tuple[str, ...] = ()
    script: Path | None = None


POSTGRES_SCRIPT: Final = Path(__file__).with_name("postgres_entrypoint.sh")

# The beginning of an image's name and version, and what stands in for it.
STAND_INS: Final = {
    # As in the image, `python` and `pip` are alone in /usr/local: nothing of Debian's is imported.
    "python": FakeServer(
        version="3.11",
        packages=("python3", "python3-venv", "ca-certificates"),
        setup="python3 -m venv /usr/local",
        command=("python3",),
    ),
    "postgres": FakeServer(
        version="15",
        packages=_SERVERS,
        environment={
            "PATH": f"/usr/lib/postgresql/15/bin:{_PATH}",
            "PGDATA": "/var/lib/postgresql/data",
        },
        command=("sh", f"/{POSTGRES_SCRIPT.name}"),
        script=POSTGRES_SCRIPT,
    ),
    "redis": FakeServer(version="7", packages=_SERVERS, user="redis"),
    "caddy": FakeServer(
        version="2",
        packages=_SERVERS,
        environment={"PATH": _PATH, "XDG_CONFIG_HOME": "/config", "XDG_DATA_HOME": "/data"},
        command=("caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"),
    ),
}


def stand_in(image: str) -> FakeServer:
    name, _, tag = image.partition(":")
    found = STAND_INS.get(name)
    if found is None or not (tag + ".").startswith(f"{found.version}."):
        known = ", ".join(f"{name}:{found.version}" for name, found in STAND_INS.items())
        raise CheckError(f"nothing of Debian's stands in for {image}; there is {known}")
    return found


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gts-image-check"


def fresh_root(stand_in: FakeServer) -> Path:
    """The root with these packages; a month old at most."""
    key = hashlib.sha256(repr((SUITE, stand_in.packages, stand_in.setup)).encode()).hexdigest()[:16]
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    root, unfinished = folder / key, folder / "unfinished"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for old in set(folder.iterdir()) - {folder / "lock"}:
            if time.time() - old.stat().st_mtime > _MAX_AGE_S:
                shutil.rmtree(old)
        if unfinished.exists():
            shutil.rmtree(unfinished)
        if not root.exists():
            _bootstrap(unfinished, stand_in)
            os.utime(unfinished)
            unfinished.rename(root)
    return root


def keep(layer: Path, key: str) -> Path:
    """A layer that the next run need not make again, as engines keep them."""
    kept = cache_folder() / key
    unfinished = kept.with_name(f"{key}.{os.getpid()}.{secrets.token_hex(4)}")
    subprocess.run(["cp", "--archive", str(layer), str(unfinished)], check=True)
    os.utime(unfinished)
    unfinished.rename(kept)
    shutil.rmtree(layer)
    return kept


def _bootstrap(root: Path, stand_in: FakeServer) -> None:
    command = [
        "mmdebstrap",
        "--variant=minbase",
        "--dpkgopt=force-unsafe-io",  # what a power cut spoils is made again
        f"--include={','.join(stand_in.packages)}",
        *(f"--aptopt={option}" for option in _apt_options()),
        f"--customize-hook=chroot \"$1\" sh -c '{stand_in.setup}'",
        SUITE,
        str(root),
        *_apt_sources(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CheckError(f"mmdebstrap could not make a root with {stand_in.packages}", done.stderr)
    for name in ("etc/resolv.conf", "etc/hosts", "etc/pip.conf"):
        (root / name).unlink(missing_ok=True)
        (root / name).touch()
    (root / str(_CA_BUNDLE).lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    (root / str(_CA_BUNDLE).lstrip("/")).touch()


def _apt_options() -> list[str]:
    """How this machine reaches Debian's mirrors: proxies and the like."""
    ours = "Acquire::(https?|ftp|Check|Retries)"
    lines = subprocess.run(
        ["apt-config", "dump", "--no-empty"], capture_output=True, text=True, check=False
    ).stdout.splitlines()
    return [line for line in lines if re.match(ours, line)]


def _apt_sources() -> list[str]:
    """This machine's, where it is of the same Debian; otherwise Debian's own."""
    release = Path("/etc/os-release").read_text()
    if f"VERSION_CODENAME={SUITE}" not in release:
        return []
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    ours = [file for file in files if file.suffix in (".list", ".sources") and file.exists()]
    return [str(file) for file in ours if f" {SUITE}" in file.read_text()]


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def mount_layers(lowers: Sequence[Path], upper: Path, place: Path) -> None:
    """``place`` shows ``lowers``, the topmost first, and is written to in ``upper``."""
    work = upper.with_name(f"{upper.name}.work")
    for folder in (upper, work, place):
        folder.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={':'.join(map(str, lowers))},upperdir={upper},workdir={work}"
    mount("-t", "overlay", "overlay", "-o", options, place)
    mount("-t", "proc", "proc", place / "proc")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", place / "dev")
    for device in _DEVICES:
        (place / "dev" / device).touch()
        mount("--bind", f"/dev/{device}", place / "dev" / device)
    (place / "dev" / "shm").mkdir(mode=0o1777)
    (place / "dev" / "shm").chmod(0o1777)
    (place / "dev" / "fd").symlink_to("/proc/self/fd")


def unmount(place: Path) -> None:
    subprocess.run(["umount", "--recursive", str(place)], check=True)


def _paths_in(settings: str) -> set[Path]:
    """What pip is told to read here; of an index (``file://``) also what lies beside it."""
    found = re.findall(r"(file://)?(/[^\s'\"\\]+)", settings)
    paths = {Path(path).parent if is_index else Path(path) for is_index, path in found}
    return {path for path in paths if path.exists() and path not in (_CA_BUNDLE, Path("/"))}


class HostAccess:
    """What a step of a build needs of this machine: names, certificates, how pip finds packages."""

    def __init__(self, folder: Path) -> None:
        self._pip_conf = folder / "pip.conf"
        settings = subprocess.run(
            ["python3", "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
        ).stdout
        pairs = re.findall(r"^global\.([\w-]+)='(.*)'$", settings, re.MULTILINE)
        lines = [f"{name} = {value}".replace("\\n", "\n    ") for name, value in pairs]
        self._pip_conf.write_text("\n".join(["[global]", *lines, ""]))
        self.environment = {
            name: value for name, value in os.environ.items() if _CARRIED.fullmatch(name)
        }
        named = " ".join([settings, *self.environment.values()])
        self._named = sorted(_paths_in(named))
        self._bundle = Path(os.environ.get("SSL_CERT_FILE") or _CA_BUNDLE)
        if self._bundle.exists():
            self.environment |= {"PIP_CERT": str(_CA_BUNDLE), "SSL_CERT_FILE": str(_CA_BUNDLE)}

    def lend_to(self, root: Path) -> None:
        files = {
            Path("/etc/resolv.conf"): Path("/etc/resolv.conf"),
            self._pip_conf: Path("/etc/pip.conf"),
        }
        if self._bundle.exists():
            files[self._bundle] = _CA_BUNDLE
        files |= {path: path for path in self._named}
        for source, target in files.items():
            inside = root / str(target).lstrip("/")
            if source.is_dir():
                inside.mkdir(parents=True, exist_ok=True)
            else:
                inside.parent.mkdir(parents=True, exist_ok=True)
                inside.touch()
            mount("--bind", "-o", "ro", source.resolve(), inside)


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
