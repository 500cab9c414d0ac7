"""Render a published shootout again and compare the samples."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from shootouts.archive.reproduction import Outcome, reproduce
from shootouts.models import Manifest


class Command(BaseCommand):
    help = (
        "Render the segments of a published shootout again from its manifest, here and now, and "
        "compare the SHA-256 of their samples. Stores nothing; ends with status 1 on a difference."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("shootout", type=UUID, metavar="ID")
        parser.add_argument(
            "--render", type=int, metavar="N", help="its render number N; without it, the newest"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        manifest = _manifest(options["shootout"], options["render"])
        counts: Counter[Outcome] = Counter()
        for result in reproduce(manifest):
            counts[result.outcome] += 1
            what = f"{result.contender} · {result.di}"
            detail = result.note or result.pcm_sha256
            self.stdout.write(f"{result.outcome:<14}{what:<40}  {detail}")
            self.stdout.flush()
        found = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
        self.stdout.write(f"{counts.total()} segments: {found}")
        if counts[Outcome.DIFFERENT] or counts[Outcome.FAILED]:
            raise CommandError("This shootout does not come out as it was published.")
        if counts[Outcome.SOURCES_GONE]:
            raise CommandError(
                "Some segments cannot be compared: a source was deleted after they were published. "
                "Upload the same file again, and it is found by its hash."
            )


def _manifest(shootout: UUID, render_version: int | None) -> Manifest:
    manifests = Manifest.objects.filter(render__shootout__uuid=shootout).select_related("render")
    if render_version is None:
        manifest = manifests.order_by("-render__version").first()
    else:
        manifest = manifests.filter(render__version=render_version).first()
    if manifest is None:
        which = "" if render_version is None else f" number {render_version}"
        raise CommandError(f"There is no published render{which} of a shootout {shootout}.")
    return manifest
