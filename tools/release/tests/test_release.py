"""`make release` in a repository of its own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from accounts.tests import needs
from gts.tests.processes import ROOT
from tools.release.lock_check import parse_pins
from tools.release.making import Repository, build_files

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(shutil.which("git") is None, reason=needs.GIT),
]

# Writes down what it was asked for, and fails when it is told to.
MAKEFILE = "check test test-processes:\n\t@echo $@ >> ../asked\n\t@test ! -e ../fails-$@\n"


@dataclass(frozen=True)
class Checkout:
    root: Path

    @classmethod
    def make(cls, root: Path) -> Self:
        """On main, with our pyproject.toml and lock file, and checks that cost nothing."""
        root.mkdir()
        for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE", ".gitignore"):
            shutil.copy(ROOT / name, root)
        (root / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Something.\n")
        (root / "Makefile").write_text(MAKEFILE)
        made = cls(root)
        made.git("init", "--quiet", "--initial-branch", "main")
        made.git("config", "user.name", "Releaser")
        made.git("config", "user.email", "releaser@example.com")
        made.git("add", ".")
        made.git("commit", "--quiet", "--message", "All of it")
        return made

    @property
    def dist(self) -> Path:
        return self.root / "dist"

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        # Nothing of a make or a git hook that may run these tests.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "MAKE"))}
        env = {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command, cwd=self.root, env=env, capture_output=True, text=True, check=False
        )

    def git(self, *arguments: str) -> str:
        done = self.run(["git", *arguments])
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def release(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, "-m", "tools.release", *arguments])

    def version_at(self, commit: str) -> str:
        text = self.git("show", f"{commit}:pyproject.toml")
        return str(tomllib.loads(text)["project"]["version"])

    @property
    def asked(self) -> list[str]:
        path = self.root.parent / "asked"
        return path.read_text().split() if path.exists() else []

    @property
    def state(self) -> tuple[str, ...]:
        """What a refused release leaves as it was."""
        return (
            self.git("rev-parse", "HEAD"),
            self.git("for-each-ref"),
            self.git("status", "--porcelain", "--ignored"),
            (self.root / "CHANGELOG.md").read_text(),
            (self.root / "pyproject.toml").read_text(),
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.make(tmp_path / "checkout")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """In which 0.1.0 was released. Only to be looked at."""
    checkout = Checkout.make(tmp_path_factory.mktemp("released") / "checkout")
    done = checkout.release("0.1.0")
    assert done.returncode == 0, done.stderr
    assert "git push --atomic origin main v0.1.0" in done.stdout
    return checkout


@pytest.fixture
def later(released: Checkout, tmp_path: Path) -> Checkout:
    """A copy of ``released``."""
    return Checkout(shutil.copytree(released.root, tmp_path / "later"))


def test_a_release_is_a_commit_and_a_tag(released: Checkout) -> None:
    assert released.asked == ["check", "test", "test-processes"]
    assert released.git("log", "--format=%s").splitlines() == [
        "Begin 0.2.0.dev0",
        "Release 0.1.0",
        "All of it",
    ]
    assert released.git("cat-file", "-t", "v0.1.0") == "tag"  # annotated
    assert released.git("rev-parse", "v0.1.0^{commit}") == released.git("rev-parse", "HEAD~1")
    assert (released.version_at("v0.1.0"), released.version_at("main")) == ("0.1.0", "0.2.0.dev0")
    assert released.git("diff", "--name-only", "HEAD~2", "v0.1.0").split() == [
        "CHANGELOG.md",
        "pyproject.toml",
    ]
    changelog = re.escape("# Changelog\n\n## Unreleased\n\n## 0.1.0 – DAY\n\n- Something.")
    pattern = changelog.replace("DAY", r"\d{4}-\d\d-\d\d")
    assert re.fullmatch(pattern, released.git("show", "v0.1.0:CHANGELOG.md"))
    assert released.git("status", "--porcelain") == ""


def test_the_archive_is_what_is_tagged(released: Checkout, tmp_path: Path) -> None:
    archive = released.dist / "gts-0.1.0.tar.gz"
    (tmp_path / "unpacked").mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path / "unpacked"], check=True)
    [folder] = (tmp_path / "unpacked").iterdir()
    assert folder.name == "gts-0.1.0"
    tagged = released.git("ls-tree", "--name-only", "v0.1.0").split()
    assert {path.name for path in folder.iterdir()} == set(tagged)
    pyproject = (folder / "pyproject.toml").read_text()
    assert pyproject.strip() == released.git("show", "v0.1.0:pyproject.toml")


def test_the_bill_of_materials_lists_every_pin(released: Checkout) -> None:
    text = (released.dist / "gts-0.1.0.cdx.json").read_text()
    bill = json.loads(text)
    product = bill["metadata"]["component"]
    assert (bill["bomFormat"], product["name"], product["version"]) == ("CycloneDX", "gts", "0.1.0")
    assert product["licenses"][0]["license"]["id"] == "GPL-3.0-or-later"
    listed = {(part["name"], part["version"]) for part in bill["components"]}
    assert listed == set(parse_pins((ROOT / "requirements.txt").read_text()))
    assert str(released.root.parent) not in text


def test_the_checksums_are_those_of_the_files(released: Checkout) -> None:
    names = ["gts-0.1.0.tar.gz", "gts-0.1.0.cdx.json"]
    assert {path.name for path in released.dist.iterdir()} == {*names, "SHA256SUMS"}
    sha256 = {n: hashlib.sha256((released.dist / n).read_bytes()).hexdigest() for n in names}
    sums = (released.dist / "SHA256SUMS").read_text()
    assert sums == "".join(f"{sha256[name]}  {name}\n" for name in names)


def test_the_same_tag_gives_the_same_bytes(released: Checkout, later: Checkout) -> None:
    later.git("config", "tar.umask", "0077")
    later.git("config", "core.autocrlf", "true")
    build_files(Repository(later.root), "0.1.0")
    sums = [(checkout.dist / "SHA256SUMS").read_bytes() for checkout in (released, later)]
    assert sums[0] == sums[1]


def test_the_next_release_follows(later: Checkout) -> None:
    """With checks that are not run again for the commit that passed them."""
    assert "nothing is listed under 'Unreleased'" in later.release("0.1.1").stderr
    changelog = later.root / "CHANGELOG.md"
    changelog.write_text(
        changelog.read_text().replace("## Unreleased\n", "## Unreleased\n\n- A repair.\n")
    )
    later.git("commit", "--quiet", "--all", "--message", "Repair it")
    done = later.release("0.1.1", "--checked", later.git("rev-parse", "HEAD"))
    assert done.returncode == 0, done.stderr
    assert later.asked == []
    assert (later.version_at("v0.1.1"), later.version_at("main")) == ("0.1.1", "0.2.0.dev0")
    assert later.git("tag", "--list").split() == ["v0.1.0", "v0.1.1"]
    assert {path.name for path in later.dist.iterdir()} == {
        "gts-0.1.1.tar.gz",
        "gts-0.1.1.cdx.json",
        "SHA256SUMS",
    }


# Refused -----------------------------------------------------------------------------------------


def refused(checkout: Checkout, message: str, *arguments: str) -> None:
    before = checkout.state
    done = checkout.release(*(arguments or ("0.1.0",)))
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr.partition("No release: ")[2]
    assert checkout.state == before


@pytest.mark.parametrize("name", ["CHANGELOG.md", "new.txt"])
def test_a_work_tree_that_is_not_clean(checkout: Checkout, name: str) -> None:
    with (checkout.root / name).open("a") as file:
        file.write("- Half done.\n")
    refused(checkout, name)
    assert checkout.asked == []


def test_another_branch_and_none(checkout: Checkout) -> None:
    checkout.git("checkout", "--quiet", "-b", "work")
    refused(checkout, "not from work")
    checkout.git("checkout", "--quiet", "--detach")
    refused(checkout, "not from no branch")


def test_a_tag_that_is_there(checkout: Checkout) -> None:
    checkout.git("tag", "v0.1.0")
    refused(checkout, "There is a tag v0.1.0 already.")


def test_a_version_that_is_none(checkout: Checkout) -> None:
    refused(checkout, "'0.1' is no version", "0.1")
    assert checkout.asked == []


def test_checks_of_another_commit(checkout: Checkout) -> None:
    head = checkout.git("rev-parse", "HEAD")
    refused(checkout, f"and here is {head}", "0.1.0", "--checked", "0" * 40)


@pytest.mark.parametrize("target", ["check", "test", "test-processes"])
def test_checks_that_fail(checkout: Checkout, target: str) -> None:
    (checkout.root.parent / f"fails-{target}").touch()
    refused(checkout, f"make {target} failed.")
    assert checkout.asked[-1] == target


def test_what_fails_half_way_is_taken_back(checkout: Checkout) -> None:
    """After commit and tag: the bill of materials cannot be made without the lock file."""
    checkout.git("rm", "--quiet", "requirements.txt")
    checkout.git("commit", "--quiet", "--message", "Lose the lock file")
    refused(checkout, "requirements.txt")
