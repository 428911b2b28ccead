"""A cache that all workers and hosts share."""

import math
import uuid

from redis.asyncio import Redis

from .redis_client import RedisClient, RedisUnavailableError

_INVALIDATED = b""


class RedisStore:
    """Stores values in Redis, and none while it is unavailable.

    Redis misses invalidations while it is unavailable. Each
    recovery therefore begins a new generation of keys, which leaves behind all that was kept. Its
    name outlives every value, so that none of an earlier generation is found again.

    Args:
        redis: The client.
        prefix: What the keys of this service begin with.
        longest: Seconds for which a value is kept at most.
    """

    def __init__(self, redis: RedisClient, prefix: str, longest: float) -> None:
        self._redis = redis
        self._generation = f"{prefix}generation"
        self._prefix = prefix
        self._longest_ms = math.ceil(longest * 1000)
        self._read = redis.client.register_script(_READ)
        self._write = redis.client.register_script(_WRITE)
        redis.recoveries.append(self._begin_generation)

    async def read(self, key: str) -> bytes | None:
        """Return the value, or None for none."""
        try:
            value: bytes | None = await self._redis.run(
                lambda client: self._read(
                    keys=[self._generation], args=[self._prefix, key], client=client
                )
            )
        except RedisUnavailableError:
            return None
        return value or None

    async def keep(self, key: str, value: bytes, seconds: float) -> None:
        """Store a value, unless there is one or the key was invalidated."""
        await self._put(key, value, seconds, "NX")

    async def invalidate(self, key: str, seconds: float) -> None:
        """Invalidate the value, and store none for a while."""
        await self._put(key, _INVALIDATED, seconds, "")

    async def _put(self, key: str, value: bytes, seconds: float, when: str) -> None:
        milliseconds = math.ceil(seconds * 1000)
        arguments: list[str | bytes | int] = [self._prefix, key, value, milliseconds, when]
        try:
            await self._redis.run(
                lambda client: self._write(keys=[self._generation], args=arguments, client=client)
            )
        except RedisUnavailableError:
            return

    async def _begin_generation(self, client: Redis) -> None:
        await client.set(self._generation, uuid.uuid4().hex, px=2 * self._longest_ms)


_PLACE = """
local place = ARGV[1] .. (redis.call('GET', KEYS[1]) or '0') .. ':' .. ARGV[2]
"""
_READ = f"{_PLACE}return redis.call('GET', place)"
_WRITE = f"""{_PLACE}
if ARGV[5] == 'NX' then
  return redis.call('SET', place, ARGV[3], 'PX', ARGV[4], 'NX')
end
return redis.call('SET', place, ARGV[3], 'PX', ARGV[4])
"""
