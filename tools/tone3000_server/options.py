"""What can be set of the fake server, at its start and while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

CLIENT_ID: Final = "t3k_pub_fake"

_CHOICES: Final[Mapping[str, tuple[Any, ...]]] = {
    "error_style": ("oauth", "gotrue"),
    "id_style": ("uuid", "int"),
    "shape": ("2026-10", "2026-06"),
    "private_status": (404, 403),
    "download_mode": ("direct", "redirect", "truncate", "short", "slow", "html"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """``clients``: publishable key → registered redirect URIs; none registered: any is taken.

    ``auto_approve``: the user who says yes without being asked; empty: the page is shown.
    ``download_mode`` "truncate" cuts the connection, "short" answers with half a file.
    """

    public_base: str = "http://localhost:9300"
    clients: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {CLIENT_ID: ()})
    partners: tuple[str, ...] = ()
    access_ttl_s: int = 3600
    code_ttl_s: int = 600
    refresh_reuse_grace_s: int = 0
    reuse_kills_session: bool = False
    error_style: str = "oauth"
    id_style: str = "uuid"
    shape: str = "2026-10"
    private_status: int = 404
    rate_limit: int = 100
    search_limit: int = 20
    has_retry_after: bool = True
    is_behind_waf: bool = False
    auto_approve: str = ""
    download_mode: str = "direct"
    slow_s: float = 2.0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {choices}")

    def changed(self, changes: Mapping[str, Any]) -> Options:
        """Raises ``ValueError`` for an option there is not, or a value it cannot have."""
        strangers = set(changes) - {option.name for option in fields(self)}
        if strangers:
            raise ValueError(f"there is no option {', '.join(sorted(strangers))}")
        return replace(self, **changes)
