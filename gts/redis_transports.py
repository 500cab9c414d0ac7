"""The ways of Celery and of Channels over Redis, each with a repair: both outlive Redis.

When Redis goes away, Celery closes the connection twice. kombu gives back what is not acknowledged
when a channel closes; if it only gets to that the second time, there is no address left to connect
to, and it fails with an ``AttributeError`` that no one expects: the worker ends, and what it would
have done waits until someone starts it again. Here it fails as every lost connection does, which
kombu ignores while it cleans up. The message is not lost, the row of its job says that it waits.

The channel layer of channels_redis, over publish and subscribe, fails with Redis: no WebSocket
could be opened while Redis was away, nor the first one after that, by a connection that had gone
stale. Here who listens is noted, and is subscribed as soon as Redis answers. Until then a socket
hears nothing and looks into the database, as it does in any silence (``jobs.live.subscription``).
Nothing waits for Redis longer than ``gts.web.redis_away`` says.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisPubSubLoopLayer,
    RedisSingleShardConnection,
)
from channels_redis.utils import decode_hosts
from kombu.transport.redis import Channel as RedisChannel
from kombu.transport.redis import Transport as RedisTransport
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import RedisError

from gts.web import redis_away

logger = logging.getLogger(__name__)

_LISTENED_S: Final = 0.1
_TRIED_AGAIN_EVERY_S: Final = 1.0


class Channel(RedisChannel):
    """Of Celery's transport: a closed one is a lost connection, and no ``AttributeError``."""

    connection: Any

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection is None or self.connection.client is None:
            raise LostConnectionError("this channel's connection is closed")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]  # not in its stubs


class Transport(RedisTransport):
    Channel = Channel


class _Connection(RedisSingleShardConnection):  # type: ignore[misc]  # channels_redis has no types
    """To one Redis. ``_subscribed_to`` of those in ``_wanted``, all but for a moment."""

    def __init__(self, host: dict[str, Any], layer: RedisPubSubLoopLayer) -> None:
        patience = {
            "socket_timeout": redis_away.TIMEOUT_S,
            "socket_connect_timeout": redis_away.TIMEOUT_S,
            # For a connection that was closed while it was idle.
            "retry": Retry(NoBackoff(), 1, supported_errors=(LostConnectionError,)),
        }
        super().__init__({**patience, **host}, layer)
        self._wanted: set[str] = set()

    async def publish(self, channel: str, message: bytes) -> None:
        """Raises ``RedisError``, at once if Redis was away a moment ago."""
        async with self._lock:
            if redis_away.is_away():
                raise LostConnectionError("Redis was away a moment ago")
            self._ensure_redis()
            try:
                await self._redis.publish(channel, message)
            except RedisError as error:
                redis_away.note(error)
                raise

    async def subscribe(self, channel: str) -> None:
        self._wanted.add(channel)
        await self._subscribe_to_wanted()
        self._ensure_receiver()

    async def unsubscribe(self, channel: str) -> None:
        self._wanted.discard(channel)
        async with self._lock:
            if channel not in self._subscribed_to:
                return
            self._subscribed_to.remove(channel)
            try:
                await self._pubsub.unsubscribe(channel)
            except RedisError as error:
                redis_away.note(error)
                # Or it would be subscribed to again with the next connection.
                self._pubsub.channels.pop(channel.encode(), None)

    async def flush(self) -> None:
        self._wanted.clear()
        await super().flush()

    async def _subscribe_to_wanted(self) -> None:
        async with self._lock:
            missing = self._wanted - self._subscribed_to
            if not missing or redis_away.is_away():
                return
            self._ensure_redis()
            try:
                await self._pubsub.subscribe(*missing)
            except RedisError as error:
                redis_away.note(error)
            else:
                self._subscribed_to |= missing

    async def _do_receiving(self) -> None:
        while True:
            try:
                await self._receive_some()
            except RedisError as error:  # with the next connection it subscribes again by itself
                redis_away.note(error)
                await asyncio.sleep(_TRIED_AGAIN_EVERY_S)
            except Exception:
                logger.exception("news cannot be received")
                await asyncio.sleep(_TRIED_AGAIN_EVERY_S)

    async def _receive_some(self) -> None:
        await self._subscribe_to_wanted()
        if self._pubsub is None or not self._pubsub.subscribed:
            await asyncio.sleep(_LISTENED_S)
            return
        message = await self._pubsub.get_message(
            ignore_subscribe_messages=True, timeout=_LISTENED_S
        )
        self._receive_message(message)


class _LoopLayer(RedisPubSubLoopLayer):  # type: ignore[misc]
    """Of one event loop."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._shards = [_Connection(host, self) for host in decode_hosts(options["hosts"])]


class RedisChannelLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """News between processes, that outlive a Redis that is away."""

    def _get_layer(self) -> RedisPubSubLoopLayer:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            super()._get_layer()  # sees to it that what is there ends with the loop
            self._layers[loop] = _LoopLayer(**self._kwargs, channel_layer=self)
        return self._layers[loop]
