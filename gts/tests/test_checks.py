from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from gts.checks import (
    check_messages_outlive_tasks,
    check_production_is_secure,
    check_storage_is_writable,
    check_token_keys,
    check_tone3000_key,
    check_workers_are_given_time,
    refuse_bad_start,
)

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]
GOOD_KEY = "k9-" + "abcdefgh" * 8
GOOD_TOKEN_KEY = "0" * 43 + "="
PUBLISHABLE = "t3k_pub_test"


@pytest.fixture(autouse=True)
def _production(settings: Settings) -> None:
    settings.IS_EMBEDDED = False
    settings.DEBUG = False
    settings.SECRET_KEY = GOOD_KEY
    settings.ALLOWED_HOSTS = ["gts.example"]
    settings.GTS_TOKEN_KEYS = [GOOD_TOKEN_KEY]
    settings.GTS_TONE3000_KEY = PUBLISHABLE
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 10_800}


def test_a_good_configuration_starts() -> None:
    assert check_production_is_secure() == []
    refuse_bad_start()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEBUG", True, "gts.E001"),
        ("SECRET_KEY", "insecure", "gts.E002"),
        ("SECRET_KEY", "x" * 80, "gts.E002"),
        ("SECRET_KEY", GOOD_KEY[:49], "gts.E002"),
        ("ALLOWED_HOSTS", [], "gts.E003"),
        ("ALLOWED_HOSTS", ["gts.example", "*"], "gts.E004"),
        ("ALLOWED_HOSTS", ["."], "gts.E004"),
        ("GTS_TOKEN_KEYS", [], "gts.E007"),
        ("GTS_TONE3000_API", "http://www.tone3000.com/api/v1", "gts.E009"),
        ("GTS_TONE3000_AUTHORIZE_URL", "http://fake:9300/oauth/authorize", "gts.E009"),
        ("GTS_FAKE_TONE3000", True, "gts.E010"),
        ("GTS_OPEN", True, "gts.E016"),
    ],
)
def test_an_insecure_production_is_refused(
    settings: Settings, name: str, value: Any, expected: str
) -> None:
    setattr(settings, name, value)
    problems = check_production_is_secure()
    assert [problem.id for problem in problems] == [expected]
    assert problems[0].hint
    with pytest.raises(ImproperlyConfigured, match=expected):
        refuse_bad_start()
    settings.IS_EMBEDDED = True
    assert check_production_is_secure() == []


@pytest.mark.parametrize("is_embedded", [False, True])
@pytest.mark.parametrize("keys", [["x"], [GOOD_TOKEN_KEY, "x"], ["é" * 44]])
def test_a_token_key_that_is_none_is_refused(
    settings: Settings, keys: list[str], is_embedded: bool
) -> None:
    settings.IS_EMBEDDED = is_embedded
    settings.GTS_TOKEN_KEYS = keys
    assert [problem.id for problem in check_token_keys()] == ["gts.E008"]
    with pytest.raises(ImproperlyConfigured, match=r"gts\.E008"):
        refuse_bad_start()


@pytest.mark.parametrize("is_embedded", [False, True])
def test_a_secret_key_of_tone_3000_is_refused_where_browsers_see_it(
    settings: Settings, is_embedded: bool
) -> None:
    settings.IS_EMBEDDED = is_embedded
    settings.GTS_TONE3000_KEY = "t3k_cs_secret"
    assert [problem.id for problem in check_tone3000_key()] == ["gts.E011"]
    with pytest.raises(ImproperlyConfigured, match=r"gts\.E011") as caught:
        refuse_bad_start()
    assert "t3k_cs_secret" not in str(caught.value)


def test_a_production_does_without_that_login(settings: Settings) -> None:
    settings.GTS_TONE3000_KEY = ""
    assert check_tone3000_key() == []


