"""`docker-compose.yml` and `Dockerfile`, read as far as one can without a container engine."""

from __future__ import annotations

import os
import re
import shlex
from typing import Any, get_args

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from gts.tests.processes import ROOT
from jobs.registry import Queue

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "web", "worker-short", "worker-render", "beat")
OTHERS = ("postgres", "redis", "caddy")
LONG_LIVED = sorted({*OURS, *OTHERS} - {"migrate"})

# What the Compose specification knows, as far as it is used here.
SERVICE_KEYS = {
    "build", "command", "depends_on", "env_file", "environment", "healthcheck", "image", "init",
    "ports", "profiles", "restart", "stop_grace_period", "volumes",
}  # fmt: skip
HEALTHCHECK_KEYS = {"test", "interval", "timeout", "retries", "start_period"}
DURATION = re.compile(r"(\d+)(s|m)")


def seconds(duration: str) -> int:
    found = DURATION.fullmatch(duration)
    assert found is not None, duration
    return int(found[1]) * {"s": 1, "m": 60}[found[2]]


def words(service: str) -> list[str]:
    return shlex.split(SERVICES[service]["command"])


def server_words(service: str) -> list[str]:
    """What runs on, after what a shell does first."""
    command = words(service)
    if command[:2] == ["sh", "-c"]:
        command = shlex.split(command[2].rpartition("&& exec ")[2])
    return command


def options(command: list[str]) -> dict[str, str]:
    """Each ``--option`` of a command with what follows it."""
    pairs = zip(command, [*command[1:], "--"], strict=True)
    return {
        word: "" if following.startswith("-") else following
        for word, following in pairs
        if word.startswith("-")
    }


