"""`make setup` from nothing, from what was left half done, and where it cannot work.

In a folder with the Makefile and one small package of its own, so that each takes seconds.
"""

from __future__ import annotations

import base64
import errno
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from gts.tests.processes import ROOT, free_port, heed_ctrl_c, wait_until

pytestmark = pytest.mark.processes

NETWORK_AWAY = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}


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
    for name in ("install.sh", "install.py"):
        shutil.copy(ROOT / "tools" / name, folder / "tools")
    (folder / "gts").mkdir()
    shutil.copy(ROOT / "gts" / "listening.py", folder / "gts")


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which GTS is installed already."""
    folder = tmp_path_factory.mktemp("install")
    (folder / "wheels").mkdir()
    (folder / "clone").mkdir()
    shutil.copy(ROOT / "Makefile", folder / "clone")
    copy_installer(folder / "clone")
    (folder / "clone" / "requirements.txt").write_text(wheel(folder / "wheels"))
    made = Clone(folder / "clone").make("setup")
    assert made.returncode == 0, made.stderr
    said = made.stdout.splitlines()
    assert said[0] == "Environment …"
    assert said[1].startswith("Environment     made in .venv, Python 3.")
    assert said[2] == "Packages …"
    assert said[3].startswith("Packages        1 installed in ")
    assert len(said) == 4
    assert made.stderr == ""
    return folder


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Nothing installed yet."""
    (tmp_path / "wheels").mkdir()
    folder = tmp_path / "clone"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    copy_installer(folder)
    (folder / "requirements.txt").write_text(wheel(tmp_path / "wheels"))
    return Clone(folder)


def test_what_is_whole_is_left_alone(pattern: Path) -> None:
    clone = Clone(pattern / "clone")
    assert clone.has_probe()
    mark = clone.folder / ".venv" / "installed"
    before = mark.stat().st_mtime_ns
    again = clone.make("setup", **NETWORK_AWAY)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert mark.stat().st_mtime_ns == before
    # Its own Python is new enough, whatever is the system's.
    assert clone.make("setup", "PYTHON=/nowhere/python3").returncode == 0


def test_new_requirements_are_added(pattern: Path, clone: Clone) -> None:
    shutil.copytree(pattern / "clone" / ".venv", clone.folder / ".venv", symlinks=True)
    mark = clone.folder / ".venv" / "installed"
    mark.write_text(mark.read_text().replace(str(pattern / "clone"), str(clone.folder)))
    with (clone.folder / "requirements.txt").open("a") as file:
        file.write("# changed\n")
    made = clone.make("setup")
    assert (made.returncode, made.stderr) == (0, "")
    assert "made in .venv" not in made.stdout
    assert clone.has_probe()


def test_a_folder_that_was_moved_gets_a_new_environment(pattern: Path, clone: Clone) -> None:
    """Scripts name the folder they were made for: those of the old place would be run, or none."""
    shutil.copytree(pattern / "clone" / ".venv", clone.folder / ".venv", symlinks=True)
    made = clone.make("setup")
    assert (made.returncode, made.stderr) == (0, "")
    assert "made in .venv" in made.stdout
    assert str(pattern) not in (clone.folder / ".venv" / "bin" / "pip").read_text()
    assert clone.has_probe()


@pytest.mark.parametrize("left", ["python gone", "half made", "a file"])
def test_what_is_left_of_an_environment_is_replaced(clone: Clone, left: str) -> None:
    venv = clone.folder / ".venv"
    if left == "a file":
        venv.write_text("")
    else:
        (venv / "bin").mkdir(parents=True)
        (venv / "installed").write_text("")
        target = "/nowhere/python3" if left == "python gone" else sys.executable
        (venv / "bin" / "python").symlink_to(target)
    made = clone.make("setup")
    assert (made.returncode, made.stderr) == (0, "")
    assert clone.has_probe()


