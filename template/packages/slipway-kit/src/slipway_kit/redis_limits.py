"""Rate limits that all workers and hosts share."""

import asyncio
from collections.abc import Sequence
from functools import partial

from redis.asyncio import Redis

from .limits import Limit, RateLimiter, RateLimitResult
from .problems import UnavailableError
from .redis_client import FailureMode, RedisClient, RedisUnavailableError

RETRY_AFTER_SECONDS = 5
MOST_AT_ONCE = 256
"""How many requests are counted in one round trip."""

# GCRA, as the limiter's library has it for one key, but for several at once, and telling how far
# each is ahead: headers need that, and would else cost a second round trip. The server's clock
# serves all hosts alike. A key expires when it has nothing left to say. A count below zero says
# that the next key is another rate of the same request, which passes if all of them let it.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local replies = {}
local first = 1
local allowed = true
for i, key in ipairs(KEYS) do
  local interval = tonumber(ARGV[2 * i - 1])
  local count = tonumber(ARGV[2 * i])
  local ahead = math.max(tonumber(redis.call('GET', key) or 0) - now, 0)
  allowed = allowed and ahead + interval <= math.abs(count) * interval
  replies[2 * i] = ahead
  if count > 0 then
    for j = first, i do
      if allowed then
        ahead = replies[2 * j] + tonumber(ARGV[2 * j - 1])
        local until_full = math.ceil(ahead / 1000)
        redis.call('SET', KEYS[j], string.format('%.0f', now + ahead), 'PX', until_full)
        replies[2 * j] = ahead
      end
      replies[2 * j - 1] = allowed and 1 or 0
    end
    first = i + 1
    allowed = true
  end
end
return replies
"""

_Waiting = tuple[str, Limit, asyncio.Future[RateLimitResult]]


class RedisRateLimiter:
    """Counts in Redis: requests that come while a round trip is on its way share the next.

    Args:
        redis: The client.
        prefix: What the keys of this service begin with.
        failure_mode: What becomes of the limits while Redis is unavailable.
        fallback: Counts in this process, for that time.
    """

    def __init__(
        self, redis: RedisClient, prefix: str, failure_mode: FailureMode, fallback: RateLimiter
    ) -> None:
        self._redis = redis
        self._prefix = prefix
        self._failure_mode = failure_mode
        self._fallback = fallback
        self._script = redis.client.register_script(_SCRIPT)
        self._waiting: list[_Waiting] = []
        self._counting: asyncio.Task[None] | None = None
        redis.recoveries.append(self._try_script)

    async def hit(self, key: str, limit: Limit) -> RateLimitResult | None:
        """Count a request and return whether it may pass; None where it may without being counted.

        Raises:
            UnavailableError: Redis is unavailable, and RATE_LIMIT_FAIL is closed.
        """
        if not self._redis.unavailable:
            future: asyncio.Future[RateLimitResult] = asyncio.get_running_loop().create_future()
            self._waiting.append((self._prefix + key, limit, future))
            if self._counting is None:
                self._counting = asyncio.create_task(self._count())
            try:
                return await future
            except RedisUnavailableError:
                pass
        match self._failure_mode:
            case FailureMode.MEMORY:
                return await self._fallback.hit(key, limit)
            case FailureMode.OPEN:
                return None
            case FailureMode.CLOSED:
                raise UnavailableError(headers={"Retry-After": str(RETRY_AFTER_SECONDS)})

    async def _count(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:MOST_AT_ONCE]
                del self._waiting[:MOST_AT_ONCE]
                asking = self._redis.run(partial(self._ask, batch))
                (error,) = await asyncio.gather(asking, return_exceptions=True)
                for _, _, future in batch:
                    if isinstance(error, BaseException) and not future.done():
                        future.set_exception(error)
        finally:
            self._counting = None

    async def _try_script(self, client: Redis) -> None:
        # Redis may respond to a ping and still refuse to count, as when its memory is full.
        await self._script(keys=[f"{self._prefix}try"], args=[1, 1], client=client)

    async def _ask(self, batch: Sequence[_Waiting], client: Redis) -> None:
        numbers: list[int] = []
        keys: list[str] = []
        for key, limit, _ in batch:
            for number, rate in enumerate(limit.further):
                keys.append(f"{key}|{number}")
                numbers += (rate.interval, -rate.count)
            keys.append(key)
            numbers += (limit.interval, limit.count)
        replies = await self._script(keys=keys, args=numbers, client=client)
        told = zip(replies[::2], replies[1::2], strict=True)
        for _, limit, future in batch:
            further = [next(told)[1] for _ in limit.further]
            allowed, ahead = next(told)
            if not future.done():  # its request may have been given up
                future.set_result(limit.result(ahead, *further, allowed=bool(allowed)))
