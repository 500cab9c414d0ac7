"""Wherever GTS says which version it is, it is the one of pyproject.toml."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from gts.ops.backups import backup_make
from gts.tests.processes import ROOT, environment
from jobs.pipeline.environment import describe_environment

VERSION = r"(\d+\.\d+\.\d+(?:\.dev0)?)"


def found(pattern: str, text: str) -> str:
    match = re.search(pattern.replace("VERSION", VERSION), text)
    assert match is not None, text
    return match[1]


def gts(*arguments: str, data_dir: Path, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The command, asked from elsewhere. Without a .venv it takes the Python of these tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [root / "bin" / "gts", *arguments],
        cwd=data_dir,
        env={**environment(data_dir), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def page(client: Client, address: str) -> str:
    return client.get(address, headers={"Accept": "text/html"}).content.decode()


def doctor() -> str:
    out = StringIO()
    with contextlib.suppress(CommandError):  # what else it finds here is for its own tests
        call_command("doctor", stdout=out, no_color=True)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_every_surface_shows_the_version_of_pyproject(tmp_path: Path, client: Client) -> None:
    document = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    backup = backup_make(tmp_path).folder / "backup.json"
    shown = {
        "gts --version": found(r"^GTS VERSION\n$", gts("--version", data_dir=tmp_path).stdout),
        "/health/live": client.get("/health/live").json()["version"],
        "footer": found("Shootout VERSION. Free", page(client, "/")),
        "footer of an error page": found("Shootout VERSION. Free", page(client, "/nothing/")),
        "manifest": describe_environment()["gts"],
        "OpenAPI document": json.loads(document.content)["info"]["version"],
        "doctor": found(r"✓ GTS VERSION, ", doctor()),
        "backup": json.loads(backup.read_text())["gts"],
        "Tone 3000 client": found("^GTS/VERSION ", settings.GTS_USER_AGENT),
    }
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert shown == dict.fromkeys(shown, stated)


# bin/gts ------------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with bin/gts and a manage.py that says who runs it, and with what."""
    root = tmp_path / "a checkout"
    (root / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "bin" / "gts", root / "bin")
    (root / "manage.py").write_text("import sys; print(sys.prefix, sys.argv[1:])")
    return root


def test_the_command_passes_on_its_arguments_from_anywhere(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gts").symlink_to(checkout / "bin" / "gts")
    for root in (checkout, tmp_path):
        said = gts("up", "--port", "a b", data_dir=tmp_path, root=root).stdout
        assert said == f"{sys.prefix} ['up', '--port', 'a b']\n"


def test_the_command_prefers_the_virtual_environment_of_its_checkout(
    checkout: Path, tmp_path: Path
) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "its own: $*"\n')
    python.chmod(0o755)
    said = gts("doctor", data_dir=tmp_path, root=checkout).stdout
    assert said == f"its own: {checkout}/manage.py doctor\n"


def test_the_command_says_what_to_do_where_nothing_is_installed(
    checkout: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "python3").write_text("#!/bin/sh\nexit 1\n")  # as one that has no Django
    (bare / "python3").chmod(0o755)
    done = subprocess.run(
        [checkout / "bin" / "gts", "up"],
        env={"PATH": f"{bare}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"GTS is not installed yet. Run: make -C {checkout} setup\n"
