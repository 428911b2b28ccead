"""How often a client may do something: GCRA, with a number a key, in this process."""

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from ipaddress import IPv6Address, IPv6Network
from operator import itemgetter
from typing import Annotated, NamedTuple, Protocol, Self

from pydantic import AfterValidator, Field
from pyrate_limiter import GCRA, Rate

from .client_ip import parse_address
from .headers import Headers
from .settings_group import SettingsGroup

MOST_KEYS = 10_000
"""How many clients and routes a process remembers; the least recently used is evicted first."""

MILLISECONDS = {
    "millisecond": 1,
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
}
_FORM = re.compile(
    r"([1-9][0-9]{0,8})\s*/\s*(?:([1-9][0-9]{0,10})\s*)?(" + "|".join(MILLISECONDS) + ")s?"
)
_MICROSECONDS = 1_000_000


class RateLimitResult(NamedTuple):
    """Whether a request may pass, and the values of its headers.

    Where a limit has several rates, this describes the one that binds: that which lets it wait
    longest, or else that of which the least is left.

    Attributes:
        allowed: Whether it may.
        limit: How many may pass in the period.
        remaining: How many more may pass right now.
        reset: Whole seconds until as many as the limit may pass again.
        retry_after: Whole seconds until one may pass again, at least 1; 0 where it may now.
    """

    allowed: bool
    limit: int
    remaining: int
    reset: int
    retry_after: int

    @property
    def headers(self) -> Headers:
        """The headers of the response."""
        return (
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % self.reset),
        )


@dataclass(frozen=True)
class Limit:
    """So many requests in a period, and perhaps so many in others besides.

    All of them may come at once. After that they come back one by one, evenly over the period, as
    the Generic Cell Rate Algorithm has it (ITU-T I.371). Of several rates each has to let a request
    pass; one that is refused counts for none.

    Attributes:
        count: How many.
        period: In what: a second, minute, hour or day, or several, like `5 second`.
        further: The rates besides this one.
    """

    count: int
    period: str
    further: tuple[Self, ...] = ()

    def __str__(self) -> str:
        return self.text

    @cached_property
    def text(self) -> str:
        """The limit as settings have it, like 60/minute,1000/hour."""
        return ",".join(f"{rate.count}/{rate.period}" for rate in self.each)

    @property
    def each(self) -> tuple[Self, ...]:
        """Its rates, the first of them as this limit itself."""
        return (self, *self.further)

    @cached_property
    def milliseconds(self) -> int:
        """The length of the period."""
        number, _, unit = self.period.rpartition(" ")
        return int(number or 1) * MILLISECONDS[unit]

    @cached_property
    def rates(self) -> list[Rate]:
        """The limit as the limiter's library has it, in milliseconds."""
        return [Rate(rate.count, rate.milliseconds) for rate in self.each]

    @cached_property
    def unused(self) -> tuple[float, ...]:
        """The library's state of a key that was never used."""
        return (0,) * len(self.rates)

    @cached_property
    def interval(self) -> int:
        """Microseconds in which one request comes back, rounded up."""
        return math.ceil(self.milliseconds * 1000 / self.count)

    def result(self, ahead: int, *further: int, allowed: bool) -> RateLimitResult:
        """Return the result for a client.

        Args:
            ahead: Microseconds until all requests have come back, this one counted if allowed.
            further: The same of each further rate.
            allowed: Whether the request may pass.
        """
        if further:
            return self._binding((ahead, *further), allowed=allowed)
        left = self.count - math.ceil(ahead / self.interval) if allowed else 0
        wait = 0
        if not allowed:
            wait = max(1, math.ceil((ahead - (self.count - 1) * self.interval) / _MICROSECONDS))
        return RateLimitResult(
            allowed, self.count, max(0, left), math.ceil(ahead / _MICROSECONDS), wait
        )

    def _binding(self, aheads: Iterable[int], *, allowed: bool) -> RateLimitResult:
        each = [
            (rate.result(ahead, allowed=allowed), ahead - (rate.count - 1) * rate.interval)
            for rate, ahead in zip(self.each, aheads, strict=True)
        ]
        if allowed:
            return min((result for result, _ in each), key=lambda it: (it.remaining, -it.reset))
        # All have 0 remaining; the time until the next request shows which of them refuses.
        return max(each, key=itemgetter(1))[0]


