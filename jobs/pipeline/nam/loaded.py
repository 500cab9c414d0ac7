"""Captures that this process has laid out, kept for the next render that plays them.

Reading an A1 standard and laying it out takes a tenth of what it takes to play some seconds through
it; to hear a parameter change at once that is too much. What was not played for longest goes when
all of them together take more than ``MAX_BYTES``.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from jobs.pipeline.nam.engine import NamEngine, build_engine, choose_submodel
from jobs.pipeline.nam.file import NamFile, read_nam

MAX_BYTES: Final = 64 * 1024 * 1024
_FLOAT_BYTES: Final = 4

Loaded: TypeAlias = tuple[NamFile, NamEngine]


class LoadedCaptures:
    """By the SHA-256 of their file and the size that was chosen. Any thread."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, float], tuple[Loaded, int]] = OrderedDict()
        self.size_bytes = 0

    def get(self, sha256: str, slim_size: float, path: Callable[[], Path]) -> Loaded:
        """``path``: where the file is; asked for only when it has to be read. Raises what
        ``read_nam`` and ``path`` raise."""
        key = (sha256, float(slim_size))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        # Two at once read it twice, and one is kept.
        nam = read_nam(path())
        loaded = nam, build_engine(nam, slim_size)
        self._keep(key, loaded, _size_bytes(nam, slim_size))
        return loaded

    def _keep(self, key: tuple[str, float], loaded: Loaded, size_bytes: int) -> None:
        with self._lock:
            if key in self._kept or size_bytes > self._max_bytes:
                return
            self._kept[key] = loaded, size_bytes
            self.size_bytes += size_bytes
            while self.size_bytes > self._max_bytes:
                _, (_, freed_bytes) = self._kept.popitem(last=False)
                self.size_bytes -= freed_bytes


def _size_bytes(nam: NamFile, slim_size: float) -> int:
    """At most: of the file's weights, and of the network laid out."""
    config = choose_submodel(nam, slim_size).config
    num_engine_floats = config.num_engine_floats if config is not None else 0
    return _FLOAT_BYTES * (nam.num_weights + num_engine_floats)


loaded_captures: Final = LoadedCaptures()
