"""``make image-check``: builds the image and runs every service, without a container engine."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tools.image_check import documents
from tools.image_check.build import Builder, Context
from tools.image_check.documents import Service
from tools.image_check.report import CheckError, step
from tools.image_check.root import leave_the_network, mount
from tools.image_check.services import Project
from tools.image_check.visitor import Visitor, check_https, fill_in

ROOT: Final = Path(__file__).resolve().parents[2]
_NEEDED: Final = ("mmdebstrap", "unshare", "setpriv", "chroot", "mount", "env")
_EMBEDDED_TIMEOUT_S: Final = 90
# Quick, and of several kinds: the image's own files, the database, sound.
_TESTS: Final = (
    "-q",
    "gts/tests/test_compose.py",
    "accounts/tone3000/tests/test_tokens.py",
    "jobs/pipeline/tests/test_blas.py",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="image-check", description=__doc__)
    parser.add_argument("--env-example", type=Path, default=ROOT / ".env.example")
    parser.add_argument("--compose", type=Path, default=ROOT / "docker-compose.yml")
    parser.add_argument("--dockerfile", type=Path, default=ROOT / "Dockerfile")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is None:
        return _outside(sys.argv[1:])
    signal.signal(signal.SIGTERM, _leave)
    try:
        _check(options)
    except CheckError as error:
        print(f"{error.log}\n\nimage-check: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _leave(*_: Any) -> None:
    sys.exit(143)


def _outside(arguments: list[str]) -> int:
    """Everything happens in namespaces: with them go all mounts and processes, however it ends."""
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        print(
            f"image-check: {', '.join(missing)} missing: apt-get install mmdebstrap util-linux",
            file=sys.stderr,
        )
        return 1
    if os.geteuid() != 0:
        print(
            "image-check: makes roots and namespaces, so it must be root: sudo make image-check",
            file=sys.stderr,
        )
        return 1
    folder = Path(tempfile.mkdtemp(prefix="gts-image-check-"))
    start_s = time.monotonic()
    inside = [sys.executable, "-m", "tools.image_check", *arguments, "--inside", str(folder)]
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    # Ends with this process, even when that is killed.
    child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *namespaces, *inside], cwd=ROOT)
    signal.signal(signal.SIGTERM, _leave)
    try:
        status = child.wait()
    except KeyboardInterrupt:
        status = child.wait()  # it was interrupted too
    finally:
        child.kill()
        child.wait()
        folder.rmdir()  # what was mounted there is gone with the namespace
    outcome = "passed" if status == 0 else "FAILED"
    print(f"image-check {outcome} after {time.monotonic() - start_s:.0f} s")
    return status


def _check(options: argparse.Namespace) -> None:
    folder: Path = options.inside
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    example = options.env_example.read_text()
    env_file = fill_in(example)
    services = documents.parse_compose(options.compose.read_text(), env_file)
    stages = documents.parse_dockerfile(options.dockerfile.read_text())
    builder = Builder(stages, Context(ROOT), folder)
    project = Project(builder, services, ROOT, folder)  # with images of all of them
    leave_the_network()
    _check_image_alone(project, services["web"], documents.env_file_values(example))
    project.up(documents.in_order(services, {"https"}))
    authority = folder / "volumes/caddy/caddy/pki/authorities/local/root.crt"
    check_https(Visitor(project.addresses["caddy"], authority))
    project.down()
    _check_tests(project, services["tests"])


def _check_image_alone(project: Project, web: Service, example: dict[str, str]) -> None:
    """``docker run --env-file .env.example gts``: the embedded mode, with nothing filled in."""
    alone = replace(web, name="alone", environment=example, volumes=[], command=None)
    with step(
        f"the image alone, with .env.example as it is: {' '.join(project.command_of(alone))}"
    ):
        running = project.start(alone)
        deadline_s = time.monotonic() + _EMBEDDED_TIMEOUT_S
        while not _answers("http://127.0.0.1:8000/health/ready"):
            if running.process.poll() is not None or time.monotonic() > deadline_s:
                raise CheckError("the image alone does not serve", running.said())
            time.sleep(0.5)
        running.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _check_tests(project: Project, tests: Service) -> None:
    command = [*project.command_of(tests), *_TESTS]
    with step(f"docker compose run tests: {' '.join(command)}"):
        running = project.start(replace(tests, command=command))
        if running.process.wait() != 0:
            raise CheckError("tests fail in the container", running.said())


if __name__ == "__main__":
    sys.exit(main())
