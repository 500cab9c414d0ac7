"""``make audit``: has anything that requirements.txt pins a known hole?

pip-audit asks PyPI's advisories. Where they are out of reach it cannot, and this says so; where
they can be asked, not having asked is a failure on CI. ``GTS_AUDIT`` decides otherwise:
``required`` fails whenever there is no answer (before a release), ``skip`` asks nothing, ``auto``
is the default.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

# A release that PyPI has always had, and whose advisories it will never be without.
ADVISORIES_URL: Final = "https://pypi.org/pypi/Django/5.2/json"
# What an index that is not PyPI, or a proxy before it, says of advisories.
_NOT_PYPI: Final = frozenset({401, 403, 404, 405, 407, 410, 451})
_TIMEOUT_S: Final = 10.0
_PIP_AUDIT: Final = (
    *(sys.executable, "-m", "pip_audit", "--strict", "--progress-spinner", "off"),
    *("--disable-pip", "--require-hashes", "-r", "requirements.txt"),
)


class Reach(StrEnum):
    """What is known of the advisories before pip-audit asks for all that is pinned."""

    THERE = "there"
    BROKEN = "broken"  # it is PyPI that answers, and not with advisories: an outage
    AWAY = "away"  # no connection, or an index that has packages and no advisories


@dataclass(frozen=True, slots=True)
class Found:
    reach: Reach
    reason: str = ""


class Decision(StrEnum):
    ASK = "ask"
    SKIP = "skip"
    FAIL = "fail"


def main() -> None:
    mode = os.environ.get("GTS_AUDIT", "").strip().lower() or "auto"
    if mode not in ("required", "skip", "auto"):
        sys.exit(f"GTS_AUDIT must be required, skip or auto, not {mode!r}.")
    found = Found(Reach.AWAY, "GTS_AUDIT=skip") if mode == "skip" else look(ADVISORIES_URL)
    decision = decide(mode, found.reach, is_ci=is_ci(os.environ))
    if decision is Decision.ASK:
        sys.exit(subprocess.run(_PIP_AUDIT, check=False).returncode)
    if decision is Decision.FAIL:
        sys.exit(f"pip-audit: FAILED, nothing was audited: {found.reason}.")
    print(f"pip-audit: SKIPPED, nothing was audited: {found.reason}.", flush=True)


def decide(mode: str, reach: Reach, *, is_ci: bool) -> Decision:
    if mode == "skip":
        return Decision.SKIP
    if reach is Reach.THERE:
        return Decision.ASK
    is_needed = mode == "required" or (is_ci and reach is Reach.BROKEN)
    return Decision.FAIL if is_needed else Decision.SKIP


def is_ci(environment: Mapping[str, str]) -> bool:
    """As the usual services say it."""
    return environment.get("CI", "").strip().lower() not in ("", "0", "false", "no")


def look(url: str) -> Found:
    """One question, whose answer is known where there is one."""
    try:
        with urlopen(
            Request(url, headers={"Accept": "application/json"}), timeout=_TIMEOUT_S
        ) as it:
            answer = json.load(it)
    except HTTPError as error:
        reach = Reach.AWAY if error.code in _NOT_PYPI else Reach.BROKEN
        return Found(reach, f"{url} answers {error.code}")
    except (URLError, OSError) as error:
        why = getattr(error, "reason", error)
        return Found(Reach.AWAY, f"{url} does not answer ({why})")
    except ValueError:
        return Found(Reach.BROKEN, f"{url} answers something that is not JSON")
    if not isinstance(answer, dict) or "vulnerabilities" not in answer:
        return Found(Reach.BROKEN, f"{url} answers without advisories")
    return Found(Reach.THERE)


if __name__ == "__main__":
    main()
