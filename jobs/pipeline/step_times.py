"""How long each step of the pipeline takes, for those who measure it (``tools.bench``).

Steps are marked where they are defined, with ``@timed``. Marks cost next to nothing and change
nothing; times are taken only within ``measuring_steps``.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Final, Literal, ParamSpec, TypeAlias, TypeVar

Step: TypeAlias = Literal[
    "decode_stage", "captures", "cab_post", "measure", "publish", "montage", "video"
]

# In the order of the work. ``decode_stage``: reading the DI and finding its level; ``captures``:
# networks, and what is kept of them; ``cab_post``: the rest of the chains, with their probes;
# ``measure``: loudness and metrics; ``publish``: gain, dither, FLAC.
STEPS: Final[tuple[Step, ...]] = (
    "decode_stage",
    "captures",
    "cab_post",
    "measure",
    "publish",
    "montage",
    "video",
)

_P = ParamSpec("_P")
_R = TypeVar("_R")


class StepTimes:
    """Wall time of each step, of all threads together. A step within another counts for itself
    alone, so the times add up."""

    def __init__(self) -> None:
        self.seconds: dict[Step, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._thread = threading.local()

    @contextmanager
    def during(self, step: Step) -> Iterator[None]:
        outer: list[float] | None = getattr(self._thread, "within", None)
        within = self._thread.within = [0.0]  # what steps inside this one take
        start = time.perf_counter()
        try:
            yield
        finally:
            took_s = time.perf_counter() - start
            self._thread.within = outer
            if outer is not None:
                outer[0] += took_s
            with self._lock:
                self.seconds[step] += took_s - within[0]


_times: StepTimes | None = None


@contextmanager
def measuring_steps() -> Iterator[StepTimes]:
    """Take the times of all steps of this process until the end of the block."""
    global _times
    if _times is not None:
        raise RuntimeError("steps are being measured already")
    _times = StepTimes()
    try:
        yield _times
    finally:
        _times = None


def timed(step: Step) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Marks a function as a step, or as a part of one."""

    def mark(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(function)
        def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            if _times is None:
                return function(*args, **kwargs)
            with _times.during(step):
                return function(*args, **kwargs)

        return run

    return mark


def timed_items(
    step: Step,
) -> Callable[[Callable[_P, Iterator[_R]]], Callable[_P, Iterator[_R]]]:
    """Marks a generator: what it takes to make each item counts, not what is done with it."""

    def mark(function: Callable[_P, Iterator[_R]]) -> Callable[_P, Iterator[_R]]:
        @wraps(function)
        def run(*args: _P.args, **kwargs: _P.kwargs) -> Iterator[_R]:
            items = function(*args, **kwargs)
            return items if _times is None else _each(items, step)

        return run

    return mark


def _each(items: Iterator[_R], step: Step) -> Iterator[_R]:
    advance = timed(step)(next)
    end = object()
    while (item := advance(items, end)) is not end:
        yield item  # type: ignore[misc]