def recipe(target: str) -> list[str]:
    """The last command of a Makefile target, with its variables at their defaults."""
    pattern = rf"^{target}:.*\n(?:\t.*\n)*\t(.*)$"
    found = re.search(pattern, (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found is not None
    text = re.sub(r"\$\$\{\w+:-([^}]*)\}", r"\1", found[1])
    text = text.replace("$(BIN)/", "").replace("$(PORT)", "8000")
    return shlex.split(text)


# Structure ----------------------------------------------------------------------------------------


def test_it_has_everything_and_nothing_unknown() -> None:
    assert set(SERVICES) == {*OURS, *OTHERS, "tests"}
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"services", "volumes"}
    for service in SERVICES.values():
        assert set(service) <= SERVICE_KEYS
        assert set(service.get("healthcheck", {})) <= HEALTHCHECK_KEYS


@pytest.mark.parametrize("name", OURS)
def test_ours_are_one_image_from_this_folder(name: str) -> None:
    service = SERVICES[name]
    assert (service["build"], service["image"], service["env_file"]) == (".", "gts", ".env")
    assert "data:/data" in service["volumes"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_volumes_are_declared(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        is_file = source.startswith("./")
        assert (ROOT / source).is_file() if is_file else source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", LONG_LIVED)
def test_what_lives_long_is_watched_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert seconds(check["timeout"]) <= seconds(check["interval"])
    assert check["retries"] >= 3


@pytest.mark.parametrize("name", OTHERS)
def test_images_of_others_have_an_exact_version(name: str) -> None:
    assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+", SERVICES[name]["image"])


def test_only_the_proxy_is_reached_from_elsewhere() -> None:
    """Who speaks to web directly could say of himself that he came by https, and from where."""
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {
        "web": ["127.0.0.1:8000:8000"],
        "caddy": ["80:80", "443:443", "443:443/udp"],
    }
    assert SERVICES["caddy"]["profiles"] == ["https"]


def test_the_database_is_asked_as_it_is_used() -> None:
    """While it makes its first database, a passing server answers on the socket."""
    [kind, line] = SERVICES["postgres"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    assert options(shlex.split(line))["-h"] == "127.0.0.1"


def test_migrations_wait_for_the_database_and_run_once() -> None:
    shell, flag, line = words("migrate")
    assert (shell, flag) == ("sh", "-c")
    steps = [shlex.split(step)[2] for step in line.split("&&")]
    assert steps == ["wait_for_database", "migrate", "collectstatic"]


def test_migrations_have_no_health() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    assert "healthcheck" not in SERVICES["migrate"]


@pytest.mark.parametrize("name", OURS)
def test_everything_waits_for_what_it_needs(name: str) -> None:
    needs = SERVICES[name]["depends_on"]
    for other, how in needs.items():
        condition = how["condition"]
        if condition == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert condition == "service_completed_successfully"
            assert SERVICES[other]["restart"] == "no"
    assert "postgres" in needs
    if name != "migrate":
        assert {"migrate", "redis"} <= set(needs)


@pytest.mark.parametrize("name", ["worker-short", "worker-render", "web"])
def test_no_one_is_killed_while_handing_back(name: str) -> None:
    grace_s = seconds(SERVICES[name]["stop_grace_period"])
    assert grace_s > settings.GTS_STOP_GRACE_S
    if name == "web":
        assert grace_s > int(options(server_words("web"))["--timeout-graceful-shutdown"])


# Settings -----------------------------------------------------------------------------------------


def test_every_variable_is_documented() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = set(re.findall(r"\$\{(\w+)", text)) | set(re.findall(r"environ\['(\w+)'\]", text))
    for name in OURS:
        used |= set(SERVICES[name]["environment"])
    example = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used - example == set()


def test_data_stay_in_the_volume_whatever_stands_in_the_file() -> None:
    for name in OURS:
        assert SERVICES[name]["environment"]["GTS_DATA_DIR"] == "/data"
    assert "ln -s /data var" in (ROOT / "Dockerfile").read_text()


def test_web_and_workers_use_the_same_database_and_redis() -> None:
    assert len({str(SERVICES[name]["environment"]) for name in OURS}) == 1
    environment = SERVICES["web"]["environment"]
    assert "@postgres:5432/gts" in environment["DATABASE_URL"]
    assert environment["REDIS_URL"] == "redis://redis:6379/0"
    assert SERVICES["postgres"]["environment"]["POSTGRES_USER"] == "gts"
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == "gts"


# Commands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "target"),
    [("web", "web"), ("worker-short", "worker"), ("worker-render", "worker"), ("beat", "beat")],
)
def test_it_runs_what_make_runs(service: str, target: str) -> None:
    ours, makes = server_words(service), recipe(target)
    where = {"--host", "--port", "--queues"}  # what differs on purpose
    assert {name: value for name, value in options(ours).items() if name not in where} == {
        name: value for name, value in options(makes).items() if name not in where
    }
    assert set(options(ours)) == set(options(makes))
    assert ours[0] == makes[0]


def test_web_is_checked_before_the_supervisor_starts() -> None:
    """Which would start processes that refuse to start for ever."""
    first = "python manage.py check_start"
    assert words("web")[2].startswith(f"{first} && exec python -m uvicorn ")
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^web: .*\n\t@\$\(BIN\)/{first}\n\t.* uvicorn ", makefile, re.MULTILINE)


def test_every_queue_has_a_worker() -> None:
    served = [options(words(name))["--queues"] for name in ("worker-short", "worker-render")]
    assert sorted(served) == sorted(get_args(Queue))


def test_every_management_command_exists() -> None:
    text = (ROOT / "docker-compose.yml").read_text() + (ROOT / "Dockerfile").read_text()
    named = set(re.findall(r"manage\.py[\", ]+(\w+)", text))
    assert named == {
        "wait_for_database", "migrate", "collectstatic", "check_start", "up", "backup",
    }  # fmt: skip
    assert named <= set(get_commands())


def test_ours_are_checked_without_starting_python() -> None:
    checks = {name: SERVICES[name]["healthcheck"]["test"] for name in OURS if name != "migrate"}
    assert checks == {
        "web": ["CMD", "check_health", "web"],
        "worker-short": ["CMD", "check_health", "worker"],
        "worker-render": ["CMD", "check_health", "worker"],
        "beat": ["CMD", "check_health", "beat"],
    }
    assert "PATH=/app/bin:$PATH" in (ROOT / "Dockerfile").read_text()
    assert os.access(ROOT / "bin/check_health", os.X_OK)
    # Each container has a /dev/shm of its own, in memory.
    assert {SERVICES[name]["environment"]["GTS_ALIVE_FILE"] for name in OURS} == {
        "/dev/shm/gts-alive"
    }


def test_files_that_commands_name_are_in_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert not {"bin", "gts", "manage.py", "static", "templates"} & set(ignored)
    assert (ROOT / options(server_words("web"))["--log-config"]).exists()


# The image ----------------------------------------------------------------------------------------


def stages() -> dict[str, list[str]]:
    """The lines of each stage; the last one, which has no name, is what `docker build` makes."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("FROM "):
            name = line.partition(" AS ")[2]
            found[name] = []
        if found:
            found[name].append(line)
    return found


def test_the_image_is_built_from_the_pinned_requirements() -> None:
    assert list(stages()) == ["base", "dev", ""]
    assert re.fullmatch(r"FROM python:3\.11\.\d+-slim-bookworm AS base", stages()["base"][0])
    assert stages()["dev"][0] == "FROM base AS dev"
    assert stages()[""][0] == "FROM base"
    for stage, file in (("base", "requirements.txt"), ("dev", "requirements-dev.txt")):
        assert f"COPY {file} ." in stages()[stage]
        install = next(line for line in stages()[stage] if "pip install" in line)
        assert install.endswith(f"--require-hashes -r {file}")


@pytest.mark.parametrize("stage", ["dev", ""])
def test_the_image_is_not_root(stage: str) -> None:
    lines = stages()[stage]
    assert [line for line in lines if line.startswith("USER ")] == ["USER 1000"]
    assert any("useradd --create-home --uid 1000 gts" in line for line in stages()["base"])
    assert lines.index("USER 1000") > max(
        number for number, line in enumerate(lines) if line.startswith("COPY ")
    )


def test_tests_run_in_a_stage_of_their_own() -> None:
    tests = SERVICES["tests"]
    assert tests["build"] == {"context": ".", "target": "dev"}
    assert tests["image"] != SERVICES["web"]["image"]
    assert tests["profiles"] == ["tests"]
    assert "env_file" not in tests
