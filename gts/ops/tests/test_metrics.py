"""`/metrics`: for Prometheus, true whichever process is asked, hidden from everybody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.tests.factories import make_user
from gts.tests.websocket import WebSocket
from gts.web.request_metrics import DURATION_BUCKETS_S, Figures, counting_sockets, figures
from jobs.conftest import scripted_handlers  # noqa: F401
from jobs.models import Job, Process
from jobs.queue.process_heartbeat import ProcessHeartbeat
from jobs.queue.stopping import StuckWork
from jobs.tests.factories import make_job

pytestmark = pytest.mark.django_db

TOKEN = "scrape-me-0123456789"


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.GTS_METRICS_TOKEN = TOKEN


@pytest.fixture
def no_token(settings: Settings) -> None:
    settings.GTS_METRICS_TOKEN = ""


def ask(client: Client | None = None) -> Any:
    client = client or Client(headers={"host": "localhost"})
    return client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})


def scrape() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels, read as Prometheus reads it."""
    answer = ask()
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    text = answer.content.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(name: str, **labels: str) -> float | None:
    return scrape().get((name, tuple(sorted(labels.items()))))


# Who may see them ---------------------------------------------------------------------------------


def status_of(**headers: str) -> int:
    client = Client(headers={"host": "localhost"})
    return client.get("/metrics", headers=headers).status_code


@pytest.mark.usefixtures("no_token")
def test_to_come_from_this_machine_is_no_proof(settings: Settings) -> None:
    """Behind a plain proxy on it every stranger does."""
    for is_embedded in (True, False):
        settings.IS_EMBEDDED = is_embedded
        for given in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}):
            assert status_of(**given) == 404


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("is_embedded", [True, False])
def test_operators_of_the_embedded_mode_may_look(
    settings: Settings, token: str, is_embedded: bool
) -> None:
    settings.GTS_METRICS_TOKEN, settings.IS_EMBEDDED = token, is_embedded
    people = {"root": make_user("root", is_staff=True), "alice": make_user()}
    statuses = {}
    for name, user in people.items():
        client = Client(headers={"host": "localhost"})
        client.force_login(user)
        statuses[name] = client.get("/metrics").status_code
    assert statuses == {"root": 200 if is_embedded else 404, "alice": 404}


