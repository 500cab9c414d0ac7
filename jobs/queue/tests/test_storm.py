"""Everything at once: workers, cancels and sweeps on the same trees, from many threads."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from gts.web.errors import ConflictError
from jobs.models import ACTIVE, Job, JobState
from jobs.pipeline.errors import PipelineError
from jobs.queue.cleanup import sweep
from jobs.queue.runner import run_job
from jobs.registry import ChildJob, JobContext
from jobs.services import job_cancel
from jobs.tests.factories import make_job
from jobs.tests.handlers import LEAF, PARENT
from jobs.tests.running import run_until_idle

NUM_TREES, NUM_THREADS = 6, 6


@pytest.mark.django_db(transaction=True)
def test_no_tree_is_left_hanging_and_every_end_is_told_once() -> None:
    def grow(context: JobContext) -> Mapping[str, Any]:
        parts = [ChildJob("test.leaf", {"n": n}, is_required=False) for n in range(5)]
        nested = [ChildJob("test.parent", {"is_small": True})]
        is_small = context.job.payload.get("is_small")
        last = ChildJob("test.leaf", {"n": -1}, stage=1, is_required=True)
        context.spawn([*parts, *([] if is_small else nested), last])
        return {}

    def work(context: JobContext) -> Mapping[str, Any]:
        number = context.job.payload["n"]
        context.report(0.5)
        if number == 1:
            raise PipelineError("BAD", "Bad.")
        if number == 2 and context.job.num_failures == 0:
            raise PipelineError("BUSY", "Busy.", is_permanent=False)
        return {}

    ends: list[int] = []
    PARENT.work, LEAF.work = grow, work
    PARENT.on_finished = LEAF.on_finished = lambda job: ends.append(job.pk)
    trees = [make_job(kind="test.parent") for _ in range(NUM_TREES)]

    def live(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(25):
                queued = Job.objects.filter(state=JobState.QUEUED)
                uuids = list(queued.values_list("uuid", flat=True))
                if uuids:
                    run_job(chance.choice(uuids))
                if chance.random() < 0.15:
                    Job.objects.filter(state=JobState.RETRYING).update(not_before=timezone.now())
                    sweep()
                if seed == 0 and chance.random() < 0.1:
                    with suppress(ConflictError):
                        job_cancel(job=Job.objects.get(pk=chance.choice(trees[:3]).pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=NUM_THREADS) as pool:
        list(pool.map(live, range(NUM_THREADS)))
    while Job.objects.filter(state__in=ACTIVE).exists():
        Job.objects.filter(state=JobState.RETRYING).update(not_before=timezone.now())
        sweep()
        assert run_until_idle() or not Job.objects.filter(state__in=ACTIVE).exists()

    assert sorted(ends) == sorted(Job.objects.values_list("pk", flat=True))
    for tree in trees[3:]:  # no one cancelled these
        tree.refresh_from_db()
        assert (tree.state, tree.progress) == (JobState.COMPLETED, 100.0)
    assert not Job.objects.filter(num_lost__gt=0).exists()
