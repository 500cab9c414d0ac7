"""Make .venv whole: `make` calls it, through install.sh, before whatever needs GTS installed.

    install.py MARK REQUIREMENTS [--host=HOST --port=PORT]

MARK is the file in .venv that says which requirements are in it. Nothing is done, and nothing said,
when it is right. A .venv that was cut short, moved, or has lost its Python is made anew: pip takes
half-installed packages for whole. Only the standard library here: nothing else is there yet.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

VENV = Path.cwd() / ".venv"
# There from before the first change until the last one is done.
UNFINISHED = VENV / "unfinished"
LOCK = VENV.with_name(".venv.lock")
ROOT = Path(__file__).resolve().parent.parent
NEEDED_BYTES = 1024**3
AGAIN = f"make {os.environ.get('MAKECMDGOALS') or 'run'}"
STOP_WITHIN_S = 5.0
PIP_INSTALL = (
    "install",
    "--require-hashes",
    "--no-input",
    "--no-color",
    "--progress-bar=off",
    "--disable-pip-version-check",
)


class InstallError(Exception):
    """One sentence that says what to do. ``reason``: what the failing program said."""

    def __init__(self, advice: str, reason: str = "") -> None:
        super().__init__(advice)
        self.reason = reason


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("mark", type=Path)
    parser.add_argument("requirements", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port")
    options = parser.parse_args()
    mark = wanted_mark(options.requirements)
    try:
        if options.port is not None:
            check_values(options.host, options.port)
        if is_whole() and read(options.mark) == mark:
            return 0
        # What would stop it after half a minute stops it now.
        if options.port is not None:
            check_address(options.host, int(options.port))
            check_data_folder(Path(os.environ.get("GTS_DATA_DIR") or "var"))
        with locked():
            check_room()
            if not is_whole():
                make_venv()
            UNFINISHED.touch()
            install(options.requirements)
            UNFINISHED.unlink()
            check_system_libraries()
            options.mark.write_text(mark)
    except KeyboardInterrupt:
        say(f"Stopped. {AGAIN} starts the installation again; what was fetched is kept.")
        return 130
    except InstallError as error:
        if error.reason:
            say(error.reason)
        say(str(error))
        return 1
    except OSError as error:
        say(f"{error}\nThe installation stopped. Mend that, then type: {AGAIN}")
        return 1
    return 0


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Two at once would remove each other's .venv. The second waits, and then begins anew:
    by then there is a .venv, whose Python is the one to look with."""
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is installing here; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.execvp("sh", ["sh", "tools/install.sh", *sys.argv[1:]])
        yield


# What is there ------------------------------------------------------------------------------------


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
        raise InstallError(
            f"{place} is not a folder that GTS may write to. Say where its data go: "
            "make run GTS_DATA_DIR=…"
        )


def check_room() -> None:
    free = shutil.disk_usage(VENV.parent).free
    if free < NEEDED_BYTES and not is_whole():
        raise InstallError(
            f"GTS needs 1 GB in {VENV.parent}, and there are {free / 1e6:.0f} MB. "
            f"Make room, then type: {AGAIN}"
        )


# What is done -------------------------------------------------------------------------------------


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
            progress.end(f"made anew in .venv, Python {now} instead of {before}")
        else:
            progress.end(f"made in .venv, Python {now}")


def venv_version() -> str:
    """Of the Python that .venv was made with; empty where that cannot be told."""
    found = re.search(r"^version\s*=\s*(\S+)", read(VENV / "pyvenv.cfg"), re.MULTILINE)
    return found[1] if found else ""


def install(requirements: Path) -> None:
    """pip, without its chatter: how far it is, and on failure why."""
    total = sum("==" in line for line in requirements.read_text().splitlines())
    started_s = time.monotonic()
    with Progress("Packages") as progress:
        pip = Pip(requirements, total)
        try:
            while pip.is_running():
                progress.show(pip.progress())
                time.sleep(0.1)
        finally:
            pip.stop()
        if pip.returncode != 0:
            raise error_from(pip.output(), "The packages could not be installed.")
        took_s = time.monotonic() - started_s
        progress.end(f"{pip.num_wanted} installed in {took_s:.0f} s")


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
        [str(VENV / "bin" / "python"), "-c", code], capture_output=True, text=True, check=False
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


