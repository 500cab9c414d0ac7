"""How `make image-check` reads Dockerfiles, compose files and `.env.example`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.image_check import documents
from tools.image_check.__main__ import main
from tools.image_check.build import Context
from tools.image_check.documents import substitute
from tools.image_check.report import CheckError
from tools.image_check.root import HostAccess, stand_in
from tools.image_check.visitor import fill_in

ROOT = Path(__file__).resolve().parents[3]

# Dockerfile ---------------------------------------------------------------------------------------


def test_stages_and_their_instructions() -> None:
    text = (
        "# a comment\nFROM python:3.11 AS base\nRUN one \\\n    && two\n\nfrom base\n"
        'CMD ["python", "x y"]\n'
    )
    base, last = documents.parse_dockerfile(text)
    assert (base.name, base.base, last.name, last.base) == ("base", "python:3.11", "", "base")
    [run] = base.instructions
    assert (run.name, run.line) == ("RUN", 3)
    assert run.command[:2] == ["/bin/sh", "-c"]
    assert run.text.split() == ["one", "&&", "two"]
    assert last.instructions[0].command == ["python", "x y"]
    assert documents.find_stage([base, last], None) is last
    assert documents.find_stage([base, last], "base") is base
    with pytest.raises(CheckError, match="no stage dev"):
        documents.find_stage([base, last], "dev")


@pytest.mark.parametrize("line", ["ADD x y", "VOLUME /data", "RUN <<EOF", "HEALTHCHECK NONE"])
def test_what_it_cannot_perform_is_refused(line: str) -> None:
    with pytest.raises(CheckError, match="cannot perform"):
        documents.parse_dockerfile(f"FROM python:3.11\n{line}\n")


def test_ours_can_be_performed() -> None:
    stages = documents.parse_dockerfile((ROOT / "Dockerfile").read_text())
    assert stand_in(stages[0].base).packages[0] == "python3"


def test_only_what_is_of_the_same_version_stands_in() -> None:
    assert stand_in("postgres:15.15-bookworm").version == "15"
    for image in ("postgres:150.1", "postgres:16.1", "mysql:8", "postgres"):
        with pytest.raises(CheckError, match="stands in"):
            stand_in(image)


def test_what_is_ignored_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text(
        "# no\n.git\nvar\n.env\n.env.*\n!.env.example\n**/__pycache__\n**/.*_cache\n*.log\n"
    )
    names = [
        ".env", ".env.local", ".env.example", "var/x", "app/var/x", "app/__pycache__/x.pyc",
        "__pycache__/y.pyc", ".ruff_cache/z", "app/.x_cache/z", "a.log", "app/a.log", ".gitignore",
    ]  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    copied = {name for _, name in Context(tmp_path).files(".")}
    expected = {".dockerignore", ".env.example", ".gitignore", "app/var/x", "app/a.log"}
    assert copied == expected
    assert [name for _, name in Context(tmp_path).files("a.log")] == ["a.log"]
    with pytest.raises(CheckError, match="no such file"):
        list(Context(tmp_path).files("missing"))


# Compose ------------------------------------------------------------------------------------------


def test_variables_have_defaults_and_demands() -> None:
    known = {"A": "1", "EMPTY": ""}
    assert substitute("$A-${A}-$$A-${B:-b}-${EMPTY:-e}-${EMPTY-e}", known) == "1-1-$A-b-e-"
    with pytest.raises(CheckError, match="B is required: set it"):
        substitute("${B:?set it}", known)
    with pytest.raises(CheckError, match="EMPTY is required"):
        substitute("${EMPTY:?set it}", known)
    assert substitute("${EMPTY?set it}", known) == ""


COMPOSE = """
services:
  web:
    build: .
    image: ours
    env_file: .env
    environment: {URL: "x:${SECRET:?set it}@y", NAME: compose}
    depends_on: {db: {condition: service_healthy}}
    command: serve --port 80
    volumes: ["data:/data", "./file:/etc/file:ro"]
    stop_grace_period: 1m30s
  db:
    image: postgres:15
    healthcheck: {test: [CMD-SHELL, "ask me"], interval: 5s, start_period: 1m, retries: 2}
  extra:
    image: caddy:2
    profiles: [https]
    depends_on: {web: {condition: service_started}}
  once:
    image: ours
    build: {context: ., target: dev}
    restart: "no"
