"""Loudness and peaks of an audio file, as broadcast standards define them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.measure.loudness import measure_file

_UNITS = {
    "integrated_lufs": "LUFS",
    "max_momentary_lufs": "LUFS",
    "max_short_term_lufs": "LUFS",
    "loudness_range_lu": "LU",
    "true_peak_dbtp": "dBTP",
    "sample_peak_dbfs": "dBFS",
    "duration_s": "s",
    "sample_rate_hz": "Hz",
    "num_channels": "",
}


class Command(BaseCommand):
    help = "Measure a file: ITU-R BS.1770-5 loudness, EBU Tech 3342 range, true peak."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        try:
            measurement = asdict(measure_file(options["file"]))
        except PipelineError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(measurement, allow_nan=False))
            return
        for key, unit in _UNITS.items():
            value = measurement[key]
            shown = "below measurement" if value is None else f"{value:.2f}".removesuffix(".00")
            self.stdout.write(f"{key:<20} {shown:>18} {unit}".rstrip())
