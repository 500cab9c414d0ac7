"""Dockerfile and docker-compose.yml as data. What is not known here is refused, never skipped.

A Dockerfile becomes stages of instructions, a compose file services by name; ``$NAME`` and
``${NAME}`` are filled in, with defaults and demands, as both have them.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from dotenv import dotenv_values

from tools.image_check.report import CheckError

KNOWN_INSTRUCTIONS: Final = [
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
KNOWN_KEYS: Final = {
    "build", "command", "depends_on", "env_file", "environment", "healthcheck", "image", "init",
    "ports", "profiles", "restart", "stop_grace_period", "user", "volumes",
}  # fmt: skip
_DURATION: Final = re.compile(r"(?:(\d+)m)?(?:(\d+)s)?")
_DEFAULT_STOP_GRACE_S: Final = 10.0
_REFERENCE: Final = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<name>\w+)|\{(?P<braced>\w+)(?:(?P<how>:?[-?])(?P<other>[^}]*))?\})"
)


def substitute(text: str, variables: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        name, how = found["name"] or found["braced"], found["how"] or ""
        known = variables.get(name)
        if known or (known is not None and not how.startswith(":")):
            return known
        if how.endswith("?"):
            raise CheckError(f"{name} is required: {found['other']}")
        return found["other"] if how else ""

    return _REFERENCE.sub(value, text)


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


def parse_dockerfile(text: str) -> list[Stage]:
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


def find_stage(stages: list[Stage], target: str | None) -> Stage:
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
        if name.upper() not in KNOWN_INSTRUCTIONS or re.search(r"<<\w", rest):
            raise CheckError(f"Dockerfile:{first}: the check cannot perform {name} {rest[:40]}")
        found.append(Instruction(name.upper(), rest.strip(), first))
        pending, first = "", 0
    return found


@dataclass(frozen=True)
class HealthCheck:
    command: list[str]
    interval_s: float
    timeout_s: float
    start_period_s: float
    retries: int

    @property
    def patience_s(self) -> float:
        """An engine calls a service unhealthy after this."""
        return self.start_period_s + self.retries * self.interval_s


@dataclass(frozen=True)
class Service:
    name: str
    image: str
    is_built: bool
    target: str | None
    command: list[str] | None
    user: str | None
    environment: dict[str, str]
    volumes: list[tuple[str, str]]
    depends_on: dict[str, str]
    healthcheck: HealthCheck | None
    profiles: list[str]
    stop_grace_s: float
    is_one_shot: bool = field(default=False)


def env_file_values(text: str) -> dict[str, str]:
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value or "" for name, value in values.items()}


def parse_compose(text: str, env_file: str) -> dict[str, Service]:
    """Services by name, with what stands in ``env_file`` (``.env``) filled in."""
    variables = env_file_values(env_file)
    raw = yaml.safe_load(text)["services"]
    return {name: _service(name, values, variables) for name, values in raw.items()}


def in_order(services: Mapping[str, Service], profiles: set[str]) -> list[Service]:
    """Those without a profile or with one of these, each after what it depends on."""
    chosen = {
        name: service
        for name, service in services.items()
        if not service.profiles or profiles & set(service.profiles)
    }
    order: list[Service] = []

    def add(service: Service, above: tuple[str, ...]) -> None:
        if service.name in above:
            raise CheckError(f"services depend on each other: {' → '.join(above)}")
        for name in service.depends_on:
            if name not in chosen:
                raise CheckError(f"{service.name} depends on {name}, which is not started")
            add(chosen[name], (*above, service.name))
        if service not in order:
            order.append(service)

    for service in chosen.values():
        add(service, ())
    return order


def seconds(duration: str) -> float:
    found = _DURATION.fullmatch(duration)
    if found is None or not duration:
        raise CheckError(f"not a duration: {duration}")
    return int(found[1] or 0) * 60.0 + int(found[2] or 0)


def _service(name: str, raw: dict[str, Any], variables: Mapping[str, str]) -> Service:
    unknown = sorted(set(raw) - KNOWN_KEYS)
    if unknown:
        raise CheckError(f"the check cannot perform {', '.join(unknown)} of the service {name}")
    build = raw.get("build")
    depends_on = raw.get("depends_on", {})
    environment = {
        key: substitute(str(value), variables) for key, value in raw.get("environment", {}).items()
    }
    if raw.get("env_file") == ".env":
        environment = {**variables, **environment}
    elif "env_file" in raw:
        raise CheckError(f"the service {name} has another env_file than .env")
    return Service(
        name=name,
        image=raw["image"],
        is_built=build is not None,
        target=build.get("target") if isinstance(build, dict) else None,
        command=_command(raw.get("command"), variables),
        user=raw.get("user"),
        environment=environment,
        volumes=[_volume(volume) for volume in raw.get("volumes", [])],
        depends_on={other: how["condition"] for other, how in depends_on.items()},
        healthcheck=_healthcheck(raw.get("healthcheck"), variables),
        profiles=raw.get("profiles", []),
        stop_grace_s=seconds(raw["stop_grace_period"])
        if "stop_grace_period" in raw
        else _DEFAULT_STOP_GRACE_S,
        is_one_shot=raw.get("restart") == "no",
    )


def _command(raw: str | list[str] | None, variables: Mapping[str, str]) -> list[str] | None:
    if raw is None:
        return None
    words = shlex.split(raw) if isinstance(raw, str) else raw
    return [substitute(word, variables) for word in words]


def _volume(raw: str) -> tuple[str, str]:
    source, target, *_ = raw.split(":")
    return source, target


def _healthcheck(raw: dict[str, Any] | None, variables: Mapping[str, str]) -> HealthCheck | None:
    if raw is None:
        return None
    kind, *words = [substitute(word, variables) for word in raw["test"]]
    if kind not in ("CMD", "CMD-SHELL"):
        raise CheckError(f"the check cannot perform the health check {kind}")
    return HealthCheck(
        command=words if kind == "CMD" else ["/bin/sh", "-c", *words],
        interval_s=seconds(raw.get("interval", "30s")),
        timeout_s=seconds(raw.get("timeout", "30s")),
        start_period_s=seconds(raw.get("start_period", "0s")),
        retries=raw.get("retries", 3),
    )
