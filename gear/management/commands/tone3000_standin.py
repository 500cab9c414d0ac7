"""The stand-in for Tone 3000 as a process of its own, for whoever works on GTS."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gear.tone3000.standin import CLIENT_ID, make_server


class Command(BaseCommand):
    help = "Serve a stand-in for Tone 3000 on this machine: invented people and tones, in memory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.GTS_TONE3000_STANDIN_PORT)
        parser.add_argument(
            "--auto-approve", default="", metavar="USER", help="say yes as this user, unasked"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_EMBEDDED:
            raise CommandError("The stand-in is for development and has no place in production.")
        port = options["port"]
        if not 0 < port < 65536:
            raise CommandError("A port is a number from 1 to 65535.")
        server = make_server(
            port, demo_dir=settings.GTS_DEMO_DIR, auto_approve=options["auto_approve"]
        )
        self.stdout.write(
            f"A stand-in for Tone 3000 is on http://localhost:{port}/ (Ctrl+C stops it).\n"
            f"GTS_TONE3000_API=http://localhost:{port}/api/v1 GTS_TONE3000_KEY={CLIENT_ID}"
        )
        self.stdout.flush()
        try:
            server.run()
        except KeyboardInterrupt:
            return
        if not server.started:
            raise CommandError(f"Port {port} cannot be used.")
