"""What the fake server remembers while it runs: time, tokens, requests, and what is to go wrong."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tools.tone3000_server.catalog import Catalog
from tools.tone3000_server.options import Options
from tools.tone3000_server.seed import catalog
from tools.tone3000_server.tokens import TokenOffice

_WINDOW_S: Final = 60.0

# What a well-behaved client never does. All of them are always shown, so that zero is a finding.
LINT: Final = (
    "unknown_params",
    "deprecated_params",
    "empty_scope",
    "empty_client_secret",
    "missing_user_agent",
    "double_slash",
    "leaked_authorization",
)


@dataclass(slots=True)
class Failure:
    """What happens to the next ``times`` calls of a path. Without a status they are only late."""

    path: str
    times: int
    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the next authorization goes, without a page: see ``oauth``."""

    kind: str
    user: str = "alice"
    tone_id: int | None = None


class Clock:
    """Real time, and whatever was skipped. ``now`` can be another clock."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._skipped_s = 0.0

    def __call__(self) -> float:
        return self._now() + self._skipped_s

    def advance(self, seconds: float) -> None:
        self._skipped_s += seconds


class World:
    def __init__(
        self,
        options: Options,
        *,
        demo_dir: Path | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._first_options = options
        self._demo_dir = demo_dir
        self._now = now
        self.reset()

    def reset(self) -> None:
        """As at the start: no one has a token, nothing was asked."""
        self.options = self._first_options
        self.clock = Clock(self._now)
        self.tokens = TokenOffice(self.clock)
        self.requests: list[dict[str, Any]] = []
        self.failures: list[Failure] = []
        self.outcomes: deque[Outcome] = deque()
        self.clear_lint()
        self._windows: dict[str, deque[float]] = {}
        self.seed()

    def seed(self) -> None:
        self.catalog: Catalog = catalog(self._demo_dir)

    def clear_lint(self) -> None:
        self.lint = Counter(dict.fromkeys(LINT, 0))
        self.lint_notes: list[str] = []

    def note(self, kind: str, what: str) -> None:
        self.lint[kind] += 1
        self.lint_notes.append(f"{kind}: {what}")

    def take_failure(self, path: str) -> Failure | None:
        """The failure that is due for this path; a path ending in * stands for all below it."""
        for failure in self.failures:
            prefix = failure.path.removesuffix("*")
            is_hit = path.startswith(prefix) if prefix != failure.path else path == prefix
            if is_hit:
                failure.times -= 1
                if failure.times <= 0:
                    self.failures.remove(failure)
                return failure
        return None

    def wait_s(self, who: str, limit: int) -> float:
        """Counts one request of ``who``. 0: fine; else the seconds until there is room again."""
        now = self.clock()
        window = self._windows.setdefault(who, deque())
        while window and window[0] <= now - _WINDOW_S:
            window.popleft()
        if len(window) >= limit:
            return window[0] + _WINDOW_S - now
        window.append(now)
        return 0.0