def test_two_at_once_wait_for_each_other(clone: Clone) -> None:
    """The second removed the .venv into which the first was installing."""
    first = subprocess.Popen(
        ["make", f"PYTHON={sys.executable}", "setup"],
        cwd=clone.folder,
        env=clone.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until((clone.folder / ".venv").exists, "it has begun")
    second = clone.make("setup")
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 0, said
    assert second.stdout == "Another make is installing here; waiting for it.\n"
    assert (second.returncode, second.stderr) == (0, "")
    assert clone.has_probe()


def test_whoever_waited_installs_what_the_other_did_not(clone: Clone) -> None:
    with (clone.folder / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = subprocess.Popen(
            ["make", f"PYTHON={sys.executable}", "setup"],
            cwd=clone.folder,
            env=clone.env(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert waiting.stdout is not None
        assert waiting.stdout.readline().startswith("Another make is installing here")
        assert not (clone.folder / ".venv").exists()
    said, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, said
    assert "Packages        1 installed in " in said
    assert clone.has_probe()


@pytest.mark.parametrize("ignore_file", [".gitignore", ".dockerignore"])
def test_the_lock_is_no_part_of_the_product(ignore_file: str) -> None:
    assert ".venv.lock" in (ROOT / ignore_file).read_text().split()


def test_a_python_of_another_version_that_is_asked_for_is_used(pattern: Path, clone: Clone) -> None:
    venv = clone.folder / ".venv"
    shutil.copytree(pattern / "clone" / ".venv", venv, symlinks=True)
    mark = venv / "installed"
    mark.write_text(mark.read_text().replace(str(pattern / "clone"), str(clone.folder)))
    shutil.copytree(pattern / "wheels", clone.wheels, dirs_exist_ok=True)
    shutil.copy(pattern / "clone" / "requirements.txt", clone.folder)
    # As if its Python were 3.99; it works as before in everything else.
    (venv / "bin" / "python").rename(venv / "bin" / "as-before")
    (venv / "bin" / "python").write_text(
        f'#!/bin/sh\ncase $2 in *%d.%d*) printf 3.99;; *) exec {venv}/bin/as-before "$@";; esac\n'
    )
    (venv / "bin" / "python").chmod(0o755)
    (venv / "pyvenv.cfg").write_text(
        re.sub(r"(?m)^version = .*", "version = 3.99.1", (venv / "pyvenv.cfg").read_text())
    )
    default = subprocess.run(
        ["make", "setup"],
        cwd=clone.folder,
        env=clone.env(PYTHON=sys.executable),
        capture_output=True,
        text=True,
    )
    assert (default.returncode, default.stdout, default.stderr) == (0, "", "")
    asked = clone.make("setup")
    assert (asked.returncode, asked.stderr) == (0, "")
    now = sys.version.split()[0]
    assert f"Environment     made anew in .venv, Python {now} instead of 3.99.1\n" in asked.stdout
    assert clone.has_probe()
    assert clone.make("setup").stdout == ""


def test_ctrl_c_in_the_middle_and_again(clone: Clone) -> None:
    making = subprocess.Popen(
        ["make", f"PYTHON={sys.executable}", "setup"],
        cwd=clone.folder,
        env=clone.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_ctrl_c,
    )
    wait_until(lambda: (clone.folder / ".venv" / "unfinished").exists(), "it has begun")
    os.killpg(making.pid, signal.SIGINT)  # as a terminal does
    _, stderr = making.communicate(timeout=30)
    assert making.returncode != 0
    assert stderr.splitlines()[0].startswith("Stopped. make setup starts the installation again")
    assert "Traceback" not in stderr
    assert not clone.has_probe()
    assert clone.make("setup").returncode == 0
    assert clone.has_probe()


def advice_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence; make adds its own line."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    *said, make = done.stderr.splitlines()
    assert make.startswith("make: ***")
    return said[-1]


def test_an_old_python_is_refused_before_anything_else(clone: Clone, tmp_path: Path) -> None:
    old = tmp_path / "python3.8"
    old.write_text(
        "#!/bin/sh\ncase $2 in *sys.exit*) exit 1;; *stdout.write*) printf 3.8.18;; esac\n"
    )
    old.chmod(0o755)
    done = clone.make("run", f"PYTHON={old}")
    assert advice_of(done).startswith(f"GTS needs Python 3.11 or newer, and {old} is 3.8.18. ")
    assert "make run PYTHON=python3" in advice_of(done)
    assert not (clone.folder / ".venv").exists()


def test_no_python_at_all(clone: Clone) -> None:
    done = clone.make("setup", "PYTHON=python3.99")
    assert "there is no python3.99 here. " in advice_of(done)


def test_a_python_without_venv(clone: Clone, tmp_path: Path) -> None:
    """As Debian's is without a package of its own for that."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'ensurepip' else find(name, *a)\n"
    )
    done = clone.make("setup", PYTHONPATH=str(tmp_path))
    assert f"sudo apt install python3.{sys.version_info.minor}-venv" in advice_of(done)


def test_no_network(clone: Clone) -> None:
    (clone.wheels / "gts_probe-1.0-py3-none-any.whl").unlink()
    started_s = time.monotonic()
    done = clone.make("setup", PIP_NO_INDEX="", PIP_NO_CACHE_DIR="1", **NETWORK_AWAY)
    assert time.monotonic() - started_s < 60
    assert "is there a network" in advice_of(done)
    assert "Connection refused" in done.stderr


def test_a_package_that_is_not_what_it_should_be(clone: Clone) -> None:
    (clone.folder / "requirements.txt").write_text(f"gts-probe==1.0 --hash=sha256:{'0' * 64}\n")
    assert "not the one that GTS was tested with" in advice_of(clone.make("setup"))


def test_what_would_stop_it_later_stops_it_before_it_installs(clone: Clone) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = clone.make("run", f"PORT={port}")
    assert advice_of(done).startswith(f"Port {port} is taken by another program. Type: make run ")
    done = clone.make("run", f"PORT={free_port()}", "GTS_DATA_DIR=/etc/passwd/var")
    assert advice_of(done).startswith("/etc/passwd is not a folder")
    assert not (clone.folder / ".venv").exists()


WRONG_PORTS = [
    "abc",
    "",
    "80 81",
    "0",
    "-1",
    "65536",
    "70000",
    "9" * 5000,
    "8000;id",
    "`id`",
    "8'0",
]


@pytest.mark.parametrize("port", WRONG_PORTS)
def test_a_port_that_is_none(pattern: Path, clone: Clone, port: str) -> None:
    """Before anything is installed and afterwards; the shell runs nothing of it."""
    for place in (clone, Clone(pattern / "clone")):
        done = place.make("run", f"PORT={port}")
        assert advice_of(done) == (
            f"PORT must be a number from 1 to 65535, not “{port}”. Type: make run PORT=8000"
        )
        assert (done.stdout, len(done.stderr.splitlines())) == ("", 2)
    assert not (clone.folder / ".venv").exists()


def test_an_empty_host_is_not_every_address(pattern: Path, clone: Clone) -> None:
    for place in (clone, Clone(pattern / "clone")):
        done = place.make("run", "HOST=", f"PORT={free_port()}")
        assert advice_of(done) == "HOST is empty. Use 127.0.0.1, or 0.0.0.0 for all of them."
    assert not (clone.folder / ".venv").exists()


@pytest.mark.parametrize(
    "host",
    ["nosuch.invalid", "192.0.2.1", "::zz", "a..b", "ä..b", "127.0.0.1;id", "two words", "-x"],
)
def test_a_host_that_is_none_of_this_machine(clone: Clone, host: str) -> None:
    done = clone.make("run", f"HOST={host}", f"PORT={free_port()}")
    assert advice_of(done) == (
        f"{host} is no address of this machine. Use 127.0.0.1, or 0.0.0.0 for all of them."
    )
    assert not (clone.folder / ".venv").exists()


@pytest.fixture(scope="module")
def installer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install", ROOT / "tools" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left", "room"),
        ("WARNING: Retrying (Retry(total=0)) after connection broken by 'ReadTimeout'", "network"),
        ("ERROR: No matching distribution found for av==18.1.0", "with another Python"),
        ("Error: ensurepip is not available.", "apt install"),
        ("ERROR: something else", "The lines above say why"),
    ],
)
def test_what_pip_says_becomes_advice(installer: ModuleType, said: str, advice: str) -> None:
    error = installer.error_from(f"Collecting av\n{said}\n", "It failed.")
    assert advice in str(error)
    assert error.reason


def test_a_port_of_the_system(installer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(installer.InstallError, match="for the system's own programs"):
        installer.check_address("127.0.0.1", 80)


@pytest.mark.parametrize("indent", ["", "      "])
@pytest.mark.parametrize("before", ["ERROR: Exception:", "Collecting av"])
def test_the_end_of_a_traceback_is_kept(installer: ModuleType, before: str, indent: str) -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "pip/_internal/cli/base_command.py", line 180, in exc_logging_wrapper',
        "    status = run_func(*args)",
        "FileNotFoundError: [Errno 2] No such file or directory: 'x'",
    ]
    output = "".join(f"{line}\n" for line in [before, *(indent + line for line in lines)])
    error = installer.error_from(f"{output}note: one\nnote: two\nnote: three\n", "It failed.")
    assert error.reason.splitlines()[-1] == f"  {lines[-1]}"


def test_no_room_is_said_before_anything_is_made(
    installer: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installer, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(installer, "NEEDED_BYTES", 2**62)
    with pytest.raises(installer.InstallError, match="GTS needs 1 GB"):
        installer.check_room()


def test_a_library_that_the_system_lacks_is_named(
    installer: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Issue 11: on a minimal Debian the wheel of pedalboard finds no libatomic.so.1."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    library = "libatomic.so.1"
    said = f"ImportError: {library}: cannot open shared object file: No such file or directory"
    python.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(installer, "VENV", tmp_path / ".venv")
    with pytest.raises(installer.InstallError, match="sudo apt install libatomic1; then: make"):
        installer.check_system_libraries()
    python.write_text("#!/bin/sh\n")
    installer.check_system_libraries()
