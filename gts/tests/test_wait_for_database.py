"""`manage.py wait_for_database`: before migrations, in containers that start beside PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from gts.tests.private_servers import PrivatePostgres, needs_servers
from gts.tests.processes import ROOT, environment, free_port

PRODUCTION = {
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "GTS_SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "GTS_TOKEN_KEYS": "b25seS1mb3ItdGhlc2UtdGVzdHMtMDEyMzQ1Njc4OWE=",
    "GTS_ALLOWED_HOSTS": "gts.example",
}


def waiting(env: Mapping[str, str], timeout_s: float) -> subprocess.Popen[str]:
    words = ["manage.py", "wait_for_database", "--timeout-s", str(timeout_s)]
    return subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=env, text=True, stderr=subprocess.PIPE
    )


@pytest.mark.django_db
def test_a_database_that_answers_is_not_waited_for() -> None:
    said = StringIO()
    call_command("wait_for_database", "--timeout-s", "0", stdout=said, stderr=said)
    assert said.getvalue() == ""


def test_it_gives_up_and_says_why(tmp_path: Path) -> None:
    url = f"postgresql://gts@127.0.0.1:{free_port()}/gts"
    env = environment(tmp_path, DATABASE_URL=url, **PRODUCTION)
    process = waiting(env, timeout_s=1)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "The database did not answer within 1 s: " in said
    assert said.count("Waiting for the database: ") == 1
    assert "Traceback" not in said


class TestLate:
    pytestmark = needs_servers

    def test_a_database_that_comes_late_is_waited_for(self, tmp_path: Path) -> None:
        postgres = PrivatePostgres()
        try:
            env = environment(tmp_path, DATABASE_URL=postgres.url, **PRODUCTION)
            process = waiting(env, timeout_s=60)
            assert process.stderr is not None
            assert process.stderr.readline().startswith("Waiting for the database: ")
            postgres.start()
            _, said = process.communicate(timeout=60)
            assert process.returncode == 0, said
        finally:
            postgres.remove()
