"""What would stop an installation, or the start after it, said before or instead."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

from tools.install import environment
from tools.install.messages import AGAIN, InstallError, error_from

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED_BYTES = 1024**3


def check_values(host: str, port: str) -> None:
    if not (re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise InstallError(
            f"PORT must be a number from 1 to 65535, not “{port}”. Type: make run PORT=8000"
        )
    if not host.strip():  # which would be every address
        raise InstallError("HOST is empty. Use 127.0.0.1, or 0.0.0.0 for all of them.")
    try:
        host.encode("idna")  # sockets refuse with a TypeError what has no such form
    except UnicodeError as error:
        raise InstallError(
            f"{host} is no address of this machine. Use 127.0.0.1, or 0.0.0.0 for all of them."
        ) from error


def check_address(host: str, port: int) -> None:
    """Whether the server could listen there, asked as it will ask, and said as it would say it."""
    listening = load_listening()
    try:
        listening.bind(host, port).close()
    except listening.PortError as error:
        raise InstallError(str(error)) from error


def load_listening() -> ModuleType:
    """That file alone, which needs only the standard library: what is around it needs packages."""
    spec = importlib.util.spec_from_file_location("listening", ROOT / "gts" / "listening.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_data_folder(folder: Path) -> None:
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        is_read_only = os.statvfs(place).f_flag & os.ST_RDONLY
        why = " (its file system is read-only)" if is_read_only else ""
        raise InstallError(
            f"{place} is not a folder that GTS may write to{why}. Say where its data go: "
            "make run GTS_DATA_DIR=…"
        )


def check_room() -> None:
    free = shutil.disk_usage(environment.VENV.parent).free
    if free < NEEDED_BYTES and not environment.is_whole():
        raise InstallError(
            f"GTS needs 1 GB in {environment.VENV.parent}, and there are {free / 1e6:.0f} MB. "
            f"Make room, then type: {AGAIN}"
        )


# What the wheel of pedalboard leaves to the system: a desktop has it, a minimal Debian has not.
NEEDS_SYSTEM_LIBRARIES = "pedalboard"
DEBIAN_PACKAGES = {"libatomic.so.1": "libatomic1"}


def check_system_libraries() -> None:
    code = (
        "import importlib, importlib.util\n"
        f"if importlib.util.find_spec({NEEDS_SYSTEM_LIBRARIES!r}):\n"
        f"    importlib.import_module({NEEDS_SYSTEM_LIBRARIES!r})\n"
    )
    tried = subprocess.run(
        [environment.venv_python(), "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    missing = re.search(r"(\S+): cannot open shared object file", tried.stderr)
    if missing:
        library = missing[1]
        package = DEBIAN_PACKAGES.get(library, f"the package with {library}")
        raise InstallError(
            f"GTS needs {library}, a library of the system. On Debian or Ubuntu type: "
            f"sudo apt install {package}; then: {AGAIN}"
        )
    if tried.returncode != 0:
        raise error_from(tried.stderr, f"{NEEDS_SYSTEM_LIBRARIES} does not start here.")
