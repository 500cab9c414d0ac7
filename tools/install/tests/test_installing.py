"""`make setup` from nothing, and from what was left half done.

In a folder with the Makefile and one small package of its own, so that each takes seconds.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gts.tests.processes import ROOT, heed_ctrl_c, wait_until
from tools.install.tests.clone import NETWORK_AWAY, Clone

pytestmark = pytest.mark.processes


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


def test_anyone_who_waited_installs_what_the_other_did_not(clone: Clone) -> None:
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
    assert f"Environment     made again in .venv, Python {now} instead of 3.99.1\n" in asked.stdout
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
