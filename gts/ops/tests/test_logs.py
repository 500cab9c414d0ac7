"""Lines of the log: what they say, for whom, and what they never say."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import api_client
from gts.ops.logs import JsonFormatter, PlainFormatter, without_secrets
from gts.tests.processes import ROOT, environment
from gts.web import request_id
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.models import Job
from jobs.queue import current_job
from jobs.registry import ChildJob, JobContext
from jobs.services import job_retry
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF, PARENT
from jobs.tests.running import run_until_idle


class Lines(logging.Handler):
    """The JSON lines that the root logger would write."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def log() -> Any:
    handler = Lines()
    root = logging.getLogger()
    requests = logging.getLogger("gts.requests")
    level = requests.level
    requests.setLevel("INFO")
    root.addHandler(handler)
    yield handler.lines
    root.removeHandler(handler)
    requests.setLevel(level)


def record(message: str, *arguments: object, **extra: Any) -> logging.LogRecord:
    logger = logging.getLogger("gts.test")
    return logger.makeRecord("gts.test", logging.INFO, "f", 1, message, arguments, None, **extra)


# Formats ------------------------------------------------------------------------------------------


def test_a_json_line_is_one_object_with_the_ids() -> None:
    with request_id.within_request("r-1"):
        line = JsonFormatter().format(record("two\nlines, %s", "“quoted”"))
    assert "\n" not in line
    found = json.loads(line)
    assert found["message"] == "two\nlines, “quoted”"
    assert (found["level"], found["logger"], found["request_id"]) == ("INFO", "gts.test", "r-1")
    assert found["time"].endswith("+00:00")
    assert "job_id" not in found


def test_an_exception_is_part_of_its_line() -> None:
    try:
        raise ValueError("password=hunter2")
    except ValueError:
        failed = record("it failed")
        failed.exc_info = sys.exc_info()
    found = json.loads(JsonFormatter().format(failed))
    assert "Traceback" in found["exception"]
    assert "hunter2" not in found["exception"]


def test_a_plain_line_is_for_people() -> None:
    with request_id.within_request("r-1"):
        line = PlainFormatter().format(record("hello", extra={"facts": {"status": 200}}))
    assert line.endswith("INFO gts.test hello request_id=r-1 status=200")
    assert PlainFormatter().format(record("hello")).endswith("hello")


def test_a_stranger_writes_no_line_of_a_plain_log() -> None:
    forged = "/a\n2026-01-01 00:00:00.000+00:00 INFO gts.audit all is well\x1b[2J"
    facts = record("answered %s", forged, extra={"facts": {"path": forged}})
    line = PlainFormatter().format(facts)
    assert line.splitlines() == [line]
    assert "\x1b" not in line
    assert line.count(r"/a\n2026-01-01") == 2


def test_the_time_of_a_plain_line_says_how_far_from_utc() -> None:
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d INFO ", _plain("hello"))


def _plain(message: str) -> str:
    return PlainFormatter().format(record(message))


@pytest.mark.parametrize(
    ("changes", "formatter"),
    [({}, "PlainFormatter"), ({"GTS_LOG_FORMAT": "json"}, "JsonFormatter")],
)
def test_the_environment_chooses(tmp_path: Any, changes: dict[str, str], formatter: str) -> None:
    assert _formatter_of(environment(tmp_path, **changes)) == formatter


def test_production_is_json_unless_told_otherwise(tmp_path: Any) -> None:
    urls = {"DATABASE_URL": "postgresql:///gts", "REDIS_URL": "redis://127.0.0.1/0"}
    assert _formatter_of(environment(tmp_path, **urls)) == "JsonFormatter"
    plain = environment(tmp_path, **urls, GTS_LOG_FORMAT="plain")
    assert _formatter_of(plain) == "PlainFormatter"
    assert "GTS_LOG_FORMAT" in _formatter_of(environment(tmp_path, GTS_LOG_FORMAT="xml"))


def _formatter_of(env: Mapping[str, str]) -> str:
    code = "import gts; from gts.ops.logs import formatter; print(type(formatter()).__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr


# Secrets ------------------------------------------------------------------------------------------

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoiYSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f"refused {JWT}",
        f"Authorization: Bearer {JWT}",
        "Authorization: Bearer hunter2-hunter2",
        "redis://:hunter2@redis:6379/0",
        "postgresql://gts:hunter2@db/gts",
        "GET /complete?code=hunter2&state=hunter2x",
        "{'access_token': 'hunter2', 'refresh_token': 'hunter2'}",
        '{"password": "hunter2"}',
        "client_secret=hunter2&x=1",
        "sessionid=hunter2; csrftoken=hunter2",
        "secret_key: hunter2",
        "refused gts_pat_hunter2-hunter2_hunter2",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    hidden = without_secrets(text)
    assert "hunter2" not in hidden
    assert "eyJ" not in hidden
    assert "[hidden]" in hidden


