"""Revoked tokens in Redis: a request with one is refused without a query of the database."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from redis.asyncio import Redis

from .redis_client import RedisClient, RedisUnavailableError


class RedisDenyList:
    """Stores revoked tokens until they expire.

    It only saves queries: while Redis is unavailable, or has lost its data, the database
    refuses the same tokens.

    Args:
        redis: The client.
        prefix: What the keys of this service begin with.
    """

    def __init__(self, redis: RedisClient, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    async def deny(self, token_ids: Iterable[UUID], seconds: float) -> None:
        """Refuse these tokens from now on, until they expire."""
        keys = [self._key(token_id) for token_id in token_ids]
        if not keys:
            return

        async def remember(client: Redis) -> None:
            async with client.pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.set(key, b"1", px=int(seconds * 1000))
                await pipeline.execute()

        with suppress(RedisUnavailableError):
            await self._redis.run(remember)

    async def denies(self, token_id: UUID) -> bool:
        """Return whether a token is known to be revoked."""

        async def look(client: Redis) -> bool:
            return bool(await client.exists(self._key(token_id)))

        try:
            return await self._redis.run(look)
        except RedisUnavailableError:
            return False

    def _key(self, token_id: UUID) -> str:
        return f"{self._prefix}{token_id}"
