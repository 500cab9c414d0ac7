"""What stands in for images of others: Debian's packages of the same major version."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tools.image_check.errors import CheckError

SUITE: Final = "bookworm"
_SERVERS: Final = ("postgresql", "redis-server", "caddy", "wget")  # in one root
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class FakeServer:
    """``setup`` runs once in the fresh root; ``script`` is a program that its command may call."""

    version: str
    packages: tuple[str, ...]
    setup: str = "true"
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    user: str = "root"
    command: tuple[str, ...] = ()
    script: Path | None = None


POSTGRES_SCRIPT: Final = Path(__file__).with_name("postgres_entrypoint.sh")

# The beginning of an image's name and version, and what stands in for it.
STAND_INS: Final = {
    # As in the image, `python` and `pip` are alone in /usr/local: nothing of Debian's is imported.
    "python": FakeServer(
        version="3.11",
        packages=("python3", "python3-venv", "ca-certificates"),
        setup="python3 -m venv /usr/local",
        command=("python3",),
    ),
    "postgres": FakeServer(
        version="15",
        packages=_SERVERS,
        environment={
            "PATH": f"/usr/lib/postgresql/15/bin:{_PATH}",
            "PGDATA": "/var/lib/postgresql/data",
        },
        command=("sh", f"/{POSTGRES_SCRIPT.name}"),
        script=POSTGRES_SCRIPT,
    ),
    "redis": FakeServer(version="7", packages=_SERVERS, user="redis"),
    "caddy": FakeServer(
        version="2",
        packages=_SERVERS,
        environment={"PATH": _PATH, "XDG_CONFIG_HOME": "/config", "XDG_DATA_HOME": "/data"},
        command=("caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"),
    ),
}


def stand_in(image: str) -> FakeServer:
    name, _, tag = image.partition(":")
    found = STAND_INS.get(name)
    if found is None or not (tag + ".").startswith(f"{found.version}."):
        known = ", ".join(f"{name}:{found.version}" for name, found in STAND_INS.items())
        raise CheckError(f"nothing of Debian's stands in for {image}; there is {known}")
    return found
