"""The crowd of ``make bench-web`` against a server that is known."""

from __future__ import annotations

import asyncio

import pytest

from tools.bench_web.load import Load, load, rush

_DURATION_S = 0.2


class _Server:
    """Answers in two pieces; every third time with 503, after which it hangs up."""

    def __init__(self) -> None:
        self.num_asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            self.num_asked += 1
            is_busy = self.num_asked % 3 == 0
            status = b"503 Busy\r\nConnection: close" if is_busy else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 10\r\n\r\n01234")
            await writer.drain()
            writer.write(b"56789")
            if is_busy:
                writer.close()
                return


async def _answers(num_clients: int) -> tuple[Load, _Server]:
    known = _Server()
    server = await asyncio.start_server(known.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        url = f"http://127.0.0.1:{port}/page?of=2"
        return await load(url, num_clients=num_clients, duration_s=_DURATION_S), known


async def test_it_counts_what_was_answered() -> None:
    found, known = await _answers(num_clients=4)
    assert sum(found.statuses.values()) == known.num_asked
    assert found.statuses[503] == known.num_asked // 3
    assert found.statuses[200] == len(found.times_ms)
    figures = found.as_json()
    assert figures["per_s"] == pytest.approx(len(found.times_ms) / found.duration_s, rel=0.01)
    assert 0.0 < figures["p50_ms"] <= figures["p99_ms"] <= 1000.0 * found.duration_s


async def test_a_server_that_is_not_there_is_no_figure() -> None:
    with pytest.raises(ConnectionRefusedError):
        await load("http://127.0.0.1:1/", num_clients=1, duration_s=_DURATION_S)


async def test_a_rush_is_one_question_each_and_says_what_was_not_told() -> None:
    known = _Server()
    server = await asyncio.start_server(known.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        urls = [f"http://127.0.0.1:{port}/{path}" for path in "ab"]
        statuses = await rush(urls, num_clients=9)
    assert statuses == {"200": 6, "503 without Retry-After": 3}
    assert known.num_asked == 9
    assert await rush(["http://127.0.0.1:1/"], num_clients=2) == {"ConnectionRefusedError": 2}
