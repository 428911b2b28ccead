"""Rate limits that all workers and hosts share."""

from functools import partial

from redis.asyncio import Redis

from .limits import Limit, RateLimiter, RateLimitResult
from .problems import UnavailableError
from .redis_client import FailureMode, RedisClient, RedisUnavailableError

RETRY_AFTER_SECONDS = 5

# GCRA, as the limiter's library has it for one key, but for all rates of a limit at once, and with
# how far each is ahead: headers need that, and would else cost a second round trip. The server's
# clock serves all hosts alike. A key expires when it has nothing left to say.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local reply = {1}
for i, key in ipairs(KEYS) do
  local interval, count = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local ahead = math.max(tonumber(redis.call('GET', key) or 0) - now, 0)
  if ahead + interval > count * interval then reply[1] = 0 end
  reply[i + 1] = ahead
end
if reply[1] == 1 then
  for i, key in ipairs(KEYS) do
    local ahead = reply[i + 1] + tonumber(ARGV[2 * i - 1])
    redis.call('SET', key, string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000))
    reply[i + 1] = ahead
  end
end
return reply
"""


class RedisRateLimiter:
    """Counts in Redis, in one round trip for each request.

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
        redis.recoveries.append(self._try_script)

    async def hit(self, key: str, limit: Limit) -> RateLimitResult | None:
        """Count a request and return whether it may pass; None where it may without being counted.

        Raises:
            UnavailableError: Redis is unavailable, and RATE_LIMIT_FAIL is closed.
        """
        try:
            return await self._redis.run(partial(self._count, key, limit))
        except RedisUnavailableError:
            pass
        match self._failure_mode:
            case FailureMode.MEMORY:
                return await self._fallback.hit(key, limit)
            case FailureMode.OPEN:
                return None
            case FailureMode.CLOSED:
                raise UnavailableError(headers={"Retry-After": str(RETRY_AFTER_SECONDS)})

    async def _try_script(self, client: Redis) -> None:
        # Redis may respond to a ping and still refuse to count, as when its memory is full.
        await self._script(keys=[f"{self._prefix}try"], args=[1, 1], client=client)

    async def _count(self, key: str, limit: Limit, client: Redis) -> RateLimitResult:
        further = [f"{key}|{number}" for number in range(len(limit.further))]
        keys = [self._prefix + each for each in (key, *further)]
        numbers = [number for rate in limit.each for number in (rate.interval, rate.count)]
        allowed, *aheads = await self._script(keys=keys, args=numbers, client=client)
        return limit.result(*aheads, allowed=bool(allowed))
