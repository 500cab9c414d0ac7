"""Fresh roots of Debian's packages: made once, kept, and never written to but in layers above."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tools.image_check.errors import CheckError
from tools.image_check.images import SUITE, FakeServer

_MAX_AGE_S: Final = 30 * 24 * 3600
_CA_BUNDLE: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
# Where packages come from. What is compiled is the image's own affair: uncompiled, each of its
# processes would compile all of it again.
_CARRIED: Final = re.compile(r"PIP_(?!NO_COMPILE)\w+|(https?|no|all)_proxy", re.IGNORECASE)


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
