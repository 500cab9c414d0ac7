"""What is being done, line by line, with the seconds that it took; and what is found broken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class CheckError(Exception):
    """What an operator would find broken, in one sentence; and what a log says about it."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


@contextmanager
def step(what: str) -> Iterator[None]:
    start_s = time.monotonic()
    print(f"· {what}", end="", flush=True)
    try:
        yield
    except BaseException:
        print("  ✗", flush=True)
        raise
    print(f"  {time.monotonic() - start_s:.1f} s", flush=True)
