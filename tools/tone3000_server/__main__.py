"""``python -m tools.tone3000_server``: the fake Tone 3000 as a process of its own."""

from __future__ import annotations

import argparse
import contextlib
import socket
from pathlib import Path
from typing import Final

from tools.tone3000_server.server import HOST, make_server
from tools.tone3000_server.state import CLIENT_ID

_DEMO: Final = Path(__file__).parents[2] / "shootouts" / "demo"


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.tone3000_server",
        description="Serve a fake Tone 3000 on this machine: invented people and tones, in memory.",
    )
    parser.add_argument("--port", type=_port, default=9300)
    parser.add_argument(
        "--auto-approve", default="", metavar="USER", help="say yes as this user, unasked"
    )
    options = parser.parse_args()
    server = make_server(options.port, demo_dir=_DEMO, auto_approve=options.auto_approve)
    try:
        listener = socket.create_server((HOST, options.port))
    except OSError as error:
        raise SystemExit(f"Port {options.port} cannot be used: {error.strerror}.") from error
    print(
        f"A fake Tone 3000 is on http://localhost:{options.port}/ (Ctrl+C stops it).\n"
        f"GTS_TONE3000_API=http://localhost:{options.port}/api/v1 GTS_TONE3000_KEY={CLIENT_ID}",
        flush=True,
    )
    with contextlib.suppress(KeyboardInterrupt), listener:
        server.run([listener])


if __name__ == "__main__":
    main()
