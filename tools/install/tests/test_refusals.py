"""`make setup` and `make run` where they cannot work: one sentence that says what to do."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import pytest

from gts.tests.processes import free_port
from tools.install.tests.clone import NETWORK_AWAY, Clone, advice_of

pytestmark = pytest.mark.processes


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