class Pip:
    """pip as a process, and what its lines say about how far it is."""

    def __init__(self, requirements: Path, total: int) -> None:
        self.num_wanted = total
        self._num_found = 0
        self._num_before = -1  # of what lay in .venv when it began to install
        self._is_waiting = False
        self._lines: list[str] = []
        defaults = {"PIP_RETRIES": "2", "PIP_DEFAULT_TIMEOUT": "15"}
        self._process = subprocess.Popen(
            [str(VENV / "bin" / "python"), "-m", "pip", *PIP_INSTALL, "-r", str(requirements)],
            env={**defaults, **os.environ, "PIP_USER": "0", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            self._is_waiting = "WARNING: Retrying" in line
            if line.startswith("Ignoring "):  # not for this Python or system
                self.num_wanted -= 1
            elif line.startswith(("Collecting ", "Processing ", "Requirement already")):
                self._num_found += 1
            elif line.startswith("Installing collected packages"):
                self._num_before = num_installed()

    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def returncode(self) -> int:
        return self._process.wait()

    def progress(self) -> str:
        if self._is_waiting:
            return "the package index does not answer, trying again"
        if self._num_before < 0:
            return f"fetching {self._num_found}/{self.num_wanted}"
        return f"installing {num_installed() - self._num_before}/{self.num_wanted}"

    def output(self) -> str:
        self._reader.join(STOP_WITHIN_S)
        return "".join(self._lines)

    def stop(self) -> None:
        """Ctrl+C reaches it as well, and it tidies up after itself."""
        if self.is_running():
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reader.join(STOP_WITHIN_S)


def num_installed() -> int:
    return sum(1 for _ in VENV.glob("lib/python*/site-packages/*.dist-info"))


# Signs in what pip and venv say, and what to do about it.
NO_NETWORK = (
    "NewConnectionError",
    "ProxyError",
    "ConnectTimeout",
    "ReadTimeout",
    "ConnectionError",
    "Max retries",
    "name resolution",
    "Network is unreachable",
    "timed out",
)
ADVICE = (
    (
        ("No space left on device", "Disk quota exceeded", "Errno 28", "Errno 122"),
        "There is no room left on the disk, where .venv is or in the folder for temporary files "
        "(TMPDIR). GTS needs 1 GB. Make room, then type: {again}",
    ),
    (
        ("DO NOT MATCH THE HASHES",),
        "A package is not the one that GTS was tested with, so it was not installed. Try later, "
        "or from another network: {again}",
    ),
    (
        NO_NETWORK,
        "The packages could not be fetched: is there a network, and does it need a proxy "
        "(HTTPS_PROXY)? Then type: {again}",
    ),
    (
        ("ensurepip is not available", "No module named ensurepip"),
        "This Python cannot make virtual environments. On Debian or Ubuntu type: "
        "sudo apt install python3-venv; then: {again}",
    ),
    (
        ("No matching distribution found", "Could not find a version"),
        "A package was not found: either there is no network, or it is not to be had for this "
        "Python and system. Try again, or with another Python: {again} PYTHON=python3.12",
    ),
)


# Its last line says what was wrong. pip indents those of other programs.
TRACEBACK = re.compile(
    r"^([ \t]*)Traceback \(most recent call last\):\n(?:\1[ \t].*\n|\n)*\1(\S.*)", re.MULTILINE
)


def error_from(output: str, what: str) -> InstallError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "Error:", "error:"))] or lines
    ends = TRACEBACK.findall(output)
    if ends:
        end = ends[-1][1].strip()
        errors = [*(line for line in errors if line != end), end]
    for signs, advice in ADVICE:
        if any(sign in output for sign in signs):
            said = [line for line in lines if any(sign in line for sign in signs)]
            return InstallError(advice.format(again=AGAIN), _quoted(said[-1:] or errors))
    return InstallError(
        f"{what} The lines above say why. To try again, type: {AGAIN}", _quoted(errors)
    )


def _quoted(lines: list[str]) -> str:
    noise = re.compile(r"^WARNING: Retrying .*? after |<\S+ object at \w+>: ")
    return "\n".join(f"  {noise.sub('', line)[:200]}" for line in lines[-3:])


# What is said -------------------------------------------------------------------------------------


class Progress:
    """One line that is written over on a terminal; elsewhere one when it begins, one at its end."""

    def __init__(self, title: str) -> None:
        self._title = title.ljust(15)
        self._is_terminal = sys.stdout.isatty()
        self._shown = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal and self._shown:
            print("\r\033[K", end="", flush=True)

    def show(self, text: str) -> None:
        if text == self._shown or (self._shown and not self._is_terminal):
            return
        self._shown = text
        if self._is_terminal:
            print(f"\r\033[K{self._title} {text} …", end="", flush=True)
        else:
            print(f"{self._title.strip()} …", flush=True)

    def end(self, text: str) -> None:
        print("\r\033[K" * self._is_terminal + f"{self._title} {text}", flush=True)
        self._shown = ""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
