"""Memory that was let go of goes back to the system."""

from __future__ import annotations

import platform
from pathlib import Path
from types import SimpleNamespace

import pytest
from celery.signals import task_postrun

from gts import celery
from gts.ops import memory

_MEGABYTE = 1024**2


def resident_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def test_what_was_let_go_of_is_given_back() -> None:
    if platform.libc_ver()[0] != "glibc":
        assert memory.give_back() in (True, False)
        return
    # Small enough for the heap, whose end is held by the last: glibc keeps what is below it.
    blocks = [bytearray(100_000) for _ in range(1_000)]
    last = blocks[-1]
    blocks.clear()
    held = resident_bytes()
    assert memory.give_back()
    assert resident_bytes() < held - 50 * _MEGABYTE
    assert len(last) == 100_000


def test_it_is_asked_for_after_each_render(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(celery, "give_back", lambda: asked.append(True))
    for queue, times in (("short", 0), ("render", 1)):
        request = SimpleNamespace(delivery_info={"routing_key": queue})
        task_postrun.send(sender=None, task=SimpleNamespace(request=request))
        assert len(asked) == times
