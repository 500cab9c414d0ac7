"""The owner of a server that a test has started."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode


def owner_token(data_dir: Path) -> str:
    """What is good now; the server makes another as soon as it was used."""
    return (data_dir / "secrets" / "owner_token").read_text()


def owner_path(data_dir: Path, *, next: str = "") -> str:
    """The way in, and on to the page ``next``."""
    query = {"token": owner_token(data_dir), **({"next": next} if next else {})}
    return f"/login/link/?{urlencode(query)}"