@pytest.mark.parametrize(
    "text",
    [
        "job 3c85 (shootouts.render_segment) starts, attempt 1",
        "state=running code=DI_SILENT",
        "redis://redis:6379/0 does not answer",
        "tokens expire",
        "the bearer of news",
        "sweep: SweepReport(num_lost=1, num_retried=0, num_resolved=0, num_dispatched=0)",
    ],
)
def test_everything_else_is_left_alone(text: str) -> None:
    assert without_secrets(text) == text


# From the request into the worker -----------------------------------------------------------------


def test_a_request_is_one_line_without_its_query(client: Client, log: list[Any]) -> None:
    headers = {"X-Request-ID": "r-7", "Authorization": "Bearer hunter2"}
    client.get("/nothing/?token=hunter2", headers=headers)
    [line] = [line for line in log if line["logger"] == "gts.requests"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/nothing/", 404)
    assert line["request_id"] == "r-7"
    assert line["duration_ms"] >= 0
    assert "hunter2" not in json.dumps(log)


def test_health_checks_do_not_fill_the_log(client: Client, log: list[Any]) -> None:
    client.get("/health/live")
    assert [line for line in log if line["logger"] == "gts.requests"] == []


@pytest.mark.django_db(transaction=True)
def test_the_id_of_a_request_goes_with_its_jobs(alice: User, log: list[Any]) -> None:
    def grow(context: JobContext) -> Mapping[str, Any]:
        context.spawn([ChildJob("test.leaf", {}), ChildJob("test.leaf", {}, stage=1)])
        return {}

    def work(context: JobContext) -> Mapping[str, Any]:
        logging.getLogger("gts.work").info("working")
        return {}

    PARENT.work, LEAF.work = grow, work
    with request_id.within_request("r-9"):
        root = make_job(alice, kind="test.parent")
    assert request_id.current_request_id() == ""
    run_until_idle()

    assert set(Job.objects.values_list("request_id", flat=True)) == {"r-9"}
    lines = [line for line in log if line["logger"] == "gts.work"]
    assert {line["request_id"] for line in lines} == {"r-9"}
    children = Job.objects.filter(parent=root).values_list("uuid", flat=True)
    assert sorted(line["job_id"] for line in lines) == sorted(map(str, children))
    assert (current_job.current_job_id(), request_id.current_request_id()) == ("", "")
    ends = [line for line in log if line["message"].endswith("has ended")]
    assert [(line["kind"], line["state"]) for line in ends] == [
        ("test.leaf", "completed"),
        ("test.leaf", "completed"),
        ("test.parent", "completed"),
    ]
    assert all(line["duration_s"] >= 0 for line in ends)


@pytest.mark.django_db(transaction=True)
def test_a_retry_belongs_to_the_request_that_asked_for_it(alice: User) -> None:
    failed = make_job(alice, state="failed", request_id="r-1")
    answer = api_client(alice).post(
        f"/api/v1/jobs/{failed.uuid}/retry/", headers={"X-Request-ID": "r-2"}
    )
    assert answer.status_code == 202
    failed.refresh_from_db()
    assert failed.request_id == "r-2"

    Job.objects.filter(pk=failed.pk).update(state="failed")
    failed.refresh_from_db()
    job_retry(job=failed)  # from a shell: no one's request
    failed.refresh_from_db()
    assert failed.request_id == "r-2"


@pytest.mark.django_db(transaction=True)
def test_the_thread_beside_a_job_logs_its_ids(
    alice: User, log: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(context: JobContext) -> Mapping[str, Any]:
        context.report(0.5)  # written by the thread, at the latest when the job ends
        return {}

    def stumble(*_: Any, **__: Any) -> bool:
        raise RuntimeError("no progress today")

    monkeypatch.setattr("jobs.queue.lifecycle.write_progress", stumble)
    with request_id.within_request("r-5"):
        job = make_job(alice)
    LEAF.work = work
    run_until_idle()
    lines = [line for line in log if line["logger"] == "jobs.queue.heartbeat"]
    assert lines
    assert {(line["request_id"], line["job_id"]) for line in lines} == {("r-5", str(job.uuid))}
