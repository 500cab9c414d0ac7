"""Celery's way over Redis, with one repair: a worker outlives Redis.

When Redis goes away, Celery closes the connection twice. kombu gives back what is not acknowledged
when a channel closes; if it only gets to that the second time, there is no address left to connect
to, and it fails with an ``AttributeError`` that no one expects: the worker ends, and what it would
have done waits until someone starts it again. Here it fails as every lost connection does, which
kombu ignores while it cleans up. The message is not lost, the row of its job says that it waits.
"""

from __future__ import annotations

from typing import Any

from kombu.transport.redis import Channel as RedisChannel
from kombu.transport.redis import Transport as RedisTransport
from redis.exceptions import ConnectionError as LostConnectionError


class Channel(RedisChannel):
    connection: Any

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection is None or self.connection.client is None:
            raise LostConnectionError("this channel's connection is closed")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]  # not in its stubs


class Transport(RedisTransport):
    Channel = Channel
