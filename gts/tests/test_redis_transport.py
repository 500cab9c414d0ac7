"""A worker outlives the end of Redis, whatever it holds at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection, Producer, Queue
from kombu.transport import get_transport_cls
from kombu.transport.redis import Channel as RedisChannel
from redis.exceptions import ConnectionError as LostConnectionError

from gts.celery import app
from gts.redis_transports import Channel
from gts.tests.private_servers import PrivateRedis, needs_servers


@pytest.fixture
def redis_server() -> Iterator[PrivateRedis]:
    server = PrivateRedis()
    server.start()
    yield server
    server.stop()
    server.remove()


def test_celery_takes_the_repaired_way() -> None:
    assert app.conf  # imported
    for scheme in ("redis", "rediss"):
        transport: Any = get_transport_cls(scheme)
        assert transport.Channel is Channel


@pytest.mark.parametrize("is_repaired", [True, False])
class TestRedisGoesAway:
    pytestmark = needs_servers

    def test_with_a_message_that_is_not_acknowledged(
        self, redis_server: PrivateRedis, monkeypatch: pytest.MonkeyPatch, is_repaired: bool
    ) -> None:
        """As Celery does it: collect, and what that raises is of no interest, then close."""
        if not is_repaired:  # or the repair is not needed any more
            monkeypatch.setattr(Channel, "_connparams", vars(RedisChannel)["_connparams"])
        connection = Connection(redis_server.url)
        channel: Any = connection.default_channel
        queue = Queue("short")(channel)
        queue.declare()
        Producer(channel).publish({}, routing_key="short")
        assert queue.get() is not None
        # What waits for news sees first that no one is there; closing ends with it.
        other: Any = connection.channel()
        for waiting in (channel, other):
            waiting._in_poll = True
            monkeypatch.setattr(waiting, "_brpop_read", _lose_once(waiting))
        redis_server.stop()
        connection.collect(socket_timeout=1)
        if is_repaired:
            connection.close()
        else:
            with pytest.raises(AttributeError, match="hostname"):
                connection.close()


def _lose_once(channel: Any) -> Any:
    def read() -> None:
        channel._in_poll = None
        raise LostConnectionError("gone")

    return read
