"""Variables: read in one place, and a wrong one is a sentence."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from gts.tests.processes import ROOT, serving
from gts.tests.variables import FILLED_IN, NAMES, run, settings_of

pytestmark = pytest.mark.processes

# Libraries read these by themselves.
READ_BY_BOTO: Final = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
# Which file to read cannot stand in that file.
NOT_IN_THE_FILE: Final = {"GTS_ENV_FILE"}

WRONG: Final = [
    ("DATABASE_URL", "mysql://gts@127.0.0.1/gts", "starts with postgresql://"),
    ("DATABASE_URL", "postgresql://gts@127.0.0.1:port/gts", "starts with postgresql://"),
    ("DATABASE_URL", "postgresql://gts:a/b@127.0.0.1/gts", "starts with postgresql://"),
    ("DATABASE_URL", "postgresql://gts:p%ss#w@rd@127.0.0.1/gts", "percent-encoded"),
    ("DATABASE_URL", "postgresql://gts:12/ab@127.0.0.1/gts", "percent-encoded"),
    ("DATABASE_URL", "postgresql://gts:12#ab@127.0.0.1/gts", "percent-encoded"),
    ("REDIS_URL", "redis://:12?ab@127.0.0.1/0", "percent-encoded"),
    ("DATABASE_URL", "postgresql://gts@127.0.0.1", "name of a database"),
    ("DATABASE_URL", "postgresql://gts@127.0.0.1/gts?ssl=1", "sslmode"),
    ("DATABASE_URL", "postgresql://gts@127.0.0.1/gts?sslmode=", "sslmode"),
    ("REDIS_URL", "127.0.0.1:6379", "starts with redis://"),
    ("REDIS_URL", "redis://[::1", "starts with redis://"),
    ("REDIS_URL", "", "Set both DATABASE_URL and REDIS_URL"),
    ("GTS_ALLOWED_HOSTS", "https://gts.example", "without https:// and port"),
    ("GTS_ALLOWED_HOSTS", "gts.example:8000", "without https:// and port"),
    ("GTS_CSRF_TRUSTED_ORIGINS", "gts.example", "such as https://gts.example"),
    ("GTS_TRUSTED_PROXIES", "one", "a whole number"),
    ("GTS_HSTS_SECONDS", "-1", "a whole number"),
    ("GTS_HSTS_SECONDS", "9" * 5000, "a whole number"),
    ("GTS_DI_MAX_BYTES", "100 MB", "a whole number"),
    ("GTS_JOB_RETRY_DELAYS_S", "30,soon", "whole numbers"),
    ("GTS_FAKE_TONE3000_PORT", "70000", "at most 65535"),
    ("GTS_SSL_REDIRECT", "on", "0 or 1"),
    ("GTS_DEBUG", "maybe", "0 or 1"),
    ("GTS_LOG_FORMAT", "xml", "one of plain, json"),
    ("GTS_LOG_LEVEL", "loud", "one of DEBUG, INFO"),
    ("GTS_STORAGE", "bucket", "must look like s3://"),
    ("GTS_STORAGE", "s3://[bucket", "must look like s3://"),
    ("GTS_MEDIA_REDIRECT", "1", "GTS_STORAGE"),
]


def test_a_wrong_value_is_one_sentence(tmp_path: Path) -> None:
    found = settings_of(tmp_path, *({**FILLED_IN, name: value} for name, value, _ in WRONG))
    for (name, value, expected), settings in zip(WRONG, found, strict=True):
        error = settings["error"]
        assert name in error
        assert expected in error, (name, value)
        assert "\n" not in error
        assert "a/b" not in error  # a password


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [found] = settings_of(tmp_path, {"GTS_DATA_DIR": str(tmp_path / "file" / "data")})
    assert "GTS_DATA_DIR must be a folder that GTS may write to" in found["error"]


@pytest.mark.parametrize(
    "words",
    [
        ["manage.py", "check"],
        ["-m", *serving("gts.asgi:application", 1)],
        ["-m", "celery", "--quiet", "-A", "gts", "worker"],
        ["-m", "celery", "--quiet", "-A", "gts", "beat"],
    ],
    ids=["manage.py", "web", "worker", "beat"],
)
def test_every_program_says_nothing_else(tmp_path: Path, words: list[str]) -> None:
    variables = {**FILLED_IN, "GTS_DATA_DIR": str(tmp_path), "GTS_LOG_LEVEL": "loud"}
    done = run(*words, **variables)
    assert done.returncode != 0
    assert done.stderr.startswith("GTS does not start: GTS_LOG_LEVEL must be one of")
    assert done.stderr.count("\n") == 1, done.stderr


def test_the_web_process_refuses_a_weak_key_without_a_traceback(tmp_path: Path) -> None:
    variables = {**FILLED_IN, "GTS_DATA_DIR": str(tmp_path), "GTS_SECRET_KEY": "short"}
    done = run("-m", *serving("gts.asgi:application", 1), **variables)
    assert done.returncode != 0
    assert "gts.E002" in done.stderr
    assert "Traceback" not in done.stderr


# One place ----------------------------------------------------------------------------------------


def product_files() -> list[Path]:
    apps = ("accounts", "gear", "gts", "jobs", "shootouts")
    return [ROOT / "manage.py", *(path for app in apps for path in _sources(ROOT / app))]


def _sources(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if "tests" not in path.parts]


def variables_read() -> set[str]:
    """The first argument of each call of ``env…``."""
    found: set[str] = set()
    for path in product_files():
        if path.name == "environment.py":
            continue  # its functions call each other
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if re.fullmatch(r"env(_\w+)?", node.func.id):
                name = node.args[0]
                assert isinstance(name, ast.Constant), (path, node.lineno)
                found.add(str(name.value))
    return found


def variables_of_compose() -> set[str]:
    """Those that docker compose takes from the file itself."""
    text = yaml.safe_dump(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
    return set(re.findall(r"\$\{(\w+)", text))


def test_every_variable_that_is_read_is_in_the_example_and_the_other_way_round() -> None:
    assert len(NAMES) == len(set(NAMES))
    read = variables_read() | variables_of_compose() | READ_BY_BOTO
    assert read - NOT_IN_THE_FILE == set(NAMES)


def test_nothing_else_reads_the_environment() -> None:
    """But for: what is handed on to other programs, and the name of the settings' module."""
    expected = {
        "gts/environment.py",
        "gts/asgi.py",
        "gts/celery.py",
        "manage.py",
        "gts/listening.py",  # whether there is a display
        "gts/ops/database_dump.py",  # pg_dump
        "gts/ops/work_folder.py",  # where Python's tempfile looks
        "jobs/pipeline/blas.py",  # what OpenBLAS reads
        "jobs/pipeline/gate/reading.py",  # what a reader is given of it
    }
    pattern = re.compile(r"os\.(environ|getenv)|from os import .*(environ|getenv)")
    found = {path for path in product_files() if pattern.search(path.read_text())}
    assert {str(path.relative_to(ROOT)) for path in found} == expected


def test_the_file_that_is_read_is_said_in_the_documents() -> None:
    assert all(f"`{name}`" in _operations() for name in NOT_IN_THE_FILE)


def _operations() -> str:
    return (ROOT / "docs" / "operations.md").read_text()
