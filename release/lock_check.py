"""``make lock-check``: do the lock files install wherever GTS is said to run?

Each is resolved by uv as pip would install it there: environment markers, tags of wheels and what
packages require of each other are those of the other Python and platform. Only metadata is
downloaded, nothing is installed. Whether what is inside the wheels works, running it tells.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# Each with what it was made from: only that names extras (celery[redis]), which require more.
LOCK_FILES: Final = {
    "requirements.txt": "requirements.in",
    "requirements-dev.txt": "requirements-dev.in",
}


@dataclass(frozen=True, slots=True)
class Platform:
    """``uv_name``: as uv calls it. ``variables``: the environment it takes the rest from."""

    name: str
    uv_name: str
    variables: Mapping[str, str]


PLATFORMS: Final = (
    Platform("Linux x86-64", "x86_64-manylinux_2_28", {}),
    Platform("Linux aarch64", "aarch64-manylinux_2_28", {}),
    Platform("macOS 14 arm64", "aarch64-apple-darwin", {"MACOSX_DEPLOYMENT_TARGET": "14.0"}),
)

# A pin and its hashes: {("numpy", "2.4.6"): {"0a1b…", …}}. A package may have one per Python.
Pins = Mapping[tuple[str, str], frozenset[str]]


def main() -> None:
    pythons = supported_pythons(Path("pyproject.toml").read_text(encoding="utf-8"))
    has_failed = False
    for lock_file in LOCK_FILES:
        pins = parse_pins(Path(lock_file).read_text(encoding="utf-8"))
        for python in pythons:
            for platform in PLATFORMS:
                found = _resolve(lock_file, python, platform)
                if isinstance(found, str):
                    wrong, summary = [found], "does not install"
                else:
                    wrong = list(mismatches(pins, found))
                    summary = f"{len(found)} packages, {_size_mb(found):.0f} MB"
                print(f"{lock_file:20}  Python {python}  {platform.name:14}  {summary}", flush=True)
                for line in wrong:
                    print(f"    {line}", flush=True)
                has_failed |= bool(wrong)
    if has_failed:
        sys.exit("The lock files do not install everywhere.")


def supported_pythons(pyproject: str) -> list[str]:
    """ "3.11", … of the classifiers."""
    classifiers = tomllib.loads(pyproject)["project"]["classifiers"]
    matches = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", c) for c in classifiers)
    return [match[1] for match in matches if match]


def parse_pins(lock: str) -> Pins:
    pins: dict[tuple[str, str], frozenset[str]] = {}
    for requirement in re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE):
        if match := re.match(r"([a-z0-9.-]+)(?:\[[^]]*\])?==([^\s;]+)", requirement):
            hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", requirement)
            pins[match[1], match[2]] = frozenset(hashes)
    return pins


def mismatches(pins: Pins, packages: list[dict[str, Any]]) -> Iterator[str]:
    """What pip would refuse of ``packages``, those of a pylock.toml."""
    for package in packages:
        name, version = package["name"], package["version"]
        hashes = {wheel["hashes"]["sha256"] for wheel in package.get("wheels", ())}
        if (name, version) not in pins:
            yield f"{name} {version} is needed and not pinned"
        elif not hashes & pins[name, version]:
            yield f"{name} {version} has no wheel whose hash is pinned"


def _resolve(lock_file: str, python: str, platform: Platform) -> list[dict[str, Any]] | str:
    """The packages that would be installed, or why none can be."""
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", lock_file, LOCK_FILES[lock_file]),
        *("--format", "pylock.toml"),
        *("--python-platform", platform.uv_name, "--python-version", python),
        *("--only-binary", ":all:", "--no-python-downloads", "--no-header", "--quiet"),
    ]
    env = {**os.environ, **platform.variables}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip()
    packages: list[dict[str, Any]] = tomllib.loads(done.stdout)["packages"]
    return packages


def _size_mb(packages: list[dict[str, Any]]) -> float:
    """Of the downloads: where several wheels fit, the smallest."""
    sizes: list[int] = [min(wheel["size"] for wheel in p["wheels"]) for p in packages]
    return sum(sizes) / 1e6


if __name__ == "__main__":
    main()
