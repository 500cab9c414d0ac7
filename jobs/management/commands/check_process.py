"""For the health checks of containers: is the worker, or beat, of this host alive?"""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.models import ALIVE_WITHIN_S, Process, ProcessRole


class Command(BaseCommand):
    help = "End with status 1 unless a process of this role on this host was heard of lately."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", choices=ProcessRole.values)

    def handle(self, *args: Any, **options: Any) -> None:
        host = socket.gethostname()[:100]
        processes = Process.objects.alive().filter(role=options["role"], host=host)
        if not processes:
            raise CommandError(
                f"No {options['role']} on {host} was heard of within {ALIVE_WITHIN_S:.0f} s."
            )
        for process in processes:
            self.stdout.write(f"{process.name} is alive")