"""


def test_a_service_is_what_its_file_says() -> None:
    services = documents.parse_compose(COMPOSE, "SECRET=s\nNAME=file\nOTHER='a # b'\n")
    web, db = services["web"], services["db"]
    assert web.environment == {"SECRET": "s", "NAME": "compose", "OTHER": "a # b", "URL": "x:s@y"}
    assert web.command == ["serve", "--port", "80"]
    assert web.volumes == [("data", "/data"), ("./file", "/etc/file")]
    assert (web.is_built, web.target, web.stop_grace_s) == (True, None, 90)
    assert db.environment == {}
    assert db.healthcheck is not None
    assert db.healthcheck.command == ["/bin/sh", "-c", "ask me"]
    assert db.healthcheck.patience_s == 70
    assert (services["once"].target, services["once"].is_one_shot) == ("dev", True)


def test_services_start_after_what_they_need() -> None:
    services = documents.parse_compose(COMPOSE, "SECRET=s")
    assert [service.name for service in documents.in_order(services, set())] == [
        "db",
        "web",
        "once",
    ]
    names = [service.name for service in documents.in_order(services, {"https"})]
    assert names == ["db", "web", "extra", "once"]


def test_what_is_required_and_missing_is_said() -> None:
    with pytest.raises(CheckError, match="SECRET is required: set it"):
        documents.parse_compose(COMPOSE, "SECRET=\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("services: {a: {image: x, privileged: true}}", "privileged"),
        ("services: {a: {image: x, env_file: other}}", "env_file"),
        ("services: {a: {image: x, healthcheck: {test: [NONE]}}}", "NONE"),
        ("services: {a: {image: x, stop_grace_period: soon}}", "not a duration"),
    ],
)
def test_what_it_cannot_perform_of_a_service_is_refused(text: str, expected: str) -> None:
    with pytest.raises(CheckError, match=expected):
        documents.parse_compose(text, "")


def test_a_circle_of_services_is_refused() -> None:
    one = "{image: x, depends_on: {b: {condition: service_started}}}"
    two = "{image: x, depends_on: {a: {condition: service_started}}}"
    services = documents.parse_compose(f"services: {{a: {one}, b: {two}}}", "")
    with pytest.raises(CheckError, match="depend on each other"):
        documents.in_order(services, set())


# .env.example -------------------------------------------------------------------------------------


def test_only_what_is_marked_is_filled_in() -> None:
    text = (
        "# *Required.* Long.\nGTS_SECRET_KEY=\n\nGTS_TOKEN_KEYS=\n\n"
        "# *Required without docker compose*.\nDATABASE_URL=\n"
    )
    lines = fill_in(text).splitlines()
    assert len(lines[1]) > len("GTS_SECRET_KEY=") + 50
    assert lines[3] == "GTS_TOKEN_KEYS="
    assert lines[6] == "DATABASE_URL="
    with pytest.raises(CheckError, match="asks for GTS_UNKNOWN"):
        fill_in("# *Required.*\nGTS_UNKNOWN=\n")


def test_ours_leaves_nothing_open() -> None:
    env_file = fill_in((ROOT / ".env.example").read_text())
    services = documents.parse_compose((ROOT / "docker-compose.yml").read_text(), env_file)
    assert services["web"].environment["GTS_ALLOWED_HOSTS"] == "gts.localhost"
    assert services["web"].environment["DATABASE_URL"].startswith("postgresql://gts:")


# Where it cannot be done --------------------------------------------------------------------------


def test_a_machine_without_its_programs_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["image-check"])
    assert main() == 1
    assert "apt-get install mmdebstrap" in capsys.readouterr().err


def test_who_is_not_root_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("sys.argv", ["image-check"])
    assert main() == 1
    assert "sudo make image-check" in capsys.readouterr().err


def test_a_build_is_told_where_packages_are_and_not_how_to_install_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example/simple")
    monkeypatch.setenv("PIP_NO_COMPILE", "1")
    environment = HostAccess(tmp_path).environment
    assert environment["PIP_INDEX_URL"] == "https://packages.example/simple"
    assert "PIP_NO_COMPILE" not in environment