def test_a_production_whose_callbacks_have_no_names_starts_but_says_so(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = [".gts.example"]
    assert [problem.id for problem in check_tone3000_key()] == ["gts.W002"]
    refuse_bad_start()
    settings.IS_EMBEDDED = True
    assert check_tone3000_key() == []


@pytest.mark.parametrize("options", [{}, {"visibility_timeout": 7200}])
def test_a_message_must_outlive_its_task(settings: Settings, options: dict[str, int]) -> None:
    settings.CELERY_TASK_TIME_LIMIT = 7200
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = options
    assert [problem.id for problem in check_messages_outlive_tasks()] == ["gts.E005"]


@pytest.mark.parametrize(("heartbeat_s", "lost_after_s"), [(20, 59), (0, 120)])
def test_a_worker_must_be_given_time(
    settings: Settings, heartbeat_s: int, lost_after_s: int
) -> None:
    assert check_workers_are_given_time() == []
    settings.JOB_HEARTBEAT_S, settings.JOB_LOST_AFTER_S = heartbeat_s, lost_after_s
    assert [problem.id for problem in check_workers_are_given_time()] == ["gts.E012"]


def test_the_storage_must_be_writable(settings: Settings, tmp_path: Path) -> None:
    assert check_storage_is_writable() == []
    (tmp_path / "file").touch()
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "file" / "x"}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    assert [problem.id for problem in check_storage_is_writable()] == ["gts.E006"]


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run("manage.py", *arguments, **environment)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "GTS_ENV_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", ["check", "migrate", "prune_jobs"])
def test_commands_refuse_an_insecure_production(tmp_path: Path, command: str) -> None:
    urls = {"DATABASE_URL": "postgresql:///gts", "REDIS_URL": "redis://127.0.0.1/0"}
    outcome = manage(command, GTS_DATA_DIR=str(tmp_path), **urls)
    assert outcome.returncode != 0
    assert "gts.E002" in outcome.stderr
    assert "gts.E003" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "import gts.asgi"],
        ["-m", "celery", "-A", "gts", "worker", "--pool", "solo"],
        ["-m", "celery", "-A", "gts", "beat", "--schedule", "{folder}/beat"],
    ],
)
def test_servers_and_workers_refuse_an_insecure_production(
    tmp_path: Path, arguments: list[str]
) -> None:
    outcome = run(
        *(argument.format(folder=tmp_path) for argument in arguments),
        GTS_DATA_DIR=str(tmp_path),
        DATABASE_URL="postgresql:///gts",
        REDIS_URL="redis://127.0.0.1:1/0",
        GTS_SECRET_KEY=GOOD_KEY,
        GTS_TOKEN_KEYS=GOOD_TOKEN_KEY,
        GTS_ALLOWED_HOSTS="*",
    )
    assert outcome.returncode != 0
    assert "gts.E004" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["manage.py", "check_start"],
        ["-m", "celery", "--quiet", "-A", "gts", "worker", "--pool", "solo"],
        ["-m", "celery", "--quiet", "-A", "gts", "beat", "--schedule", "{folder}/beat"],
    ],
    ids=["web", "worker", "beat"],
)
def test_processes_of_a_production_refuse_the_embedded_mode(
    tmp_path: Path, arguments: list[str]
) -> None:
    outcome = run(
        *(argument.format(folder=tmp_path) for argument in arguments), GTS_DATA_DIR=str(tmp_path)
    )
    assert outcome.returncode == 1
    # Celery warns of root before.
    sentence = outcome.stderr.splitlines()[-1]
    assert sentence.startswith("GTS does not start: DATABASE_URL and REDIS_URL are required")
    assert "make run" in sentence
    assert "Traceback" not in outcome.stderr


def test_check_start_refuses_what_uvicorn_would_try_again_for_ever(tmp_path: Path) -> None:
    variables = {
        "GTS_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql:///gts",
        "REDIS_URL": "redis://127.0.0.1/0",
        "GTS_TOKEN_KEYS": GOOD_TOKEN_KEY,
        "GTS_ALLOWED_HOSTS": "gts.example",
    }
    outcome = manage("check_start", **variables, GTS_SECRET_KEY="")
    assert outcome.returncode == 1
    assert "gts.E002" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    outcome = manage("check_start", **variables, GTS_SECRET_KEY=GOOD_KEY)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


def test_a_good_production_has_nothing_to_complain_about(tmp_path: Path) -> None:
    outcome = manage(
        "check",
        "--deploy",
        "--fail-level=WARNING",
        GTS_DATA_DIR=str(tmp_path),
        DATABASE_URL="postgresql:///gts",
        REDIS_URL="redis://127.0.0.1/0",
        GTS_SECRET_KEY=GOOD_KEY,
        GTS_TOKEN_KEYS=GOOD_TOKEN_KEY,
        GTS_TONE3000_KEY=PUBLISHABLE,
        GTS_ALLOWED_HOSTS="gts.example",
    )
    assert outcome.returncode == 0, outcome.stderr
