"""Everything from an empty folder to a serving GTS: what `make run` calls."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from socket import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.login.local import (
    is_open,
    owner_link,
    owner_page_write,
    owner_token_renew,
    secrets_dir,
)
from gts import listening
from gts.connection import Connection
from gts.ops.logs import RenderNews, Troubles, log_to_file, step
from gts.server_lock import LockedError, holding
from gts.static import gather_static
from gts.web.errors import AppError
from jobs.pipeline.files import is_disk_full


class Command(BaseCommand):
    help = "Migrate, gather static files, seed the demo, and serve in one embedded process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0: for the whole network")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-demo", action="store_true", help="do not seed the demo")
        parser.add_argument("--no-browser", action="store_true", help="open no browser")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if not settings.IS_EMBEDDED:
            raise CommandError("`up` is the embedded mode. In production run web, worker and beat.")
        if not 0 < port < 65536:
            raise CommandError("A port is a number from 1 to 65535.")
        if settings.GTS_FAKE_TONE3000 and not listening.is_loopback(host):
            raise CommandError(
                "The fake Tone 3000 lets anybody in: unset GTS_FAKE_TONE3000, or leave "
                "the network out (no --host)."
            )
        here = "127.0.0.1" if host in listening.EVERY_ADDRESS else listening.in_url(host)
        url = f"http://{here}:{port}"
        with contextlib.ExitStack() as stack:
            with _advice_for(settings.DATA_DIR):
                # Before anything is touched, and until this process ends.
                self._take_lock(stack, url)
                listener = stack.enter_context(self._bind(host, port))
                self._log_to_file(url)
                self._prepare(with_demo=not options["no_demo"])
                link = owner_link(url, owner_token_renew(secrets_dir()))
                is_opening = not options["no_browser"] and listening.has_browser()
                page = owner_page_write(secrets_dir(), link) if is_opening else None
            if settings.GTS_FAKE_TONE3000:
                self._start_fake_tone3000(stack)
            self._serve(listener, self._addresses(host, port, url, link), page)

    def _take_lock(self, stack: contextlib.ExitStack, url: str) -> None:
        try:
            stack.enter_context(holding(settings.DATA_DIR, what=f"The GTS server on {url}/"))
        except LockedError as error:
            raise CommandError(
                f"{error} Stop it first, or give this one a folder and a port of its own: "
                "make run GTS_DATA_DIR=… PORT=…"
            ) from error

    def _bind(self, host: str, port: int) -> socket:
        try:
            return listening.bind(host, port)
        except listening.PortError as error:
            raise CommandError(str(error)) from error

    def _log_to_file(self, url: str) -> None:
        path = settings.DATA_DIR / "log" / "gts.log"
        log_to_file(path, instead_of_console=Troubles(self._say, _short(path)))
        renders = logging.getLogger("shootouts.renders")
        renders.setLevel(logging.INFO)
        renders.addHandler(RenderNews(self._say, url))

    def _prepare(self, *, with_demo: bool) -> None:
        with step("Database") as result:
            is_new = not (settings.DATA_DIR / "gts.sqlite3").exists()
            call_command("migrate", interactive=False, verbosity=0)
            result += ["made" if is_new else "ready", str(_short(settings.DATA_DIR))]
        with step("Static files") as result:
            result.append("gathered" if gather_static() else "ready")
        if with_demo:
            with step("Demo") as result:
                said = StringIO()
                call_command("seed_demo", stdout=said)
                result.append(said.getvalue().strip().removesuffix("."))

    def _start_fake_tone3000(self, stack: contextlib.ExitStack) -> None:
        """As a process of its own, which ends with this one."""
        port = settings.GTS_FAKE_TONE3000_PORT
        command = [sys.executable, "-m", "tools.tone3000_server", f"--port={port}"]
        server = subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True)
        stack.enter_context(server)
        stack.callback(server.terminate)
        if server.stdout is None or not server.stdout.readline():  # it has said why
            raise CommandError(
                f"The fake Tone 3000 cannot have port {port}: "
                "give it another with GTS_FAKE_TONE3000_PORT."
            )
        self._say(f"A fake Tone 3000 is on http://localhost:{port}/")

    def _addresses(self, host: str, port: int, url: str, link: str) -> list[str]:
        """The lines that say where it is; and lets itself be called by what they say.

        ``link`` logs its owner in, and stands last.
        """
        if not listening.is_loopback(host):
            names = listening.host_names(host)
            settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *names]
        if is_open():
            self._say(
                "Open            everyone who comes by this machine, through a proxy on it too, is "
                "its operator (GTS_OPEN)"
            )
        if host not in listening.EVERY_ADDRESS:
            return [link]
        self._say(
            "Network         others see public shootouts, and may log in with a password; "
            "the last address below is for you alone"
        )
        own = [listening.in_url(address) for address in listening.own_addresses()]
        network = f"http://{own[0]}:{port}/" if own else "no network found"
        return [f"This machine: {url}/", f"Your network: {network}", link]

    def _serve(self, listener: socket, addresses: list[str], page: Path | None) -> None:
        config = uvicorn.Config(
            "gts.asgi:application",
            http=Connection,
            lifespan="on",
            log_config=None,  # its lines look like ours
            log_level="warning",
            # Watchers keep sockets open; a stop must not wait for them.
            timeout_graceful_shutdown=3,
        )
        server = Server(
            config, ready=lambda: self._say_ready(addresses, page), stopping=self._say_stop
        )
        with contextlib.suppress(KeyboardInterrupt):
            server.run([listener])
        if not server.started:
            raise CommandError("GTS did not start.")  # why, the server has said

    def _say_ready(self, addresses: list[str], page: Path | None) -> None:
        self._say("GTS is on. Ctrl+C stops it.")
        self._say("")
        for address in addresses:
            self._say(f"  {address}")
        self._say("")
        if page is not None:
            listening.open_browser(page)

    def _say_stop(self) -> None:
        self._say("Stopping: what was rendering goes on at the next start.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


@contextlib.contextmanager
def _advice_for(folder: Path) -> Iterator[None]:
    """What keeps a first start from its end, as a sentence."""
    try:
        yield
    except AppError as error:
        raise CommandError(error.message) from error
    except (OSError, DatabaseError) as error:
        if is_disk_full(error) or "disk is full" in str(error):  # as SQLite says it
            raise CommandError(
                f"There is no room left on the disk of {folder}. Make some (a first start needs "
                "about 100 MB, renders more) and start GTS again, or move it with GTS_DATA_DIR."
            ) from error
        raise CommandError(
            f"{error}. GTS must be able to read and write everything in {folder}. Repair that, or "
            "give it another folder with GTS_DATA_DIR."
        ) from error


def _short(path: Path) -> Path:
    """As someone in the current folder would type it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


class Server(uvicorn.Server):
    """Says that it is there, once it is; and that it heard the wish to stop."""

    def __init__(
        self, config: uvicorn.Config, *, ready: Callable[[], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._say_ready = ready
        self._say_stopping = stopping

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._say_ready()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._say_stopping()
        await super().shutdown(sockets)
