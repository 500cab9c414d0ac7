"""Be the worker: run what is queued, in this thread, until nothing is left to run."""

from __future__ import annotations

from jobs.models import Job, JobState
from jobs.queue.runner import run_job


def run_until_idle(*, max_runs: int = 500) -> int:
    """Run queued jobs, oldest first, until there are none. Returns how many runs it took.

    Needs ``transaction=True``: a job does not run inside a transaction. Jobs that wait for another
    try (state *retrying*) are left alone.
    """
    for num_runs in range(max_runs):
        job = Job.objects.filter(state=JobState.QUEUED).order_by("queued_at", "id").first()
        if job is None:
            return num_runs
        run_job(job.uuid)
    raise AssertionError(f"still not idle after {max_runs} runs")
