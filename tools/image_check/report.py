"""What is being done, line by line, with the seconds that it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


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
