"""Where the embedded server listens, by which addresses it is reached, and opening a page of it.

Of the standard library only: ``tools.install.checks`` loads this file before any package is there.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import sys
import webbrowser
from pathlib import Path
from threading import Thread
from typing import Final

EVERY_ADDRESS: Final = ("0.0.0.0", "::")
# Documentation addresses: asked only which way a packet would leave. Nothing is sent.
_PROBES: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
_NUM_PORTS_TRIED: Final = 50


class PortError(Exception):
    """The text says what to do."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that holds the port; no one is answered before it listens. Raises ``PortError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortError(_advice(host, port, error)) from error
    return listener


def _advice(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        free = _free_port(host, port)
        return f"Port {port} is taken by another program. Type: make run PORT={free}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} is for the system's own programs. Type: make run PORT=8000"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine. Use 127.0.0.1, or 0.0.0.0 for all of them."
    return f"GTS cannot listen on {in_url(host)}:{port}: {error.strerror}."


def _free_port(host: str, taken: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(taken + 1, min(taken + _NUM_PORTS_TRIED, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            try:
                tried.bind((host, port))
            except OSError:
                continue
            return port
    return 8000


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def own_addresses() -> list[str]:
    """Those with which this machine talks to its network, best first; none without a network."""
    found = []
    for family, probe in _PROBES:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            try:
                asked.connect((probe, 9))
            except OSError:
                continue
            found.append(asked.getsockname()[0])
    with contextlib.suppress(OSError):  # a machine need not know its own name
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None)]
    usable = [address for address in dict.fromkeys(found) if _is_usable(address)]
    return sorted(usable, key=lambda address: ":" in address)


def _is_usable(address: str) -> bool:
    """Not loopback, and not of one link only: no browser can be told which link is meant."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return not (ip.is_loopback or ip.is_link_local or ip.is_unspecified)


def in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def host_names(host: str) -> list[str]:
    """The names and addresses by which browsers ask for a server that listens on ``host``."""
    if host not in EVERY_ADDRESS:
        return [in_url(host)]
    name = socket.gethostname().lower()
    return [*map(in_url, own_addresses()), name, f"{name.partition('.')[0]}.local"]


def has_browser() -> bool:
    """Whether a person sits at a terminal of this machine, and a browser opens beside it.

    One that runs in the terminal itself (w3m, say) would take it away from the server.
    """
    if not sys.stdout.isatty():
        return False
    if sys.platform not in ("darwin", "win32") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    try:
        return type(webbrowser.get()) is not webbrowser.GenericBrowser
    except webbrowser.Error:
        return False


def open_browser(path: Path) -> None:
    """Without waiting for it. If it does not work, the address is on the console all the same."""
    Thread(target=webbrowser.open, args=(path.as_uri(),), daemon=True).start()
