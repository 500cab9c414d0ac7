"""Figures for Prometheus at ``/metrics``; for no one else.

What is said of jobs is read from their rows when it is asked for, so any number of processes say
the same. It is about the last hour: history is pruned, so a counter over all of it would fall.
Requests and sockets are counted by each web process for itself and carry its name.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gts.web.database import seconds_ago
from gts.web.request_metrics import DURATION_BUCKETS_S
from jobs.models import Process, ProcessRole
from jobs.selectors import QUEUE_STATES, WINDOW, ended_figures, queue_figures

_QUANTILES: Final = (0.5, 0.95, 1.0)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 for who may not see them: then there is no such page."""
    if not _is_allowed(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Everything())
    try:
        body = generate_latest(registry)
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", "text/plain", status=503)
    return HttpResponse(body, CONTENT_TYPE_LATEST)


def _is_allowed(request: HttpRequest) -> bool:
    """With the token; in embedded mode operators may look as well, by their session.

    Where a connection comes from is no proof: behind a proxy on this machine everybody's is local.
    """
    token = settings.GTS_METRICS_TOKEN
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return secrets.compare_digest(given.strip().encode(), token.encode())
    return bool(settings.IS_EMBEDDED and request.user.is_staff)


class _Everything(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _queues()
        yield from _ended_jobs()
        yield from _processes()


def _queues() -> Iterator[Metric]:
    jobs = GaugeMetricFamily("gts_jobs", "Jobs that have not ended", labels=["queue", "state"])
    oldest = GaugeMetricFamily(
        "gts_jobs_oldest_waiting_seconds", "Age of the oldest queued job", labels=["queue"]
    )
    workers = GaugeMetricFamily("gts_workers", "Workers that are alive", labels=["queue"])
    for queue in queue_figures():
        for state in QUEUE_STATES:
            jobs.add_metric([queue.queue, state], queue.num_by_state[state])
        oldest.add_metric([queue.queue], queue.oldest_waiting_s)
        workers.add_metric([queue.queue], queue.num_workers)
    yield from (jobs, oldest, workers)


def _ended_jobs() -> Iterator[Metric]:
    figures = ended_figures(since=seconds_ago(WINDOW.total_seconds()))
    ended = GaugeMetricFamily(
        "gts_jobs_ended_last_hour", "Jobs that ended in the last hour", labels=["kind", "state"]
    )
    failures = GaugeMetricFamily(
        "gts_job_failures_last_hour", "Jobs that failed in the last hour", labels=["kind", "code"]
    )
    durations = GaugeMetricFamily(
        "gts_job_duration_last_hour_seconds",
        "From start to completion, of jobs that completed in the last hour",
        labels=["kind", "quantile"],
    )
    for labels, num in figures.num_by_state.items():
        ended.add_metric(labels, num)
    for labels, num in figures.num_by_code.items():
        failures.add_metric(labels, num)
    for kind, found_s in figures.durations_s.items():
        for quantile in _QUANTILES:
            durations.add_metric([kind, str(quantile)], _quantile(found_s, quantile))
    yield from (ended, failures, durations)


def _quantile(values: Iterable[float], quantile: float) -> float:
    """The smallest value that so large a share of ``values`` does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(quantile * len(ordered)) - 1, 0)]


def _processes() -> Iterator[Metric]:
    alive = list(Process.objects.alive())
    processes = GaugeMetricFamily("gts_processes", "Processes that are alive", labels=["role"])
    for role in ProcessRole.values:
        processes.add_metric([role], sum(process.role == role for process in alive))
    clocks = GaugeMetricFamily(
        "gts_clock_ahead_seconds",
        "How far the clock of a process is before that of the database",
        labels=["process"],
    )
    sockets = GaugeMetricFamily("gts_websockets", "Open WebSockets", labels=["process"])
    requests = CounterMetricFamily(
        "gts_http_requests", "Requests answered", labels=["process", "method", "status"]
    )
    logins = CounterMetricFamily(
        "gts_logins",
        "Logins, and passwords that were wrong or came too soon after others",
        labels=["process", "outcome"],
    )
    refusals = CounterMetricFamily(
        "gts_http_refusals",
        "Requests that were too much or too slow, refused before a view had them",
        labels=["process", "code"],
    )
    uncounted = CounterMetricFamily(
        "gts_redis_away", "What was asked of Redis without success", labels=["process"]
    )
    durations = HistogramMetricFamily(
        "gts_http_request_duration_seconds",
        "Until the answer begins; files and pictures of the site itself are not counted",
        labels=["process"],
    )
    stuck = GaugeMetricFamily(
        "gts_stuck_jobs", "Work that does not stop though its job has ended", labels=["process"]
    )
    for process in alive:
        clocks.add_metric([process.name], process.clock_ahead_s)
        if "num_stuck" in process.figures:
            stuck.add_metric([process.name], process.figures["num_stuck"])
        if "num_sockets" not in process.figures:
            continue
        figures: dict[str, Any] = process.figures
        sockets.add_metric([process.name], figures["num_sockets"])
        for answer, num in figures["answers"].items():
            requests.add_metric([process.name, *answer.split(" ")], num)
        for outcome, num in figures.get("logins", {}).items():
            logins.add_metric([process.name, outcome], num)
        for code, num in figures.get("refusals", {}).items():
            refusals.add_metric([process.name, code], num)
        uncounted.add_metric([process.name], figures.get("num_uncounted", 0))
        durations.add_metric(
            [process.name], _buckets(figures["durations"]), figures["duration_sum_s"]
        )
    yield from (
        processes, clocks, sockets, requests, refusals, logins, uncounted, durations, stuck,
    )  # fmt: skip


def _buckets(cumulative: Sequence[int]) -> list[tuple[str, float]]:
    bounds = (*map(str, DURATION_BUCKETS_S), "+Inf")
    return list(zip(bounds, cumulative, strict=True))