@pytest.mark.parametrize("is_embedded", [True, False])
def test_with_a_token_who_shows_it_may(settings: Settings, is_embedded: bool) -> None:
    settings.IS_EMBEDDED = is_embedded
    assert status_of(Authorization=f"Bearer {TOKEN}") == 200
    assert status_of(Authorization=f"bearer {TOKEN}", **{"X-Forwarded-For": "10.0.0.1"}) == 200
    for wrong in ("", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", "é"):
        assert status_of(Authorization=wrong) == 404


def test_for_others_it_looks_like_any_page_that_does_not_exist(client: Client) -> None:
    hidden, nothing = client.get("/metrics"), client.get("/no-such-page")
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.headers["Content-Type"] == nothing.headers["Content-Type"]


def test_it_only_reads() -> None:
    client = Client(headers={"host": "localhost"})
    assert client.post("/metrics").status_code == 405


# What they say ------------------------------------------------------------------------------------


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


def test_queues_say_what_waits_for_how_long_and_who_works() -> None:
    make_job(queued_at=ago(seconds=90))
    make_job(queued_at=ago(seconds=30))
    make_job(state="retrying")
    make_job(kind="test.render", state="running")
    make_job(kind="test.parent", state="running", is_waiting=True)
    make_job(state="completed")
    ProcessHeartbeat("worker", queues=["short"]).beat()
    samples = scrape()

    def jobs(queue: str, state: str) -> float:
        return samples["gts_jobs", (("queue", queue), ("state", state))]

    assert (jobs("short", "queued"), jobs("short", "retrying")) == (2, 1)
    assert (jobs("short", "running"), jobs("short", "waiting_for_children")) == (0, 1)
    assert (jobs("render", "running"), jobs("render", "queued")) == (1, 0)
    oldest_s = samples["gts_jobs_oldest_waiting_seconds", (("queue", "short"),)]
    assert 90 <= oldest_s < 120
    assert samples["gts_jobs_oldest_waiting_seconds", (("queue", "render"),)] == 0
    assert samples["gts_workers", (("queue", "short"),)] == 1
    assert samples["gts_workers", (("queue", "render"),)] == 0
    assert samples["gts_processes", (("role", "worker"),)] == 1


def end(job: Job, *, took_s: float, ended_s_ago: float = 60.0) -> None:
    ended = ago(seconds=ended_s_ago)
    Job.objects.filter(pk=job.pk).update(
        finished_at=ended, started_at=ended - timedelta(seconds=took_s)
    )


def test_durations_are_of_jobs_that_completed_within_the_hour() -> None:
    for took_s in range(1, 21):
        end(make_job(state="completed"), took_s=took_s)
    end(make_job(state="completed"), took_s=500, ended_s_ago=3700)
    end(make_job(state="cancelled"), took_s=900)
    name = "gts_job_duration_last_hour_seconds"
    assert value(name, kind="test.leaf", quantile="0.5") == 10
    assert value(name, kind="test.leaf", quantile="0.95") == 19
    assert value(name, kind="test.leaf", quantile="1.0") == 20
    assert value("gts_jobs_ended_last_hour", kind="test.leaf", state="completed") == 20
    assert value("gts_jobs_ended_last_hour", kind="test.leaf", state="cancelled") == 1


def test_failures_are_told_apart_by_code() -> None:
    for code in ("DI_SILENT", "DI_SILENT", "DISK_FULL"):
        end(make_job(state="failed", error_code=code), took_s=1)
    name = "gts_job_failures_last_hour"
    assert value(name, kind="test.leaf", code="DI_SILENT") == 2
    assert value(name, kind="test.leaf", code="DISK_FULL") == 1


def test_a_label_may_hold_anything() -> None:
    end(make_job(state="failed", error_code='A"B\\C\nD'), took_s=1)
    assert value("gts_job_failures_last_hour", kind="test.leaf", code='A"B\\C\nD') == 1


def test_logins_are_counted_by_how_they_end() -> None:
    make_user("alice", password="correct horse battery")
    before = dict(figures.as_json()["logins"])
    for password in ["wrong"] * 7 + ["correct horse battery"]:
        Client(REMOTE_ADDR="192.0.2.1").post("/login/", {"username": "alice", "password": password})
    Client(REMOTE_ADDR="192.0.2.2").post(
        "/login/", {"username": "alice", "password": "correct horse battery"}
    )
    after = Counter(figures.as_json()["logins"])
    after.subtract(before)
    assert after == {"failed": 5, "slowed": 3, "succeeded": 1}
    ProcessHeartbeat("web", figures=figures.as_json).beat()
    [process] = Process.objects.all()
    total = figures.as_json()["logins"]["slowed"]
    assert value("gts_logins_total", process=process.name, outcome="slowed") == total


def test_each_process_counts_for_itself() -> None:
    first, second = Figures(), Figures()
    first.answered("GET", 200, 0.05)
    first.answered("GET", 200, 0.3)
    first.answered("BREW", 418, 20.0)
    first.socket_opened()
    second.answered("GET", 200, 0.01)
    ProcessHeartbeat("web", figures=first.as_json).beat()
    Process.objects.update(name="web@a:1")
    ProcessHeartbeat("web", figures=second.as_json).beat()
    other = Process.objects.exclude(name="web@a:1").get().name

    a = {"process": "web@a:1"}
    assert value("gts_http_requests_total", **a, method="GET", status="200") == 2
    assert value("gts_http_requests_total", **a, method="OTHER", status="418") == 1
    assert value("gts_http_requests_total", process=other, method="GET", status="200") == 1
    assert value("gts_websockets", **a) == 1
    assert value("gts_websockets", process=other) == 0
    bucket = "gts_http_request_duration_seconds_bucket"
    assert value(bucket, **a, le="0.025") == 0
    assert value(bucket, **a, le="0.1") == 1
    assert value(bucket, **a, le=str(DURATION_BUCKETS_S[-1])) == 2
    assert value(bucket, **a, le="+Inf") == 3
    assert value("gts_http_request_duration_seconds_count", **a) == 3
    assert value("gts_http_request_duration_seconds_sum", **a) == pytest.approx(20.35)


def test_work_that_does_not_stop_is_counted() -> None:
    stuck = StuckWork()
    ProcessHeartbeat("worker", queues=["short"], figures=stuck.as_json).beat()
    [process] = Process.objects.all()
    assert value("gts_stuck_jobs", process=process.name) == 0
    stuck.add(make_job().uuid)
    ProcessHeartbeat("worker", queues=["short"], figures=stuck.as_json).beat()
    assert value("gts_stuck_jobs", process=process.name) == 1


def test_a_process_that_is_gone_is_not_counted() -> None:
    ProcessHeartbeat("web", figures=Figures().as_json).beat()
    assert value("gts_processes", role="web") == 1
    Process.objects.update(seen_at=ago(seconds=61))
    assert value("gts_processes", role="web") == 0
    assert not [name for name, _ in scrape() if name == "gts_websockets"]


def test_it_takes_the_same_queries_however_much_there_is(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):  # queues, workers, ended jobs, processes
        scrape()
    for _ in range(5):
        make_job()
        end(make_job(state="completed"), took_s=1)
    with django_assert_num_queries(4):
        scrape()


def test_a_database_that_is_away_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> Iterator[object]:
        raise DatabaseError("away: /srv/secret")

    monkeypatch.setattr("gts.ops.metrics.ended_figures", refuse)
    answer = ask()
    assert answer.status_code == 503
    assert "secret" not in answer.content.decode()


# Counting -----------------------------------------------------------------------------------------


async def test_sockets_are_counted_while_they_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Figures()
    monkeypatch.setattr("gts.web.request_metrics.figures", counted)
    websocket = WebSocket("/ws/nothing/", (b"origin", b"http://localhost:8000"))
    await websocket.connect()
    assert counted.as_json()["num_sockets"] == 1
    await websocket.receive_rest()
    await websocket.leave()
    assert counted.as_json()["num_sockets"] == 0


async def test_a_socket_that_falls_over_is_not_counted_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def stumble(*_: object) -> None:
        raise RuntimeError("no")

    counted = Figures()
    monkeypatch.setattr("gts.web.request_metrics.figures", counted)
    with pytest.raises(RuntimeError):
        await counting_sockets(stumble)({}, None, None)  # type: ignore[arg-type]
    assert counted.as_json()["num_sockets"] == 0


def test_requests_are_counted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Figures()
    monkeypatch.setattr("gts.web.request_id.figures", counted)
    client.get("/health/live")
    client.get("/nothing/")
    client.post("/health/live")
    figures = counted.as_json()
    assert figures["answers"] == {"GET 200": 1, "GET 404": 1, "POST 405": 1}
    assert figures["durations"][-1] == 3
