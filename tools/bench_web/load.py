"""A crowd that asks a server for one page, again and again, and how it was answered."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httptools


@dataclass(slots=True)
class Load:
    """``times_ms``: of answers with 200. ``statuses``: how often there was which."""

    times_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    duration_s: float = 0.0
    num_bytes: int = 0

    @property
    def per_s(self) -> float:
        return len(self.times_ms) / self.duration_s

    def as_json(self) -> dict[str, Any]:
        cuts = statistics.quantiles(self.times_ms, n=100, method="inclusive")
        return {
            "per_s": round(self.per_s, 1),
            "p50_ms": round(cuts[49], 2),
            "p99_ms": round(cuts[98], 2),
            "kib": round(self.num_bytes / 1024 / sum(self.statuses.values()), 1),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
        }


async def load(url: str, *, num_clients: int, duration_s: float) -> Load:
    """``num_clients`` ask for ``url``, each for the next answer when it has one, on a connection
    of its own that is kept. Raises ``OSError`` where no server is."""
    result = Load()
    start_s = time.perf_counter()
    end_s = start_s + duration_s
    await asyncio.gather(*(_ask(url, end_s, result) for _ in range(num_clients)))
    result.duration_s = time.perf_counter() - start_s
    return result


async def rush(urls: Sequence[str], *, num_clients: int, headers: str = "") -> Counter[str]:
    """``num_clients`` ask at once, each once, for one of ``urls`` in turn. How often there was
    which status; ``503 without Retry-After`` is one of its own, as is a broken connection."""
    asked = (urls[number % len(urls)] for number in range(num_clients))
    return Counter(await asyncio.gather(*(_ask_once(url, headers) for url in asked)))


async def _ask_once(url: str, headers: str) -> str:
    parts = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(_question(url, headers))
            answer = await _read(url, reader)
        finally:
            writer.close()
    except OSError as error:
        return type(error).__name__
    is_untold = answer.status == 503 and b"retry-after" not in answer.header_names
    return f"{answer.status} without Retry-After" if is_untold else str(answer.status)


async def _ask(url: str, end_s: float, result: Load) -> None:
    parts = urlsplit(url)
    question = _question(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        while (asked_s := time.perf_counter()) < end_s:
            writer.write(question)
            answer = await _read(url, reader)
            result.num_bytes += answer.num_bytes
            result.statuses[answer.status] += 1
            if answer.status == 200:
                result.times_ms.append(1000.0 * (time.perf_counter() - asked_s))
            if not answer.is_kept:
                writer.close()
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    finally:
        writer.close()


def _question(url: str, headers: str = "") -> bytes:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\n{headers}\r\n"
    return lines.encode()


async def _read(url: str, reader: asyncio.StreamReader) -> _Answer:
    answer = _Answer()
    while not answer.is_complete:
        data = await reader.read(256 * 1024)
        if not data:
            raise ConnectionResetError(f"{url}: the server hung up")
        answer.feed(data)
    return answer


class _Answer:
    def __init__(self) -> None:
        self.is_complete = False
        self.is_kept = True
        self.header_names: set[bytes] = set()
        self.num_bytes = 0
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self.num_bytes += len(data)
        self._parser.feed_data(data)

    @property
    def status(self) -> int:
        return int(self._parser.get_status_code())

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_names.add(name.lower())

    def on_message_complete(self) -> None:
        self.is_complete = True
        self.is_kept = self._parser.should_keep_alive()
