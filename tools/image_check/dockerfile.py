"""A Dockerfile as stages of instructions. What is not known here is refused, never skipped."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import Final

from tools.image_check.errors import CheckError

KNOWN: Final = [
    "FROM",
    "ARG",
    "ENV",
    "WORKDIR",
    "COPY",
    "RUN",
    "USER",
    "EXPOSE",
    "CMD",
    "ENTRYPOINT",
]


@dataclass(frozen=True)
class Instruction:
    name: str
    text: str
    line: int

    @property
    def words(self) -> list[str]:
        """As a list in JSON, or split as a shell does."""
        if self.text.startswith("["):
            words: list[str] = json.loads(self.text)
            return words
        return shlex.split(self.text)

    @property
    def command(self) -> list[str]:
        """Of RUN, CMD and ENTRYPOINT."""
        return self.words if self.text.startswith("[") else ["/bin/sh", "-c", self.text]


@dataclass
class Stage:
    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)


def parse(text: str) -> list[Stage]:
    stages: list[Stage] = []
    for instruction in _instructions(text):
        if instruction.name == "FROM":
            base, *rest = instruction.words
            name = rest[1] if len(rest) == 2 and rest[0].upper() == "AS" else ""
            stages.append(Stage(name, base))
        elif stages:
            stages[-1].instructions.append(instruction)
        else:
            raise CheckError(f"Dockerfile:{instruction.line}: nothing may stand before FROM")
    return stages


def find(stages: list[Stage], target: str | None) -> Stage:
    """The stage of that name; without one the last, as ``docker build`` does it."""
    for stage in stages:
        if stage.name == target:
            return stage
    if target is not None:
        raise CheckError(f"the Dockerfile has no stage {target}")
    return stages[-1]


def _instructions(text: str) -> list[Instruction]:
    found = []
    pending, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        first = first or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        name, _, rest = (pending + line).strip().partition(" ")
        if name.upper() not in KNOWN or re.search(r"<<\w", rest):
            raise CheckError(f"Dockerfile:{first}: the check cannot perform {name} {rest[:40]}")
        found.append(Instruction(name.upper(), rest.strip(), first))
        pending, first = "", 0
    return found
