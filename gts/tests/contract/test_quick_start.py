"""The quick start of docs/api.md, block by block, as a reader would run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gts.tests.faults.people import Person
from gts.tests.private_servers import needs_servers
from gts.tests.site import Site
from shootouts.tests.factories import linear_nam_bytes, plucked, wav_bytes

pytestmark = [*needs_servers, pytest.mark.timeout(300)]

DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"


def block(language: str) -> str:
    """The one in that language."""
    section = DOCUMENT.read_text().partition("## Quick start")[2].partition("\n## ")[0]
    [found] = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader has the files that the examples name."""
    (tmp_path / "riff.wav").write_bytes(wav_bytes(plucked(196.0, 2.0)))
    (tmp_path / "riff-in-c.wav").write_bytes(wav_bytes(plucked(261.6, 2.0)))
    (tmp_path / "amp.nam").write_bytes(linear_nam_bytes((0.4, 0.2)))
    (tmp_path / "cab.wav").write_bytes(wav_bytes(plucked(220.0, 0.02)))
    return tmp_path


def run(site: Site, alice: Person, folder: Path, *command: str) -> str:
    env = {**os.environ, "GTS_URL": site.url, "GTS_TOKEN": alice.token}
    done = subprocess.run(
        command, env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_commands(site: Site, alice: Person, folder: Path) -> None:
    said = run(site, alice, folder, "bash", "-euo", "pipefail", "-c", block("bash"))
    assert '"name":"gain"' in said
    assert "x-request-id: " in said.lower()  # this server counts no requests
    assert "location: /api/v1/jobs/" in said.lower()


def test_the_program(site: Site, alice: Person, folder: Path) -> None:
    said = run(site, alice, folder, sys.executable, "-c", block("python"))
    assert f"{site.url}/shootouts/" in said
    assert (folder / "montage.flac").read_bytes().startswith(b"fLaC")
