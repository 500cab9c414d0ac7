"""Driving a running fake server over its control endpoints, from tests in any app or process."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final

import httpx

from tools.tone3000_server.options import CLIENT_ID

_TIMEOUT_S: Final = 10.0


class FakeServer:
    """``base``: its address, for settings. Every method is one call of ``/__fake__/…``."""

    client_id = CLIENT_ID

    def __init__(self, base: str) -> None:
        self.base = base
        self._http = httpx.Client(base_url=f"{base}/__fake__/", timeout=_TIMEOUT_S)

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def reset(self, **options: Any) -> None:
        """As at the start, with these options."""
        self._post("reset", options)

    def seed(self) -> None:
        """The data as at the start; tokens stay good."""
        self._post("seed")

    def set(self, **options: Any) -> None:
        """Change options (see ``Options``) from now on."""
        self._post("options", options)

    def advance(self, seconds: float) -> None:
        """Skip time: tokens expire, windows of the rate limit pass."""
        self._post("advance", {"seconds": seconds})

    def next_authorize(self, kind: str, *, user: str = "alice", tone_id: int | None = None) -> None:
        """approve, deny, error, cancel, cancel_with_code or refuse; without any page."""
        self._post("next-authorize", {"kind": kind, "user": user, "tone_id": tone_id})

    def expire_access_tokens(self) -> None:
        self._post("expire-access-tokens")

    def revoke(self, user: str) -> None:
        """End all sessions of a user: access and refresh tokens are dead."""
        self._post("revoke", {"user": user})

    def fail(self, path: str, *, times: int = 1, **how: Any) -> None:
        """The next calls of ``path`` (a * at its end: all below) get ``status``, ``body``,
        ``headers`` after ``delay_s``; without a status they are only late."""
        self._post("fail", {"path": path, "times": times, **how})

    def tone_set(self, tone_id: int, **change: bool) -> None:
        """``is_public`` or ``is_deleted``."""
        self._post("tone", {"tone_id": tone_id, **change})

    def tokens(self, user: str = "alice") -> dict[str, Any]:
        """access_token, refresh_token and expires_in, without the way through the browser."""
        pair: dict[str, Any] = self._post("tokens", {"user": user})
        return pair

    def forget(self) -> None:
        """Empty the log and the lint counters."""
        self._post("forget")

    def requests(self, path: str = "") -> list[dict[str, Any]]:
        """What was asked so far, secrets masked; only of one path if it is given."""
        entries: list[dict[str, Any]] = self._get("requests")
        return [entry for entry in entries if not path or entry["path"] == path]

    def lint(self) -> dict[str, int]:
        counters: dict[str, int] = self._get("lint")["counters"]
        return counters

    def lint_notes(self) -> list[str]:
        notes: list[str] = self._get("lint")["notes"]
        return notes

    def assert_clean(self) -> None:
        """Nothing was asked that a well-behaved client does not ask."""
        found = self._get("lint")
        assert not any(found["counters"].values()), found["notes"]

    def _post(self, name: str, given: dict[str, Any] | None = None) -> Any:
        answer = self._http.post(name, json=given or {})
        answer.raise_for_status()
        return answer.json()

    def _get(self, name: str) -> Any:
        return self._http.get(name).raise_for_status().json()
