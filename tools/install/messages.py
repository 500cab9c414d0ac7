"""What is said while it goes on; and what failed, as one sentence that says what to do."""

from __future__ import annotations

import os
import re
import sys

AGAIN = f"make {os.environ.get('MAKECMDGOALS') or 'run'}"


class InstallError(Exception):
    """One sentence that says what to do. ``reason``: what the failing program said."""

    def __init__(self, advice: str, reason: str = "") -> None:
        super().__init__(advice)
        self.reason = reason


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