@lru_cache(maxsize=1024)
def rate_limit_client(address: str, ipv6_prefix: int) -> str:
    """Return the client that an address counts as: the network of an IPv6 address, else itself.

    Providers give each customer a whole IPv6 network, so that one client has addresses enough to
    take another for each request.

    Args:
        address: The client's address.
        ipv6_prefix: The length of the prefix that IPv6 addresses of one client share.
    """
    parsed = parse_address(address)
    if isinstance(parsed, IPv6Address):
        # By its number, for a network has no zone (fe80::1%eth0).
        return str(IPv6Network((int(parsed), ipv6_prefix), strict=False))
    return address if parsed is None else str(parsed)


@lru_cache(maxsize=1024)
def parse_limit(text: str) -> Limit:
    """Return the limit that a text like 100/minute or 2/5 seconds names.

    Several rates are separated by commas.

    Raises:
        ValueError: It names none.
    """
    first, *further = [_parse_rate(rate) for rate in text.split(",")]
    return replace(first, further=tuple(further))


def _parse_rate(text: str) -> Limit:
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            "must be a number and second, minute, hour or day, like 100/minute or 2/5 seconds; "
            "several are separated by commas"
        )
    return Limit(int(match[1]), f"{match[2]} {match[3]}" if match[2] else match[3])


def _check(text: str) -> str:
    parse_limit(text)
    return text


class LimitSettings(SettingsGroup):
    """Rate limits."""

    rate_limit_enabled: Annotated[
        bool, Field(description="Limit how often a client may call each route of the API.")
    ] = True
    rate_limit_default: Annotated[
        str,
        AfterValidator(_check),
        Field(description="Limit of routes without their own; comma-separated rates."),
    ] = "100/minute"
    rate_limit_ipv6_prefix: Annotated[
        int,
        Field(
            description="IPv6 addresses with the same first bits count as one client.",
            ge=1,
            le=128,
        ),
    ] = 64

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        if not self.rate_limit_enabled:
            return ["RATE_LIMIT_ENABLED: is false, so that no route has a limit"]
        return []


class RateLimiter(Protocol):
    """Counts requests."""

    async def hit(self, key: str, limit: Limit) -> RateLimitResult | None:
        """Count a request and return whether it may pass; None if that is unknown.

        Args:
            key: Who does what; the same key should come with the same limit.
            limit: How often.
        """


class MemoryRateLimiter:
    """Counts in this process, for a bounded number of keys.

    Args:
        most_keys: How many keys are remembered.
        clock: Seconds that never go backwards.
    """

    def __init__(
        self, most_keys: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._states: OrderedDict[str, tuple[float, ...]] = OrderedDict()
        self._most_keys = most_keys
        self._clock = clock
        self._algorithm = GCRA()

    def __len__(self) -> int:
        return len(self._states)

    async def hit(self, key: str, limit: Limit) -> RateLimitResult:
        """Count a request and return whether it may pass."""
        now = int(self._clock() * 1000)
        state = self._states.get(key, limit.unused)
        state, decision = self._algorithm.step(limit.rates, state, now, 1)
        self._states[key] = state
        self._states.move_to_end(key)
        if len(self._states) > self._most_keys:
            self._states.popitem(last=False)
        ahead = int(state[0]) - now * 1000
        if not limit.further:
            return limit.result(ahead, allowed=decision.allowed)
        further = [int(free) - now * 1000 for free in state[1:]]
        return limit.result(ahead, *further, allowed=decision.allowed)
