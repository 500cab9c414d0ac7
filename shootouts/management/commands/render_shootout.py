"""The whole job without a web server: a shootout file in, a folder of results out."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gear.chains.grammar import ChainBlock, validate_chain
from jobs.pipeline.batch import render_shootout
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.shootout_file import FileChain, read_shootout_file
from shootouts.rendering import font_paths, render_svg
from shootouts.services.imports import check_counts


class Command(BaseCommand):
    help = "Render a shootout file: segments, montage, video, chapters.txt and manifest.json."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, nargs="?", metavar="FILE.toml", help="without it, the bundled demo"
        )
        parser.add_argument(
            "--out",
            type=Path,
            metavar="DIR",
            help="of the demo it may be left out: demo in the data",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file, out = options["file"], options["out"]
        if file is None:
            file = settings.GTS_DEMO_DIR / "shootout.toml"
            out = out or settings.DATA_DIR / "demo"
        if out is None:
            raise CommandError("Where to? Name a folder: --out DIR")
        bar = ProgressBar(self)
        try:
            shootout = read_shootout_file(file)
            check_counts(shootout)
            for number, chain in enumerate(shootout.chains):
                _check_chain(chain, number)
            result = render_shootout(
                shootout,
                out.resolve(),
                render_svg=render_svg,
                fonts=font_paths(),
                num_threads=settings.GTS_WORKER_THREADS,
                progress=bar.show,
            )
        except PipelineError as error:
            bar.end()
            raise CommandError(str(error)) from error
        except OSError as error:
            bar.end()
            raise CommandError(f"{out} cannot be written: {error}") from error
        bar.end()
        for path in result.files:
            self.stdout.write(str(path))
        if shootout.options.has_video and result.chapters_note:
            self.stderr.write(result.chapters_note)


def _check_chain(chain: FileChain, number: int) -> None:
    errors = validate_chain(
        [
            ChainBlock(
                slot=block.slot,
                kind=block.gear.kind if block.gear else "",
                processor=block.processor,
                is_supported=True,
            )
            for block in chain.blocks
        ]
    )
    if errors:
        found = "; ".join(f"{error.code}: {error.message}" for error in errors)
        raise PipelineError("CHAIN_INVALID", f"[[chain]] {number + 1} {chain.label}: {found}")


class ProgressBar:
    """One line that moves on a terminal; a line a step where the output goes to a file."""

    _WIDTH = 32

    def __init__(self, command: BaseCommand) -> None:
        self._out = command.stdout
        self._is_terminal = self._out.isatty()
        self._last = ""

    def show(self, step: str, fraction: float) -> None:
        if self._is_terminal:
            filled = round(self._WIDTH * fraction)
            line = f"{'█' * filled}{'·' * (self._WIDTH - filled)} {fraction:4.0%}  {step}"
            if line != self._last:
                self._out.write(f"\r{line:<70}", ending="")
                self._out.flush()
        else:
            line = step
            if line != self._last:
                self._out.write(line)
        self._last = line

    def end(self) -> None:
        if self._is_terminal and self._last:
            self._out.write("")
