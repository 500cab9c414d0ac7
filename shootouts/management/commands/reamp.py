"""One DI through one chain, from files to a file."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.recipe import BlockRecipe, CabBlock, DISource, NamBlock, SegmentRecipe
from jobs.pipeline.render.publishing import match_levels, measure_loudness, publish_segment
from jobs.pipeline.render.segment import reamp_raw, render_segment


class Command(BaseCommand):
    help = (
        "Play a DI through a capture and, if given, a cabinet IR. The result is level-matched "
        "to -14 LUFS; with --raw it is exactly what the model computes, sample for sample."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--di", type=Path, required=True, metavar="IN")
        parser.add_argument("--capture", type=Path, required=True, metavar="M.nam")
        parser.add_argument("--ir", type=Path, metavar="IR.wav")
        parser.add_argument("--out", type=Path, required=True, metavar="OUT.wav")
        parser.add_argument(
            "--raw",
            action="store_true",
            help="float32 at the model's rate: no staging, no DC blocker, no gain, no tail",
        )
        parser.add_argument("--slim-size", type=float, default=1.0, help="of a slimmable model")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("di", "capture", "ir"):
            path: Path | None = options[name]
            if path is not None and not path.is_file():
                raise CommandError(f"There is no file {path}.")
        if not 0.0 <= options["slim_size"] <= 1.0:  # NaN is neither
            raise CommandError("--slim-size must be from 0 to 1.")
        if not options["out"].absolute().parent.is_dir():
            raise CommandError(f"{options['out']} cannot be written: there is no such folder.")
        try:
            if options["raw"]:
                reamp_raw(
                    options["di"],
                    options["capture"],
                    options["ir"],
                    options["out"],
                    slim_size=options["slim_size"],
                )
            else:
                self._render(options)
        except PipelineError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{options['out']} cannot be written: {error}") from error
        self.stdout.write(str(options["out"]))

    def _render(self, options: dict[str, Any]) -> None:
        paths = [options[name] for name in ("di", "capture", "ir") if options[name] is not None]
        sources = {sha256_of(path): path for path in paths}
        di, capture, *irs = (sha256_of(path) for path in paths)
        blocks: list[BlockRecipe] = [NamBlock(capture, slim_size=options["slim_size"])]
        blocks += [CabBlock.of(ir) for ir in irs]
        recipe = SegmentRecipe(di=DISource(di), blocks=tuple(blocks))
        with tempfile.TemporaryDirectory(prefix="gts-") as folder:
            pre_gain = Path(folder) / "pre-gain.wav"
            render_segment(recipe, sources, pre_gain)
            levels = match_levels([measure_loudness(pre_gain)])
            published = publish_segment(pre_gain, levels.gains_db[0], options["out"])
        loudness = published.loudness
        self.stderr.write(
            f"gain {levels.gains_db[0]:+.2f} dB, {loudness.integrated_lufs:.2f} LUFS, "
            f"{loudness.true_peak_dbtp:.2f} dBTP"
        )
