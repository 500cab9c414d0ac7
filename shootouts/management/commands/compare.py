"""Two sound files against each other, and what is left of one when the other is taken from it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.measure.compare import compare_files, write_residual


class Command(BaseCommand):
    help = "Lag, best constant gain and error-to-signal ratio of OTHER against REFERENCE."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", type=Path)
        parser.add_argument("other", type=Path)
        parser.add_argument(
            "--residual", type=Path, help="write what is left as FLAC (or .wav), 24 bits"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        pair = (options["reference"], options["other"])
        for path in pair:
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        try:
            found = compare_files(*pair)
            if options["residual"] is not None:
                write_residual(*pair, found, options["residual"])
        except PipelineError as error:
            raise CommandError(str(error)) from error
        values: dict[str, Any] = {
            "lag_frames": found.lag_frames,
            "gain_db": found.gain_db,
            "is_inverted": found.is_inverted,
            "esr": found.esr,
            "esr_db": found.esr_db,
            "num_frames": found.num_frames,
        }
        if options["json"]:
            self.stdout.write(json.dumps(values, allow_nan=False))
            return
        for name, value in values.items():
            shown = "–" if value is None else f"{value:.6g}" if isinstance(value, float) else value
            self.stdout.write(f"{name:<12} {shown!s:>12}")
