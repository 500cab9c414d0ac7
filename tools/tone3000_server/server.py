"""Running the fake server: in a thread beside tests or `make run`, or as a process of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn

from tools.tone3000_server.app import FakeServerApp
from tools.tone3000_server.handle import FakeServer
from tools.tone3000_server.options import Options
from tools.tone3000_server.world import World

HOST: Final = "127.0.0.1"
_START_TIMEOUT_S: Final = 10.0


def make_server(port: int, *, demo_dir: Path | None = None, **options: Any) -> uvicorn.Server:
    """A server that is not running yet, on loopback only."""
    public_base = options.pop("public_base", f"http://localhost:{port}")
    world = World(Options(public_base=public_base, **options), demo_dir=demo_dir)
    config = uvicorn.Config(
        FakeServerApp(world),
        host=HOST,
        port=port,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


@contextmanager
def running_fake_tone3000(
    port: int = 0, *, demo_dir: Path | None = None, **options: Any
) -> Iterator[FakeServer]:
    """The fake server in a thread; ``port`` 0: a free one. Gives the handle that drives it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        port = listener.getsockname()[1]
        server = make_server(port, demo_dir=demo_dir, **options)
        thread = threading.Thread(
            target=server.run, args=([listener],), name="tone3000-fake", daemon=True
        )
        thread.start()
        try:
            _wait_until_started(server, thread)
            with FakeServer(f"http://localhost:{port}") as handle:
                yield handle
        finally:
            server.should_exit = True
            thread.join(_START_TIMEOUT_S)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline_s:
            raise RuntimeError("the fake Tone 3000 did not start")
        time.sleep(0.01)
