"""Everything from an empty folder to a serving GTS: what `make run` calls."""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser
from socket import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from gear.tone3000.standin import running_standin
from gts.gathering import gather_static


class Command(BaseCommand):
    help = "Migrate, gather static files, seed the demo, and serve in one embedded process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-demo", action="store_true", help="do not seed the demo")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_EMBEDDED:
            raise CommandError("`up` is the embedded mode. In production run web, worker and beat.")
        if not 0 < options["port"] < 65536:
            raise CommandError("A port is a number from 1 to 65535.")
        call_command("migrate", interactive=False, verbosity=0)
        gather_static()
        if not options["no_demo"]:
            call_command("seed_demo", verbosity=0)
        with contextlib.ExitStack() as stack:
            if settings.GTS_TONE3000_STANDIN:
                self._start_standin(stack)
            self._serve(options["host"], options["port"])

    def _start_standin(self, stack: contextlib.ExitStack) -> None:
        port = settings.GTS_TONE3000_STANDIN_PORT
        try:
            stack.enter_context(running_standin(port, demo_dir=settings.GTS_DEMO_DIR))
        except OSError as error:
            raise CommandError(
                f"The stand-in for Tone 3000 cannot have port {port} ({error.strerror}): "
                "give it another with GTS_TONE3000_STANDIN_PORT."
            ) from error
        self.stdout.write(f"A stand-in for Tone 3000 is on http://localhost:{port}/")

    def _serve(self, host: str, port: int) -> None:
        server = Server(
            uvicorn.Config(
                "gts.asgi:application",
                host=host,
                port=port,
                lifespan="on",
                log_config=None,  # its lines look like ours
                log_level="warning",
                # Watchers keep sockets open; a stop must not wait for them.
                timeout_graceful_shutdown=3,
            ),
            self.stdout,
        )
        with contextlib.suppress(KeyboardInterrupt):
            server.run()
        if not server.started:
            raise CommandError("GTS did not start.")  # why, the server has said


class Server(uvicorn.Server):
    """Says where it is, once it is there."""

    def __init__(self, config: uvicorn.Config, out: OutputWrapper) -> None:
        super().__init__(config)
        self._out = out

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._out.write(
                f"GTS is on http://{self.config.host}:{self.config.port}/  (Ctrl+C stops it)"
            )
            self._out.flush()
