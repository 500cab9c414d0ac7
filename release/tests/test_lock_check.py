"""What `make lock-check` makes of a lock file and an answer of uv; uv itself is not asked here."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from gts.tests.processes import ROOT
from release.lock_check import LOCK_FILES, mismatches, parse_pins, supported_pythons

A, B, C, D = (letter * 64 for letter in "abcd")

LOCK = f"""\
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}
    # via
    #   -r requirements.in
    #   scipy
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:{C}
psycopg[binary]==3.3.9 \\
    --hash=sha256:{D}
    # via -r requirements.in
"""


def picked(name: str, version: str, *hashes: str) -> dict[str, Any]:
    """As uv writes it into a pylock.toml."""
    wheels = "".join(f'{{ size = 1, hashes = {{ sha256 = "{h}" }} }},' for h in hashes)
    text = f'[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = [{wheels}]\n'
    [package] = tomllib.loads(text)["packages"]
    return dict(package)


def test_pins_are_read_with_their_hashes() -> None:
    assert parse_pins(LOCK) == {
        ("numpy", "2.4.6"): {A, B},
        ("numpy", "2.5.5"): {C},
        ("psycopg", "3.3.9"): {D},
    }


@pytest.mark.parametrize("lock_file", LOCK_FILES)
def test_every_pin_of_our_lock_files_is_read(lock_file: str) -> None:
    text = (ROOT / lock_file).read_text()
    pins = parse_pins(text)
    assert len(pins) == text.count("==") - text.count("== '") > 50
    assert sum(map(len, pins.values())) == text.count("--hash=")
    assert all(pins.values())


def test_what_is_pinned_with_its_hash_is_well() -> None:
    # Of several wheels that fit, pip takes one whose hash is pinned.
    packages = [picked("numpy", "2.4.6", B), picked("psycopg", "3.3.9", A, D)]
    assert list(mismatches(parse_pins(LOCK), packages)) == []


@pytest.mark.parametrize(
    ("package", "wrong"),
    [
        (picked("packaging", "26.4", A), "packaging 26.4 is needed and not pinned"),
        (picked("numpy", "2.5.6", C), "numpy 2.5.6 is needed and not pinned"),
        (picked("numpy", "2.5.5", A), "numpy 2.5.5 has no wheel whose hash is pinned"),
        (picked("numpy", "2.5.5"), "numpy 2.5.5 has no wheel whose hash is pinned"),
    ],
)
def test_what_pip_would_refuse_is_named(package: dict[str, Any], wrong: str) -> None:
    assert list(mismatches(parse_pins(LOCK), [package])) == [wrong]


def test_the_pythons_are_those_that_the_project_names() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    pythons = supported_pythons(pyproject)
    oldest = tomllib.loads(pyproject)["project"]["requires-python"]
    assert oldest == f">={pythons[0]}"
    assert {"3.11", "3.12", "3.13"} <= set(pythons)
