"""Everything from an empty folder to a serving GTS: what `make run` calls."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

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
        call_command("migrate", interactive=False, verbosity=0)
        gather_static()
        if not options["no_demo"]:
            call_command("seed_demo", verbosity=0)
        host, port = options["host"], options["port"]
        self.stdout.write(f"GTS is on http://{host}:{port}/  (Ctrl+C stops it)")
        self.stdout.flush()
        uvicorn.run(
            "gts.asgi:application",
            host=host,
            port=port,
            lifespan="on",
            log_level="warning",
            # Watchers keep sockets open; a stop must not wait for them.
            timeout_graceful_shutdown=3,
        )
