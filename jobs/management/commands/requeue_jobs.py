"""Put jobs back to work."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from gts.web.errors import AppError
from jobs.models import Job, JobState
from jobs.queue.cleanup import sweep
from jobs.registry import known_kinds
from jobs.selectors import job_root
from jobs.services import job_retry


class Command(BaseCommand):
    help = (
        "Without arguments: look now for what was dropped (lost workers, lost messages, retries "
        "that are due), as beat does all the time. With ids, or --failed: run whole trees that "
        "failed or were cancelled again, with a clean slate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", nargs="*", type=UUID, help="of a job, or of a part of one")
        parser.add_argument("--failed", action="store_true", help="every job that has failed")
        parser.add_argument(
            "--kind", choices=known_kinds(), help="with --failed: of this kind only"
        )
        parser.add_argument("--code", help="with --failed: for this reason only (error code)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["id"] and options["failed"]:
            raise CommandError("Give either ids or --failed.")
        if (options["kind"] or options["code"]) and not options["failed"]:
            raise CommandError("--kind and --code go with --failed.")
        if options["id"]:
            self._retry(_roots_of(options["id"]))
        elif options["failed"]:
            failed = Job.objects.roots().filter(state=JobState.FAILED).order_by("pk")
            if options["kind"]:
                failed = failed.filter(kind=options["kind"])
            if options["code"]:
                failed = failed.filter(error_code=options["code"])
            # Read first: what is queued again may fail again meanwhile.
            self._retry(list(failed))
        else:
            counts = asdict(sweep())
            self.stdout.write(", ".join(f"{name[4:]}: {num}" for name, num in counts.items()))

    def _retry(self, jobs: Iterable[Job]) -> None:
        num_queued = num_refused = 0
        for job in jobs:
            try:
                job_retry(job=job)
                num_queued += 1
            except AppError as refusal:
                num_refused += 1
                self.stderr.write(f"{job.uuid}: {refusal.message}")
        self.stdout.write(f"{num_queued} jobs queued again, {num_refused} refused.")


def _roots_of(ids: Iterable[UUID]) -> list[Job]:
    roots: dict[int, Job] = {}
    for uuid in ids:
        job = Job.objects.filter(uuid=uuid).first()
        if job is None:
            raise CommandError(f"There is no job {uuid}.")
        root = job_root(job)
        roots[root.pk] = root
    return list(roots.values())
